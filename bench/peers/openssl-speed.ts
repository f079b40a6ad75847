import { spawn } from "node:child_process";
import type { KeyName } from "./openssl-ca.js";

const ALGORITHM = { rsa2048: "rsa2048", p256: "ecdsap256" } as const;

/** Signatures a second, as `openssl speed` makes them for so many seconds in all of so many processes at once. */
export async function opensslSpeed(key: KeyName, seconds: number, processes = 1): Promise<number> {
  const multi = processes === 1 ? [] : ["-multi", String(processes)];
  const args = ["speed", "-mr", "-seconds", String(seconds), ...multi, ALGORITHM[key]];
  const child = spawn("openssl", args, { stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  child.stdout.on("data", (text) => {
    said += text;
  });
  await new Promise((resolve, reject) => {
    child.once("close", resolve);
    child.once("error", reject);
  });
  // +F2:INDEX:BITS:signatures a second:verifications a second for RSA, +F4 likewise for ECDSA.
  const rate = Number(/^\+F[24]:\d+:\d+:([\d.]+):/m.exec(said)?.[1]);
  if (!(rate > 0)) throw new Error(`openssl speed said: ${said}`);
  return rate;
}
