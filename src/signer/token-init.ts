import type { Handle } from "pkcs11js";
import pkcs11js from "pkcs11js";
import { SekishoError } from "../core/errors.js";
import {
  cryptoki,
  loadModule,
  type Pkcs11Module,
  type Pkcs11Settings,
  type TokenSlot,
} from "./pkcs11-module.js";

export interface NewToken extends Pkcs11Settings {
  readonly label: string;
  readonly soPin: string;
  readonly pin: string;
}

/** Label field of C_InitToken, in octets, padded with blanks. */
const LABEL_LENGTH = 32;

/**
 * Initialises the first empty token of the module with this label and both PINs; true if it did, false if a token of
 * that label and with a user PIN exists, which is left alone. The PINs reach the module in memory, never on a command line.
 * Throws TOKEN_MISSING if there is no empty token, TOKEN_PIN, TOKEN_FAILED.
 */
export function initToken({ label, soPin, pin, ...settings }: NewToken): boolean {
  const module = loadModule(settings);
  const slots = module.slots();
  const known = slots.find((slot) => slot.label === label);
  if (known?.hasUserPin === true) return false;
  // A token without a user PIN is one whose initialisation was cut off.
  if (known === undefined) initEmptyToken(module, slots, soPin, label);
  initPin(module, module.slotOf(label), soPin, pin);
  return true;
}

function initEmptyToken({ api }: Pkcs11Module, slots: TokenSlot[], soPin: string, label: string): void {
  const empty = slots.find((slot) => slot.label === undefined);
  if (empty === undefined)
    throw new SekishoError("TOKEN_MISSING", `the module has no empty token to initialise as "${label}"`);
  cryptoki("C_InitToken", () => api.C_InitToken(empty.id, soPin, paddedLabel(label)));
}

/** pkcs11js hands the module a bare pointer: a shorter string would be read past its end. */
function paddedLabel(label: string): string {
  const length = Buffer.byteLength(label);
  if (length === 0 || length > LABEL_LENGTH)
    throw new SekishoError("TOKEN_FAILED", `a token label has 1 to ${LABEL_LENGTH} octets`);
  return label + " ".repeat(LABEL_LENGTH - length);
}

function initPin({ api }: Pkcs11Module, slot: Handle, soPin: string, pin: string): void {
  const flags = pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION;
  const session = cryptoki("C_OpenSession", () => api.C_OpenSession(slot, flags));
  try {
    cryptoki("C_Login", () => api.C_Login(session, pkcs11js.CKU_SO, soPin));
    cryptoki("C_InitPIN", () => api.C_InitPIN(session, pin));
  } finally {
    // With the token's last session the security officer is logged out as well.
    cryptoki("C_CloseSession", () => api.C_CloseSession(session));
  }
}
