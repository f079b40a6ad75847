import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Server, unusedPort } from "../harness/processes.js";
import type { Endpoint } from "../load/rate.js";
import type { FixedAnswer } from "./fixed-answer.js";

/** As set-up unpacks it, else as installed. */
const PLACES = [fileURLToPath(new URL("../../programs/cfssl/usr/bin/cfssl", import.meta.url)), "cfssl"];

/** `cfssl ocspserve` with one pre-signed answer: what Boulder's responders of the time were built on. Undefined where it does not run. */
export async function startCfssl(dir: string, answer: FixedAnswer): Promise<Endpoint | undefined> {
  const program = PLACES.find((path) => spawnSync(path, ["version"], { stdio: "ignore" }).status === 0);
  if (program === undefined) return undefined;
  const port = await unusedPort();
  const responses = join(dir, "cfssl-responses");
  writeFileSync(responses, `${answer.body}\n`);
  const address = ["-address", "127.0.0.1", "-port", String(port)];
  const server = await Server.start(
    [program, "ocspserve", ...address, "-responses", responses, "-loglevel", "4"],
    { port },
  );
  return { port, pid: server.pid, stop: () => server.stop() };
}
