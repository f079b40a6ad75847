import { createPrivateKey, type KeyObject } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import type { Role } from "../control/messages.js";
import type { Config } from "../core/config.js";
import { SekishoError } from "../core/errors.js";

export interface Operator {
  readonly name: string;
  /** The role that requests name; the first one that the configuration gives. */
  readonly role: Role;
  readonly privateKey: KeyObject;
}

/** The operator who asks, with the private key. Throws USAGE, OPERATOR_UNKNOWN or FILE_ACCESS. */
export function openOperator(config: Config, named: string | undefined): Operator {
  const name = named ?? onlyOperator(config);
  const { keyFile, roles } = config.operators[name] ?? {};
  const role = roles?.[0];
  if (keyFile === undefined || role === undefined)
    throw new SekishoError("OPERATOR_UNKNOWN", `the configuration has no operator "${name}" with a key file`);
  return { name, role, privateKey: readKey(keyFile) };
}

function onlyOperator(config: Config): string {
  const names = Object.keys(config.operators).filter((name) => config.operators[name]?.keyFile !== undefined);
  const [only, ...others] = names;
  if (only === undefined) throw new SekishoError("OPERATOR_UNKNOWN", "no operator has a key file");
  if (others.length > 0) throw new SekishoError("USAGE", `name one with --operator: ${names.join(", ")}`);
  return only;
}

function readKey(file: string): KeyObject {
  const key = parseKey(readPrivateFile(file), file);
  if (key.asymmetricKeyType === "ed25519") return key;
  throw new SekishoError("OPERATOR_UNKNOWN", `${file}: expected an Ed25519 private key`);
}

function parseKey(pem: Buffer, file: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: "pem" });
  } catch {
    // The cause is left out: it may quote the file.
    throw new SekishoError("OPERATOR_UNKNOWN", `${file}: expected a private key in PKCS#8 PEM`);
  } finally {
    pem.fill(0);
  }
}

function readPrivateFile(file: string): Buffer {
  const fd = openSync(file, "r");
  try {
    const { mode } = fstatSync(fd);
    if ((mode & 0o077) !== 0)
      throw new SekishoError("FILE_ACCESS", `${file}: group or others may use it; expected mode 600`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}
