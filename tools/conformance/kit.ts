import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { asBuffer } from "../../src/core/bytes.js";
import { systemClock } from "../../src/core/clock.js";
import { type Ask, get, post } from "./ask.js";
import { accessUrls, crlUrls } from "./certificate-urls.js";
import { converse, type Limits } from "./exchange.js";
import { NotApplicable } from "./expectation.js";
import { encodeRequest } from "./request-parts.js";
import { Seen } from "./seen.js";
import { SPELLINGS } from "./spelling.js";
import type { Target } from "./target.js";

export const DEFAULT_LIMITS: Limits = { deadlineMs: 5_000, lingerMs: 250, maxOctets: 4 * 1024 * 1024 };

/** Nobody answers any more. */
export class ResponderGone extends Error {}

const RECONNECT_MS = 100;

/**
 * Asks a responder, one connection at a time, and remembers what came: checks that look at the same answer share it.
 */
export class Kit {
  private readonly known = new Map<string, Seen>();
  private lost = false;

  constructor(
    readonly target: Target,
    private readonly limits: Limits,
  ) {}

  /** All that was seen so far, in the order of asking. */
  get all(): readonly Seen[] {
    return [...this.known.values()];
  }

  /** Throws NotApplicable if it cannot be asked here, ResponderGone if the responder was lost by an earlier question. */
  async see(ask: Ask): Promise<Seen> {
    const key = JSON.stringify(ask);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    if (this.lost) throw new ResponderGone("no answers any more");
    const seen = ask.bait ? await this.askWithBait(ask) : await this.askBeside(ask, 0, () => 0);
    this.known.set(key, seen);
    this.lost = seen.exchange.end === "hang" && !(await this.answersAtAll());
    return seen;
  }

  /** After a question that got no answer: is it the question, or the responder? */
  private async answersAtAll(): Promise<boolean> {
    const plain = post();
    const exchange = await this.converse(plain, [await this.fill(plain.messages[0] as string, plain, 0)]);
    return exchange.answers.length > 0;
  }

  /** Asks while a listener counts who connects to it. */
  private async askWithBait(ask: Ask): Promise<Seen> {
    let connections = 0;
    const listener = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    await once(listener.listen(0, "127.0.0.1"), "listening");
    try {
      return await this.askBeside(ask, (listener.address() as AddressInfo).port, () => connections);
    } finally {
      listener.close();
    }
  }

  /** Asks, with the other connection open meanwhile if there is to be one. */
  private async askBeside(ask: Ask, bait: number, baited: () => number): Promise<Seen> {
    const messages: Buffer[] = [];
    for (const text of ask.messages) messages.push(await this.fill(text, ask, bait));
    const other =
      ask.besides === undefined ? undefined : await this.open(await this.fill(ask.besides, ask, bait));
    try {
      const exchange = await this.converse(ask, messages);
      return new Seen(this.target, ask, messages, exchange, baited());
    } finally {
      other?.destroy();
    }
  }

  private async open(bytes: Buffer): Promise<Socket> {
    const socket = connect({ host: this.target.host, port: this.target.port });
    socket.on("error", () => {});
    await Promise.race([once(socket, "connect"), once(socket, "close"), delay(this.limits.deadlineMs)]);
    socket.write(bytes);
    return socket;
  }

  /** A responder that is started again by its supervisor is given the deadline to come back. */
  private async converse(ask: Ask, messages: readonly Buffer[]) {
    const { bytewise = false, halfClose = false, keepAlive = false, answers = messages.length } = ask;
    const toHead = ask.messages[0]?.startsWith("HEAD ") === true;
    const until = systemClock.nowMs() + this.limits.deadlineMs;
    for (;;) {
      const conversation = { messages, answers, toHead, bytewise, halfClose, keepAlive };
      const exchange = await converse(this.target.host, this.target.port, conversation, this.limits);
      if (exchange.end !== "refused") return exchange;
      if (systemClock.nowMs() >= until) throw new ResponderGone("connections are refused");
      await delay(RECONNECT_MS);
    }
  }

  /** The octets of a message. */
  private async fill(text: string, ask: Ask, bait: number): Promise<Buffer> {
    const { authority, path } = this.target;
    const body = this.requestOctets(ask, bait);
    const fields =
      text.includes("{etag}") || text.includes("{last-modified}") ? await this.see(get()) : undefined;
    const values: Record<string, () => string> = {
      host: () => authority,
      path: () => path,
      base: () => path.replace(/\/$/, ""),
      body: () => body.toString("latin1"),
      length: () => String(body.length),
      "length-hex": () => body.length.toString(16),
      crl: () => pathHere(this.target, crlUrls(this.target.revoked), "the revoked certificate's CRL"),
      certificate: () =>
        pathHere(this.target, accessUrls(this.target.revoked, "idAdCaIssuers"), "the issuer's certificate"),
      etag: () => required(fields, "etag"),
      "last-modified": () => required(fields, "last-modified"),
    };
    for (const [name, spell] of Object.entries(SPELLINGS))
      values[name] = () => spell(body.toString("base64"));
    return Buffer.from(
      text.replace(/\{([a-z0-9-]+)\}/g, (found, name: string) => values[name]?.() ?? found),
      "latin1",
    );
  }

  private requestOctets({ request }: Ask, bait: number): Buffer {
    if (typeof request === "string") return Buffer.from(request, "hex");
    return asBuffer(encodeRequest(this.target, request, bait));
  }
}

/** Path of the first URL that the responder itself serves: the kit asks nobody else. */
function pathHere({ authority }: Target, urls: readonly string[], what: string): string {
  const url = urls
    .filter((text) => URL.canParse(text))
    .map((text) => new URL(text))
    .find(({ host }) => host === authority);
  if (url === undefined) throw new NotApplicable(`${what} is not served at ${authority}`);
  return url.pathname + url.search;
}

function required(seen: Seen | undefined, field: string): string {
  const value = seen?.field(field) ?? "";
  if (value === "") throw new NotApplicable(`answers to GET have no ${field}`);
  return value;
}
