import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Server, unusedPort } from "../harness/processes.js";
import type { Endpoint } from "../load/rate.js";
import type { FixedAnswer } from "./fixed-answer.js";

const PROGRAM = fileURLToPath(new URL("./bare-uws-server.js", import.meta.url));

/** A bare uWebSockets.js handler with the bytes and fields of `answer`, each request made `busyUs` microseconds longer. */
export async function startBareUws(dir: string, answer: FixedAnswer, busyUs = 0): Promise<Endpoint> {
  const port = await unusedPort();
  const file = join(dir, "fixed-answer.json");
  writeFileSync(file, JSON.stringify(answer));
  const server = await Server.start([process.execPath, PROGRAM, String(port), file, String(busyUs)], {
    port,
  });
  return { port, pid: server.pid, stop: () => server.stop() };
}
