import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A part of demoConfig that a test wants otherwise; text replaces text. */
export interface DemoConfigOverrides {
  /** Software keys unless given: then every token is a PKCS#11 token labelled by its name. */
  readonly pkcs11?: { readonly module: string; readonly softhsm2Conf?: string; readonly pinFile: string };
  /** Key type of the OCSP delegate. */
  readonly ocspKeyType?: string;
  readonly listen?: string;
  readonly metricsListen?: string;
  readonly publicUrl?: string;
  readonly transport?: "uws" | "http1";
  /** Raw Ed25519 public key of operator `alice` in hexadecimal, and where her private key is. */
  readonly operator?: { readonly publicKey: string; readonly keyFile: string };
  /** Applied last, to the whole text; each pattern must occur. */
  readonly replace?: readonly (readonly [pattern: string, replacement: string])[];
}

/** Identity of the installation that demoConfig describes. */
export const DEMO_INSTALLATION = "00112233445566778899aabbccddeeff";

export const DEMO_PIN = "1234-demo";

/**
 * Writes a valid `sekisho.toml` with issuer `root` into the directory, and the PIN file of its software tokens.
 * Relative paths inside it stay inside the directory. Returns the file's path.
 */
export function demoConfig(dir: string, overrides: DemoConfigOverrides = {}): string {
  for (const name of TOKENS) mkdirSync(join(dir, "tokens", name), { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, "pin"), `${DEMO_PIN}\n`, { mode: 0o600 });
  const file = join(dir, "sekisho.toml");
  writeFileSync(file, demoConfigText(overrides));
  return file;
}

/** The text that `demoConfig` writes. */
export function demoConfigText(overrides: DemoConfigOverrides = {}): string {
  let text = [head(overrides), tokens(overrides), AUTHORITY, issuer(overrides)].join("\n");
  for (const [pattern, replacement] of overrides.replace ?? []) {
    if (!text.includes(pattern)) throw new Error(`the demo configuration has no ${JSON.stringify(pattern)}`);
    text = text.replace(pattern, () => replacement);
  }
  return text;
}

const TOKENS = ["ca", "ocsp", "journal"] as const;

const head = (overrides: DemoConfigOverrides): string => `version = 1
production = false
installation = "${DEMO_INSTALLATION}"

[store]
dir = "store"
map_size_gib = 1

[crl]
dir = "crl"

[control]
socket = "issuer.sock"

[audit]
dir = "audit"

[responder]
listen = "${overrides.listen ?? "127.0.0.1:8080"}"
metrics_listen = "${overrides.metricsListen ?? "127.0.0.1:8081"}"
public_url = "${overrides.publicUrl ?? "http://127.0.0.1:8080"}"
workers = 1
transport = "${overrides.transport ?? "http1"}"
enrol_dir = "enrol"

[operators.alice]
public_key = "${overrides.operator?.publicKey ?? "ab".repeat(32)}"
roles = ["administrator"]
key_file = "${overrides.operator?.keyFile ?? "operators/alice.pem"}"
`;

function tokens({ pkcs11 }: DemoConfigOverrides): string {
  if (pkcs11 === undefined)
    return TOKENS.map(
      (name) => `[tokens.${name}]\nprovider = "software"\ndir = "tokens/${name}"\npin_file = "pin"\n`,
    ).join("\n");
  const conf = pkcs11.softhsm2Conf === undefined ? "" : `softhsm2_conf = "${pkcs11.softhsm2Conf}"\n`;
  const tables = TOKENS.map(
    (name) => `[tokens.${name}]\nprovider = "pkcs11"\nlabel = "${name}"\npin_file = "${pkcs11.pinFile}"\n`,
  );
  return [`[pkcs11]\nmodule = "${pkcs11.module}"\n${conf}`, ...tables].join("\n");
}

const AUTHORITY = `[journal]
token = "journal"

[policies.demo]
oid = "1.3.6.1.4.1.99999.1"
profiles = ["tls-server"]
demo = true

[profiles.root]
kind = "root"
validity = "7300d"
key_usage = ["keyCertSign", "cRLSign"]

[profiles.ocsp]
kind = "ocsp-responder"
validity = "90d"
key_usage = ["digitalSignature"]
extended_key_usage = ["ocspSigning"]

[profiles.tls-server]
kind = "end-entity"
validity = "90d"
key_usage = ["digitalSignature", "keyEncipherment"]
extended_key_usage = ["serverAuth"]
subject_alt_name = ["dns", "ip"]
`;

const issuer = (overrides: DemoConfigOverrides): string => `[issuers.root]
profile = "root"
token = "ca"
activation = "standing"
policies = ["demo"]

[issuers.root.subject]
country = "JP"
organization = "Sekisho Demo"
common_name = "Sekisho Demo Root"

[issuers.root.crl]
period = "1d"
validity = "7d"

[issuers.root.ocsp]
token = "ocsp"
key_type = "${overrides.ocspKeyType ?? "p256"}"
profile = "ocsp"
validity = "4d"
max_age = "1h"
`;
