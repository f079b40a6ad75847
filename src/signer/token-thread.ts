import type { Config } from "../core/config.js";
import { isSekishoError, SekishoError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { Turnstile } from "../core/turnstile.js";
import { describeKey, keyIdentifierOf } from "./algorithms.js";
import { CallThread } from "./call-thread.js";
import { holdLibrary } from "./pkcs11-module.js";
import type { KeyAccess, KeyType, Signer, ToBeSigned } from "./signer.js";
import type {
  FoundKey,
  SigningItem,
  TokenCall,
  TokenFailure,
  TokenReply,
  TokenResults,
} from "./token-messages.js";

/** In milliseconds. */
export interface TokenTimes {
  /** For a call, from when the token is free for it: calls that wait their turn are not late. */
  readonly call: number;
  /** For generating a key pair: RSA-4096 takes a small HSM minutes. */
  readonly generate: number;
  /** Until a token that failed is asked again. */
  readonly retry: number;
  /**
   * Until a fresh thread asks a token that hangs, by the number of threads that hang already: where calls never return,
   * each try costs a thread. Beyond the last only a return helps.
   */
  readonly fresh: readonly number[];
}

const TIMES: TokenTimes = {
  call: 5_000,
  generate: 300_000,
  retry: 2_000,
  fresh: [0, 30_000, 300_000, 3_600_000],
};

/** What a call to find out whether the token answers asks for: no key is used for it. */
const PROBE = { do: "list", label: "" } as const;

/** Tokens fail with these; other errors are about one key. */
const TOKEN_FAULTS = ["TOKEN_FAILED", "TOKEN_MISSING", "TOKEN_PIN"] as const;

/**
 * failing: calls are tried, and fail. hangs: a call is late, the others are refused at once. locked: the PIN was refused,
 * and so is every call until a restart.
 */
type Trouble = "failing" | "hangs" | "locked";

interface Outage {
  readonly trouble: Trouble;
  readonly error: SekishoError;
  /** Monotonic milliseconds. */
  readonly since: number;
}

/**
 * A PKCS#11 token whose calls run in a thread of their own, one after the other, so that one that hangs holds up nobody
 * who needs no token. Past its deadline a call fails with TOKEN_TIMEOUT and its thread is written off; calls that follow
 * are refused at once until the call returns, or until a fresh thread with a session of its own is answered. A refused
 * PIN is never tried again.
 */
export class TokenThread implements KeyAccess {
  /** Every thread that has not ended; `serving` is the one that gets the calls. */
  private readonly threads = new Set<CallThread>();
  private serving: CallThread | undefined;
  private readonly turns = new Turnstile();
  private outage: Outage | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  /** @param initialisation as Pkcs11Settings.initialisation */
  constructor(
    private readonly config: Config,
    private readonly token: string,
    private readonly initialisation: SharedArrayBuffer,
    private readonly log: Log,
    private readonly times: TokenTimes = TIMES,
  ) {}

  get fault(): string | undefined {
    if (this.outage === undefined) return undefined;
    const { error, since } = this.outage;
    return `${error.message}, for ${Math.round((performance.now() - since) / 1000)} s`;
  }

  get hangs(): boolean {
    return [...this.threads].some(({ late }) => late);
  }

  async findSigner(keyIdentifier: Uint8Array): Promise<Signer | undefined> {
    const found = await this.call({ do: "find", keyIdentifier });
    return found === undefined ? undefined : this.signer(found);
  }

  list(label: string): Promise<Uint8Array[]> {
    return this.call({ do: "list", label });
  }

  async generate(label: string, keyType: KeyType): Promise<Signer> {
    return this.signer(await this.call({ do: "generate", label, keyType }));
  }

  /** Lets the call under way come to its end and gives sessions back; what hangs is left as it is. */
  async close(): Promise<void> {
    await this.turns.run(async () => {
      this.closed = true;
    });
    clearTimeout(this.timer);
    await Promise.all([...this.threads].map((thread) => thread.end(this.times.call)));
  }

  private signer({ subjectPublicKeyInfo, needsMessage }: FoundKey): Signer {
    const keyIdentifier = keyIdentifierOf(subjectPublicKeyInfo);
    const item = needsMessage ? withMessage : withoutMessage;
    return {
      ...describeKey(subjectPublicKeyInfo),
      needsMessage,
      sign: async (batch) => this.call({ do: "sign", keyIdentifier, items: batch.map(item) }),
    };
  }

  private call<Name extends keyof TokenResults>(
    call: TokenCall & { readonly do: Name },
  ): Promise<TokenResults[Name]> {
    return this.turns.run(async () => {
      if (this.closed) throw new SekishoError("TOKEN_FAILED", `token ${this.token} is closed`);
      if (this.outage !== undefined && this.outage.trouble !== "failing") throw this.outage.error;
      const thread = this.server();
      const reply = await thread.call(call, this.deadline(call));
      if (reply === undefined) throw this.writeOff(thread);
      if ("value" in reply) {
        this.recovered();
        return reply.value as TokenResults[Name];
      }
      throw this.failed(reply.failure);
    });
  }

  /** Milliseconds. A message takes its time to be hashed in the token: a second a megabyte. */
  private deadline(call: TokenCall): number {
    if (call.do === "generate") return this.times.generate;
    if (call.do !== "sign") return this.times.call;
    const octets = call.items
      .flatMap(({ message = [] }) => message)
      .reduce((sum, { length }) => sum + length, 0);
    return this.times.call + octets / 1_000;
  }

  /** The thread that gets the calls. Throws TOKEN_FAILED if the library cannot be loaded. */
  private server(): CallThread {
    this.serving ??= this.start();
    return this.serving;
  }

  private start(): CallThread {
    const { config, token, initialisation } = this;
    if (config.pkcs11 !== undefined) holdLibrary(config.pkcs11);
    const thread = new CallThread({ config, token, initialisation });
    this.threads.add(thread);
    void thread.ended.then(() => {
      this.threads.delete(thread);
      if (this.serving === thread) this.serving = undefined;
    });
    return thread;
  }

  /** What a call failed with. Whether it was the token's fault or a key's, a probe shows. */
  private failed({ code, message, pinRefused }: TokenFailure): SekishoError {
    const error = new SekishoError(code, message);
    if (pinRefused) this.out("locked", error);
    else if (isSekishoError(error, ...TOKEN_FAULTS)) this.probeInTurn();
    return error;
  }

  private writeOff(thread: CallThread): SekishoError {
    if (this.serving === thread) this.serving = undefined;
    const error = new SekishoError("TOKEN_TIMEOUT", `token ${this.token} does not answer`);
    this.out("hangs", error);
    void thread.returned.then((reply) => this.cameBack(thread, reply));
    const nextTryMs = this.times.fresh[this.threads.size - 1];
    this.log.warn(
      { token: this.token, threads: this.threads.size, nextTryMs },
      "a call to a token is late; its thread is left to it",
    );
    if (nextTryMs !== undefined)
      this.later(nextTryMs, () => {
        if (this.serving === undefined && !this.closed) void this.probe(this.start());
      });
    return error;
  }

  /** A late call has returned: what it brings is too late, but its thread can ask again. */
  private cameBack(thread: CallThread, reply: TokenReply): void {
    if ("failure" in reply && reply.failure.pinRefused) this.failed(reply.failure);
    void this.probe(thread);
  }

  /** Asks whether the token answers. Of the threads that ask, the first to be answered serves from then on. */
  private async probe(thread: CallThread): Promise<void> {
    if (this.isNeedless(thread)) return thread.end(this.times.call);
    const reply = await thread.call(PROBE, this.times.call);
    if (reply === undefined) return void this.writeOff(thread);
    if (this.isNeedless(thread)) return thread.end(this.times.call);
    // One that ended over it is replaced at the next call.
    if (this.threads.has(thread)) this.serving = thread;
    if ("value" in reply) return this.recovered();
    const { code, message, pinRefused } = reply.failure;
    this.out(pinRefused ? "locked" : "failing", new SekishoError(code, message));
    if (!pinRefused) this.later(this.times.retry, () => this.probeInTurn());
  }

  private isNeedless(thread: CallThread): boolean {
    const replaced = this.serving !== undefined && this.serving !== thread;
    return this.closed || replaced || this.outage?.trouble === "locked";
  }

  /** The thread that serves is probed when it is not busy. */
  private probeInTurn(): void {
    void this.turns.run(async () => {
      const mayCall = this.outage === undefined || this.outage.trouble === "failing";
      if (mayCall && !this.closed) await this.probe(this.server());
    });
  }

  private later(ms: number, act: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(act, ms);
    this.timer.unref();
  }

  private out(trouble: Trouble, error: SekishoError): void {
    const { outage } = this;
    if (outage?.trouble === "locked") return;
    this.outage = { trouble, error, since: outage?.since ?? performance.now() };
    if (outage?.trouble !== trouble)
      this.log.error({ token: this.token, trouble, err: error }, "a token does not work");
  }

  private recovered(): void {
    if (this.outage === undefined) return;
    this.outage = undefined;
    clearTimeout(this.timer);
    this.log.info({ token: this.token }, "the token works again");
  }
}

const withoutMessage = ({ digest }: ToBeSigned): SigningItem => ({ digest });

/** Each piece is copied: a source may use one buffer for all. */
const withMessage = (item: ToBeSigned): SigningItem => ({
  digest: item.digest,
  message: Array.from(item.chunks(), (piece) => Uint8Array.from(piece)),
});
