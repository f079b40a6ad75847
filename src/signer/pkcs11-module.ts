import { isMainThread } from "node:worker_threads";
import type { Handle } from "pkcs11js";
import pkcs11js from "pkcs11js";
import { SekishoError } from "../core/errors.js";
import { ThreadLock } from "../core/thread-lock.js";

/** `[pkcs11]` of the configuration. */
export interface Pkcs11Settings {
  readonly module: string;
  /** Becomes SOFTHSM2_CONF of the process; only SoftHSM2 reads it. */
  readonly softhsm2Conf?: string | undefined;
  /**
   * Four octets, zero at first: a ThreadLock for the threads that may initialise the module besides the main thread.
   * A network HSM's C_Initialize can hang, and two at once are undefined.
   */
  readonly initialisation?: SharedArrayBuffer | undefined;
}

/** A Cryptoki function returned something else than CKR_OK. */
export class CryptokiError extends SekishoError {
  /** CKR_ name, or CKR_VENDOR_DEFINED. */
  readonly returnValue: string;

  constructor(functionName: string, returnValue: string, code: number, cause: unknown) {
    const message = `${functionName}: ${returnValue} (0x${code.toString(16)})`;
    super(PIN_FAULTS.has(returnValue) ? "TOKEN_PIN" : "TOKEN_FAILED", message, { cause });
    this.returnValue = returnValue;
  }
}

const NAMES = new Map(
  Object.entries(pkcs11js)
    .filter(([name]) => name.startsWith("CKR_"))
    .map(([name, value]) => [value, name]),
);

/** The CKR_ name of a return value; values that PKCS#11 does not define are CKR_VENDOR_DEFINED. */
export function returnValueName(value: number): string {
  return NAMES.get(value) ?? "CKR_VENDOR_DEFINED";
}

const PIN_FAULTS = new Set([
  "CKR_PIN_INCORRECT",
  "CKR_PIN_INVALID",
  "CKR_PIN_LEN_RANGE",
  "CKR_PIN_EXPIRED",
  "CKR_PIN_LOCKED",
  "CKR_USER_PIN_NOT_INITIALIZED",
]);

/** Runs one Cryptoki call. Throws CryptokiError with the function's name and CKR code, or TOKEN_FAILED. */
export function cryptoki<Result>(functionName: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const [, name, code] = /(CKR_\w+):(\d+)/.exec(error.message) ?? [];
    if (name !== undefined) throw new CryptokiError(functionName, name, Number(code), error);
    if (error instanceof pkcs11js.Pkcs11Error)
      throw new CryptokiError(functionName, error.message, error.code, error);
    throw new SekishoError("TOKEN_FAILED", `${functionName}: ${error.message}`, { cause: error });
  }
}

/**
 * This thread's modules by path. An entry is never removed: pkcs11js unloads the library when its object is collected.
 * A worker's end only takes back its own reference to the library; the main thread's keeps it loaded for the others.
 */
const loaded = new Map<string, Pkcs11Module>();

/**
 * The PKCS#11 module, loaded once a thread and initialised once a process, with OS locking: by the main thread, or by a
 * thread with `initialisation` after the main thread's `holdLibrary`. C_Finalize is never called: it would end every
 * thread's sessions, and the process's end does the same. Throws TOKEN_FAILED.
 */
export function loadModule(settings: Pkcs11Settings): Pkcs11Module {
  const known = loaded.get(settings.module);
  if (known !== undefined) {
    known.assertSameConf(settings);
    return known;
  }
  if (isMainThread) setConf(settings);
  const module = new Pkcs11Module(settings);
  loaded.set(settings.module, module);
  return module;
}

const held = new Map<string, pkcs11js.PKCS11>();

/** Loads the library for the threads of this process, and calls nothing in it that could hang. Throws TOKEN_FAILED. */
export function holdLibrary(settings: Pkcs11Settings): void {
  if (held.has(settings.module)) return;
  setConf(settings);
  held.set(settings.module, openLibrary(settings.module));
}

/** From the main thread: a worker's process.env is a copy that the library does not see. */
function setConf({ softhsm2Conf }: Pkcs11Settings): void {
  if (softhsm2Conf !== undefined) process.env.SOFTHSM2_CONF = softhsm2Conf;
}

function openLibrary(file: string): pkcs11js.PKCS11 {
  return cryptoki("dlopen", () => new pkcs11js.PKCS11(file));
}

export interface TokenSlot {
  readonly id: Handle;
  /** Padding trimmed; undefined for a token that is not initialised. */
  readonly label: string | undefined;
  readonly hasUserPin: boolean;
}

/** A loaded and initialised PKCS#11 module. Made by `loadModule`. */
export class Pkcs11Module {
  readonly api: pkcs11js.PKCS11;
  /** manufacturerID of C_GetInfo, padding trimmed. */
  readonly manufacturer: string;
  private readonly settings: Pkcs11Settings;

  constructor(settings: Pkcs11Settings) {
    this.settings = settings;
    this.api = openLibrary(settings.module);
    const { initialisation } = settings;
    if (initialisation !== undefined) new ThreadLock(initialisation).run(() => this.initialize());
    else if (isMainThread) this.initialize();
    this.manufacturer = cryptoki("C_GetInfo", () => this.api.C_GetInfo()).manufacturerID.trim();
  }

  /** The slot of the token with exactly this label. Throws TOKEN_MISSING if there is none or more than one. */
  slotOf(label: string): Handle {
    const slots = this.slots().filter(({ label: found }) => found === label);
    const [slot] = slots;
    if (slot !== undefined && slots.length === 1) return slot.id;
    const count = slots.length === 0 ? "no token" : `${slots.length} tokens`;
    throw new SekishoError("TOKEN_MISSING", `${this.settings.module} has ${count} labelled "${label}"`);
  }

  /** Slots with a token in them. */
  slots(): TokenSlot[] {
    const ids = cryptoki("C_GetSlotList", () => this.api.C_GetSlotList(true));
    return ids.map((id) => {
      const { flags, label } = cryptoki("C_GetTokenInfo", () => this.api.C_GetTokenInfo(id));
      const initialised = (flags & pkcs11js.CKF_TOKEN_INITIALIZED) !== 0;
      return {
        id,
        label: initialised ? label.replace(/[ \0]+$/, "") : undefined,
        hasUserPin: (flags & pkcs11js.CKF_USER_PIN_INITIALIZED) !== 0,
      };
    });
  }

  /** Mechanisms of the token in a slot (CKM_ numbers). */
  mechanisms(slot: Handle): ReadonlySet<number> {
    return new Set(cryptoki("C_GetMechanismList", () => this.api.C_GetMechanismList(slot)));
  }

  assertSameConf({ softhsm2Conf }: Pkcs11Settings): void {
    if (softhsm2Conf !== this.settings.softhsm2Conf)
      throw new SekishoError(
        "TOKEN_FAILED",
        `${this.settings.module} is initialised already with another softhsm2_conf`,
      );
  }

  private initialize(): void {
    try {
      cryptoki("C_Initialize", () => this.api.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK }));
    } catch (error) {
      // Another component of the process may share the library.
      if (!isReturnValue(error, "CKR_CRYPTOKI_ALREADY_INITIALIZED")) throw error;
    }
  }
}

/** True if `error` is a CryptokiError with one of the CKR_ names. */
export function isReturnValue(error: unknown, ...names: string[]): error is CryptokiError {
  return error instanceof CryptokiError && names.includes(error.returnValue);
}
