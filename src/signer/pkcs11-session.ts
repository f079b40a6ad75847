import type { Handle, PKCS11 } from "pkcs11js";
import pkcs11js from "pkcs11js";
import { SekishoError } from "../core/errors.js";
import { withPin } from "./pin-file.js";
import {
  cryptoki,
  isReturnValue,
  loadModule,
  type Pkcs11Module,
  type Pkcs11Settings,
} from "./pkcs11-module.js";

/** Where a token is and how to log in. */
export interface TokenSettings extends Pkcs11Settings {
  readonly label: string;
  readonly pinFile: string;
  /** Most sessions of native threads that sign; absent: this thread signs with its own. */
  readonly sessions?: number | undefined;
}

/** An open, logged-in session. */
export interface OpenSession {
  readonly api: PKCS11;
  readonly slot: Handle;
  readonly handle: Handle;
  /** Private key handles found in this session, by key identifier in hex: handles do not outlive it. */
  readonly privateKeys: Map<string, Handle>;
}

/** What says that the session (or the login behind it) has gone while the token may be well. */
const STALE = [
  "CKR_SESSION_HANDLE_INVALID",
  "CKR_SESSION_CLOSED",
  "CKR_USER_NOT_LOGGED_IN",
  "CKR_KEY_HANDLE_INVALID",
  "CKR_OBJECT_HANDLE_INVALID",
];

/** True for what says that the token has refused the PIN: one more try may lock it. */
export function isPinRefusal(error: unknown): error is SekishoError {
  return isReturnValue(error, "CKR_PIN_INCORRECT", "CKR_PIN_LOCKED", "CKR_PIN_EXPIRED");
}

/**
 * This thread's session with a token. One is enough: Cryptoki calls are synchronous, so a thread never has two open; native
 * threads have theirs beside it and live on its login. Opened and logged in when made, so that a wrong label or PIN
 * shows at once.
 */
export class TokenSession {
  readonly module: Pkcs11Module;
  private readonly settings: TokenSettings;
  private current: OpenSession | undefined;
  /** Set once the token refused the PIN: trying again would lock it. */
  private refused: SekishoError | undefined;
  private closed = false;

  constructor(settings: TokenSettings) {
    this.settings = settings;
    this.module = loadModule(settings);
    this.current = this.open(pkcs11js.CKF_SERIAL_SESSION);
  }

  /** Mechanisms of the token (CKM_ numbers). */
  mechanisms(): ReadonlySet<number> {
    return this.module.mechanisms(this.module.slotOf(this.settings.label));
  }

  /**
   * Runs `work` in the session. Any error gives the session up, so that no half-done operation stays active in it; a
   * session that had gone is opened anew and `work` runs once more.
   */
  run<Result>(work: (session: OpenSession) => Result): Result {
    try {
      return this.attempt(work);
    } catch (error) {
      if (!isReturnValue(error, ...STALE)) throw error;
      return this.attempt(work);
    }
  }

  /** As `run`, for work that native threads do meanwhile in sessions of their own. */
  async runNative<Result>(work: (session: OpenSession) => Promise<Result>): Promise<Result> {
    try {
      return await this.attemptNative(work);
    } catch (error) {
      if (!isReturnValue(error, ...STALE)) throw error;
      return this.attemptNative(work);
    }
  }

  /** Runs `work` in a read-write session that lives as long as it. */
  runWriting<Result>(work: (session: OpenSession) => Result): Result {
    const session = this.open(pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION);
    try {
      return work(session);
    } finally {
      this.giveUp(session);
    }
  }

  close(): void {
    this.closed = true;
    this.drop();
  }

  private attempt<Result>(work: (session: OpenSession) => Result): Result {
    try {
      this.current ??= this.open(pkcs11js.CKF_SERIAL_SESSION);
      return work(this.current);
    } catch (error) {
      this.drop();
      throw error;
    }
  }

  private async attemptNative<Result>(work: (session: OpenSession) => Promise<Result>): Promise<Result> {
    let session: OpenSession | undefined;
    try {
      this.current ??= this.open(pkcs11js.CKF_SERIAL_SESSION);
      session = this.current;
      return await work(session);
    } catch (error) {
      // Another batch may have opened a fresh one meanwhile.
      if (this.current === session) this.drop();
      throw error;
    }
  }

  private open(flags: number): OpenSession {
    if (this.closed) throw new SekishoError("TOKEN_FAILED", `token "${this.settings.label}" is closed`);
    if (this.refused !== undefined) throw this.refused;
    const { api } = this.module;
    const slot = this.module.slotOf(this.settings.label);
    const handle = cryptoki("C_OpenSession", () => api.C_OpenSession(slot, flags));
    const session = { api, slot, handle, privateKeys: new Map<string, Handle>() };
    try {
      this.login(handle);
    } catch (error) {
      this.giveUp(session);
      throw error;
    }
    return session;
  }

  private login(handle: Handle): void {
    const { api } = this.module;
    try {
      withPin(this.settings.pinFile, (pin) =>
        cryptoki("C_Login", () => api.C_Login(handle, pkcs11js.CKU_USER, pin)),
      );
    } catch (error) {
      // The login belongs to the process: another thread has done it.
      if (isReturnValue(error, "CKR_USER_ALREADY_LOGGED_IN")) return;
      if (isPinRefusal(error)) this.refused = error;
      throw error;
    }
  }

  private drop(): void {
    if (this.current !== undefined) this.giveUp(this.current);
    this.current = undefined;
  }

  private giveUp({ api, handle }: OpenSession): void {
    try {
      api.C_CloseSession(handle);
    } catch {
      // It has gone already.
    }
  }
}
