import { connect, type Socket } from "node:net";

/** Bytes a second that a slow client sends. */
const DRIBBLE_MS = 1_000;

const HEAD = "POST /ocsp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ocsp-request\r\n";

/** What a client sends at once, and what it then sends byte by byte for ever. */
const KINDS: readonly { readonly first: string; readonly dribble: string }[] = [
  // Idle: connects and says nothing.
  { first: "", dribble: "" },
  // A head that never ends.
  { first: "GET /ocsp/M", dribble: "A" },
  { first: `${HEAD}X-Slow: `, dribble: "a" },
  // A body that never ends.
  { first: `${HEAD}Content-Length: 60000\r\n\r\n0`, dribble: "0" },
  { first: `${HEAD}Transfer-Encoding: chunked\r\n\r\nffff\r\n`, dribble: "0" },
  // Another protocol.
  { first: "\x16\x03\x01\x02", dribble: "\x00" },
  // Asks for a list again and again and never reads it.
  { first: "GET /crl/root.crl HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(8), dribble: "" },
];

/** Clients that hold connections and finish nothing; who is thrown out comes again at once. */
export class SlowClients {
  private readonly sockets = new Set<Socket>();
  private running = true;
  /** Connections that the server has ended. */
  thrownOut = 0;

  constructor(
    private readonly port: number,
    count: number,
  ) {
    for (let i = 0; i < count; i++) this.open(i);
  }

  stop(): void {
    this.running = false;
    for (const socket of this.sockets) socket.destroy();
  }

  private open(i: number): void {
    const { first, dribble } = KINDS[i % KINDS.length] as (typeof KINDS)[number];
    const localAddress = `127.0.0.${2 + (i % 8)}`;
    const socket = connect({ host: "127.0.0.1", port: this.port, localAddress });
    this.sockets.add(socket);
    socket.pause();
    if (first !== "") socket.write(first, "latin1");
    const timer = dribble === "" ? undefined : setInterval(() => socket.write(dribble, "latin1"), DRIBBLE_MS);
    // Without it the end of a connection that is never read would not show.
    const probe = setInterval(() => socket.read(0), DRIBBLE_MS);
    socket.on("end", () => socket.destroy());
    socket.on("error", () => {});
    socket.on("close", () => {
      clearInterval(timer);
      clearInterval(probe);
      this.sockets.delete(socket);
      if (!this.running) return;
      this.thrownOut++;
      this.open(i);
    });
  }
}
