import { Worker } from "node:worker_threads";
import type { Config } from "../core/config.js";
import { isSekishoError, SekishoError } from "../core/errors.js";
import { describeKey, keyIdentifierOf } from "./algorithms.js";
import type { KeyAccess, KeyType, Signer, ToBeSigned } from "./signer.js";
import type { FoundKey, SigningItem, TokenCall, TokenReply, TokenResults } from "./token-messages.js";

/** Milliseconds. A network HSM takes some of them for a signature, and tens of seconds to generate an RSA-4096 key. */
export interface TokenDeadlines {
  readonly callMs: number;
  readonly generateMs: number;
  /** Between two looks at a token that does not answer. */
  readonly probeMs: number;
}

const DEADLINES: TokenDeadlines = { callMs: 10_000, generateMs: 120_000, probeMs: 1_000 };
/** Threads left behind in calls that do not return; with so many, only a return helps. */
const MAX_ABANDONED = 3;

/**
 * A PKCS#11 token whose calls run in a thread of their own, so that one that hangs holds nobody else up: it is given up
 * at its deadline (TOKEN_TIMEOUT), and calls are refused at once until the token answers a fresh thread or the call
 * returns. A refused PIN is never tried again. The main thread must have loaded the module before.
 */
export class TokenThread implements KeyAccess {
  private current: CallThread | undefined;
  private readonly abandoned = new Set<CallThread>();
  private refused: SekishoError | undefined;
  private downSince: number | undefined;
  private probing = false;
  private closed = false;

  constructor(
    private readonly config: Config,
    private readonly token: string,
    private readonly deadlines: TokenDeadlines = DEADLINES,
  ) {}

  get fault(): string | undefined {
    if (this.refused !== undefined) return this.refused.message;
    if (this.downSince === undefined) return undefined;
    const seconds = Math.round((performance.now() - this.downSince) / 1000);
    return `token ${this.token} has not answered for ${seconds} s`;
  }

  get hangs(): boolean {
    return this.abandoned.size > 0;
  }

  /** Opens the token. Throws as every call does. */
  async open(): Promise<void> {
    await this.call({ do: "open" });
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

  close(): void {
    this.closed = true;
    for (const thread of [...this.abandoned, this.current]) thread?.end();
  }

  private signer({ subjectPublicKeyInfo, needsMessage }: FoundKey): Signer {
    const keyIdentifier = keyIdentifierOf(subjectPublicKeyInfo);
    const item = ({ digest, chunks }: ToBeSigned): SigningItem =>
      needsMessage ? { digest, message: [...chunks()] } : { digest };
    return {
      ...describeKey(subjectPublicKeyInfo),
      needsMessage,
      sign: (batch) => this.call({ do: "sign", keyIdentifier, items: batch.map(item) }),
    };
  }

  private async call<Name extends TokenCall["do"]>(
    call: TokenCall & { readonly do: Name },
  ): Promise<TokenResults[Name]> {
    if (this.refused !== undefined) throw this.refused;
    if (this.downSince !== undefined) throw new SekishoError("TOKEN_TIMEOUT", this.fault as string);
    this.current ??= this.start();
    const { callMs, generateMs } = this.deadlines;
    return (await this.on(
      this.current,
      call,
      call.do === "generate" ? generateMs : callMs,
    )) as TokenResults[Name];
  }

  /** One call on one thread, and what follows from its failure. */
  private async on(thread: CallThread, call: TokenCall, deadlineMs: number): Promise<unknown> {
    try {
      return await thread.call(call, deadlineMs);
    } catch (error) {
      if (isSekishoError(error, "TOKEN_PIN")) this.refused = error;
      if (isSekishoError(error, "TOKEN_TIMEOUT")) this.abandon(thread);
      throw error;
    }
  }

  private start(): CallThread {
    return new CallThread(this.config, this.token, (thread) => {
      if (this.current === thread) this.current = undefined;
      if (this.abandoned.delete(thread)) void this.probe();
    });
  }

  private abandon(thread: CallThread): void {
    this.downSince ??= performance.now();
    if (this.current === thread) this.current = undefined;
    this.abandoned.add(thread);
    // It ends once its call returns, and says so.
    thread.end();
    this.probeLater();
  }

  private probeLater(): void {
    setTimeout(() => void this.probe(), this.deadlines.probeMs).unref();
  }

  /** Lets a fresh thread open the token; if that works, it takes over. */
  private async probe(): Promise<void> {
    if (this.closed || this.probing || this.downSince === undefined || this.abandoned.size >= MAX_ABANDONED)
      return;
    this.probing = true;
    const fresh = this.start();
    try {
      await this.on(fresh, { do: "open" }, this.deadlines.callMs);
      this.current = fresh;
      this.downSince = undefined;
    } catch {
      fresh.end();
      if (this.refused === undefined) this.probeLater();
    } finally {
      this.probing = false;
    }
  }
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: SekishoError): void;
}

/** One worker thread and the calls it has been given. */
class CallThread {
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;

  /** `onEnd` is called when the thread has ended, which a call that hangs puts off. */
  constructor(config: Config, token: string, onEnd: (thread: CallThread) => void) {
    this.worker = new Worker(new URL("./token-worker.js", import.meta.url), {
      workerData: { config, token },
    });
    this.worker.on("message", (reply: TokenReply) => this.settle(reply));
    let reason = "its thread ended";
    this.worker.on("error", (error) => {
      reason = error.message;
    });
    this.worker.once("exit", () => {
      this.rejectAll(new SekishoError("TOKEN_FAILED", `token ${token}: ${reason}`));
      onEnd(this);
    });
  }

  /** Throws what the thread says; TOKEN_TIMEOUT for this call and all behind it once the deadline has passed. */
  call(call: TokenCall, deadlineMs: number): Promise<unknown> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.rejectAll(new SekishoError("TOKEN_TIMEOUT", `no answer within ${deadlineMs} ms`)),
        deadlineMs,
      );
      this.pending.set(id, {
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.worker.postMessage({ id, call });
    });
  }

  end(): void {
    void this.worker.terminate();
  }

  private settle(reply: TokenReply): void {
    const pending = this.pending.get(reply.id);
    this.pending.delete(reply.id);
    if ("value" in reply) pending?.resolve(reply.value);
    else pending?.reject(new SekishoError(reply.code, reply.message));
  }

  private rejectAll(error: SekishoError): void {
    for (const pending of this.pending.values()) pending.reject(error);
    this.pending.clear();
  }
}
