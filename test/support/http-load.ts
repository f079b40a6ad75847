import { type Connect, RawClient, type WireAnswer } from "./http-client.js";

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** Whole request. */
  readonly request: Buffer;
  isRight(answer: WireAnswer): boolean;
  /** Absent: plain. */
  readonly connect?: Connect | undefined;
}

/** A request that got no right answer. */
interface Failure {
  readonly why: string;
  /** The client's port. */
  readonly localPort: number | undefined;
}

/**
 * Clients that ask one question after the other on kept-alive connections. They connect again when, and only when, the
 * server has said that it closes: anything else is a failed request.
 */
export class HttpLoad {
  answered = 0;
  readonly failures: Failure[] = [];
  private running = true;
  private readonly ended: Promise<unknown>;
  private progress: () => void = () => {};

  constructor(private readonly options: LoadOptions) {
    this.ended = Promise.all(Array.from({ length: options.connections }, () => this.client()));
  }

  /** Waits until every connection is likely to have had `count` more answers. */
  async more(count: number): Promise<void> {
    const wanted = this.answered + count * this.options.connections;
    while (this.answered < wanted)
      await new Promise<void>((resolve) => {
        this.progress = resolve;
      });
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.ended;
  }

  private readonly connect: Connect = (port) => (this.options.connect ?? RawClient.connect)(port);

  private async client(): Promise<void> {
    while (this.running) {
      let localPort: number | undefined;
      try {
        const client = await this.connect(this.options.port);
        localPort = client.socket.localPort;
        while (this.running && (await this.ask(client)));
        await client.close();
      } catch (error) {
        this.failures.push({ why: String(error), localPort });
      }
    }
  }

  /** False when the server has said that it closes. Throws for a failed request. */
  private async ask(client: RawClient): Promise<boolean> {
    client.socket.write(this.options.request);
    const answer = await client.answer();
    if (answer === undefined) throw new Error("closed without an answer");
    if (!this.options.isRight(answer)) throw new Error(`wrong answer, status ${answer.status}`);
    this.answered++;
    this.progress();
    return answer.fields.get("connection") !== "close";
  }
}
