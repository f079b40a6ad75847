import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Bindings } from "../../native-bindings/binding.js";
import { acceptorLimits } from "./acceptor.js";
import { DEFAULT_HTTP_LIMITS, type HttpHandler } from "./handler.js";
import { UwsTransport } from "./uws.js";
import type { LoadedUws } from "./uws-binary.js";

/** One known fault of uWebSockets.js binaries, and whether the loaded one is free of it. */
export interface Finding {
  readonly name: string;
  readonly passed: boolean;
}

const PLAIN = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: localhost\r\n";

interface Trial {
  readonly name: string;
  /** Segments of a second request on a connection: a first one never reaches uWS unless it is plain. */
  readonly segments: readonly string[];
  /** Status that a correct server gives. */
  readonly status: number;
}

const TRIALS: readonly Trial[] = [
  // Inside the method, before and inside the target, inside the version, between CR and LF.
  ...[1, 4, 5, 9, 13, 15].map((at) => ({
    name: `request line in two segments, cut after octet ${at}`,
    segments: [PLAIN.slice(0, at), PLAIN.slice(at)],
    status: 200,
  })),
  {
    name: "Content-Length sent twice is refused",
    segments: [`${POST}Content-Length: 1\r\nContent-Length: 1\r\n\r\na`],
    status: 400,
  },
  {
    name: "chunk size 1g is refused",
    segments: [`${POST}Transfer-Encoding: chunked\r\n\r\n1g\r\na\r\n0\r\n\r\n`],
    status: 400,
  },
];

/** Long enough for the other end, in this process, to read a segment before the next one is sent. */
const BETWEEN_SEGMENTS_MS = 5;
const TRIAL_DEADLINE_MS = 2_000;
const answerOk: HttpHandler = (_, reply) => reply.send(200, [], Buffer.from("ok"));

/**
 * Tries the loaded uWebSockets.js binary on later requests of an adopted connection, which uWS reads by its own rules.
 * Over a private loopback port, in well under a second.
 */
export async function selfTestUws(
  uws: Extract<LoadedUws, { readonly file: string }>,
  bindings: Bindings,
): Promise<readonly Finding[]> {
  const transport = UwsTransport.open(uws, bindings, answerOk, DEFAULT_HTTP_LIMITS);
  if (transport === undefined) return [{ name: "connections can be handed over", passed: false }];
  const { fd, port } = bindings.listen("127.0.0.1", 0, TRIALS.length);
  const acceptor = new bindings.Acceptor(fd, acceptorLimits(DEFAULT_HTTP_LIMITS), (accepted) =>
    transport.adopt(accepted),
  );
  const findings = await Promise.all(TRIALS.map((trial) => run(trial, port)));
  acceptor.close();
  await transport.close(0, 0);
  return findings;
}

async function run({ name, segments, status }: Trial, port: number): Promise<Finding> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  socket.on("error", () => {});
  socket.setTimeout(TRIAL_DEADLINE_MS, () => socket.destroy());
  await exchange(socket, [PLAIN], false);
  const answer = await exchange(socket, segments, true);
  socket.destroy();
  return { name, passed: answer.startsWith(`HTTP/1.1 ${status} `) };
}

/**
 * Sends the segments apart from each other; the first bytes that come back, "" if none do. Closing our side at once
 * (`last`) makes a server that waits for more of the request give up at once, too.
 */
async function exchange(socket: Socket, segments: readonly string[], last: boolean): Promise<string> {
  const answer = Promise.race([once(socket, "data"), once(socket, "close")]).catch(() => []);
  for (const segment of segments) {
    socket.write(segment);
    await delay(BETWEEN_SEGMENTS_MS);
  }
  if (last) socket.end();
  const [received] = await answer;
  return Buffer.isBuffer(received) ? received.toString("latin1") : "";
}
