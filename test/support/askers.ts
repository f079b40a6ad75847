import { type Answer, HttpConnection } from "../../bench/load/http-connection.js";

interface Waiting {
  readonly request: Buffer;
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** Kept-alive connections that requests are spread over at random, so that every responder process gets its share. */
export class Askers {
  private readonly idle: HttpConnection[] = [];
  private readonly underWay = new Map<HttpConnection, Waiting>();
  private readonly queue: Waiting[] = [];
  private ending = false;

  constructor(
    private readonly port: number,
    connections: number,
  ) {
    for (let i = 0; i < connections; i++) this.connect();
  }

  /** Sends a whole request; resolves with a copy of its answer. */
  ask(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.queue.push({ request, resolve, reject });
      this.send();
    });
  }

  close(): void {
    this.ending = true;
    for (const connection of [...this.idle, ...this.underWay.keys()]) connection.close();
  }

  private connect(): void {
    new HttpConnection(
      { host: "127.0.0.1", port: this.port },
      {
        answered: (connection, { status, body }) => {
          const waiting = this.underWay.get(connection);
          this.underWay.delete(connection);
          if (!connection.isClosing) this.idle.push(connection);
          waiting?.resolve({ status, body: Buffer.from(body) });
          this.send();
        },
        closed: (connection, duringRequest, why) => {
          const at = this.idle.indexOf(connection);
          if (at >= 0) this.idle.splice(at, 1);
          if (duringRequest) this.underWay.get(connection)?.reject(new Error(why));
          this.underWay.delete(connection);
          if (!this.ending) this.connect();
        },
      },
      (connection) => {
        this.idle.push(connection);
        this.send();
      },
    );
  }

  private send(): void {
    while (this.idle.length > 0) {
      const waiting = this.queue.shift();
      if (waiting === undefined) return;
      const [connection] = this.idle.splice(Math.floor(Math.random() * this.idle.length), 1);
      this.underWay.set(connection as HttpConnection, waiting);
      connection?.send(waiting.request);
    }
  }
}
