import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { loadBindings } from "../../native-bindings/binding.js";
import { hex } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import { algorithmOf, describeKey, keyIdentifierOf } from "./algorithms.js";
import { ecdsa } from "./ecdsa.js";
import { withPin } from "./pin-file.js";
import { rsa } from "./rsa.js";
import type { KeyStore, KeyType, Signer } from "./signer.js";

/**
 * Keys in a directory of mode 0700, one PKCS#8 PEM file each, encrypted with the passphrase in `pinFile` (PBES2,
 * AES-256-CBC). For demonstrations and tests. The directory is made if it is missing.
 * Throws FILE_ACCESS, TOKEN_PIN.
 */
export function openSoftwareStore(dir: string, pinFile: string): KeyStore {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if ((statSync(dir).mode & 0o077) !== 0)
    throw new SekishoError("FILE_ACCESS", `${dir}: group or others may use the key directory (chmod 700)`);
  withPin(pinFile, () => undefined);
  return new SoftwareKeyStore(dir, pinFile);
}

class SoftwareKeyStore implements KeyStore {
  private readonly dir: string;
  private readonly pinFile: string;

  constructor(dir: string, pinFile: string) {
    this.dir = dir;
    this.pinFile = pinFile;
  }

  findSigner(keyIdentifier: Uint8Array): Signer | undefined {
    const name = readdirSync(this.dir).find((file) => parseName(file)?.keyIdentifier === hex(keyIdentifier));
    return name === undefined ? undefined : softwareSigner(this.load(join(this.dir, name)));
  }

  list(label: string): Uint8Array[] {
    return readdirSync(this.dir)
      .map(parseName)
      .filter((name) => name?.label === label)
      .map((name) => Buffer.from(name?.keyIdentifier ?? "", "hex"));
  }

  generate(label: string, keyType: KeyType): Signer {
    const privateKey = generateKey(keyType);
    const signer = softwareSigner(privateKey);
    const pem = withPin(this.pinFile, (passphrase) =>
      privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase }),
    );
    const keyIdentifier = hex(keyIdentifierOf(signer.subjectPublicKeyInfo));
    writeDurably(this.dir, `${keyIdentifier}.${encodeURIComponent(label)}.pem`, pem);
    return signer;
  }

  close(): void {
    // Nothing is held open between calls.
  }

  private load(file: string): KeyObject {
    const pem = readFileSync(file);
    return withPin(this.pinFile, (passphrase) => {
      try {
        return createPrivateKey({ key: pem, passphrase });
      } catch (error) {
        throw new SekishoError("TOKEN_PIN", `${file}: the passphrase in ${this.pinFile} does not open it`, {
          cause: error,
        });
      }
    });
  }
}

/** `KEYIDENTIFIER.LABEL.pem`, the identifier in hex and the label percent-encoded. */
function parseName(file: string): { keyIdentifier: string; label: string } | undefined {
  const [, keyIdentifier, label] = /^([0-9a-f]{40})\.(.+)\.pem$/.exec(file) ?? [];
  if (keyIdentifier === undefined || label === undefined) return undefined;
  return { keyIdentifier, label: decodeURIComponent(label) };
}

function generateKey(keyType: KeyType): KeyObject {
  const algorithm = algorithmOf(keyType);
  const pair =
    algorithm.family === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: algorithm.modulusBits, publicExponent: 65537 })
      : generateKeyPairSync("ec", { namedCurve: algorithm.curveName });
  return pair.privateKey;
}

function softwareSigner(privateKey: KeyObject): Signer {
  const key = describeKey(createPublicKey(privateKey).export({ type: "spki", format: "der" }));
  const { bindings } = loadBindings();
  const isRsa = algorithmOf(key.keyType).family === "rsa";
  return { ...key, ...(isRsa ? rsa(privateKey, key.keyType, bindings) : ecdsa(privateKey, key, bindings)) };
}

/** Writes a file so that it is whole or absent after a power cut. */
function writeDurably(dir: string, name: string, content: string | Buffer): void {
  const temporary = join(dir, `.${name}.tmp`);
  withFile(temporary, "w", (fd) => {
    const bytes = Buffer.from(content);
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    fsyncSync(fd);
  });
  renameSync(temporary, join(dir, name));
  withFile(dir, "r", fsyncSync);
}

function withFile(path: string, flags: string, use: (fd: number) => void): void {
  const fd = openSync(path, flags, 0o600);
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}
