/** What differs between one demonstration and another. */
export interface DemoSettings {
  /** 16 random octets in hexadecimal. */
  readonly installation: string;
  readonly port: number;
  readonly metricsPort: number;
  readonly signer: "pkcs11" | "software";
  /** Path of the PKCS#11 module; unused with software keys. */
  readonly module: string;
  /** Key type of the OCSP delegate. */
  readonly key: "rsa2048" | "p256";
  /** Raw Ed25519 public key in hexadecimal. */
  readonly operatorKey: string;
}

/** The demonstration's sekisho.toml. */
export function demoConfigText(settings: DemoSettings): string {
  const { installation, port, metricsPort, key, operatorKey } = settings;
  return `# Written by the quickstart; docs/configuration.md explains every key. Paths start from this file's directory.
version = 1
production = false                # true refuses what is for demonstrations only
installation = "${installation}"

[store]
dir = "store"

[crl]
dir = "crl"

[control]
socket = "run/control.sock"

[audit]
dir = "audit"

[responder]
listen = "127.0.0.1:${port}"
metrics_listen = "127.0.0.1:${metricsPort}"
public_url = "http://127.0.0.1:${port}"   # written into certificates
workers = 2
enrol_dir = "enrol"

${tokensText(settings)}
[journal]
token = "journal"

[operators.operator]
public_key = "${operatorKey}"
roles = ["administrator"]
key_file = "secrets/operator.key"

[issuers.root]
subject = { country = "JP", organization = "Sekisho demonstration", common_name = "Sekisho Demo Root CA" }
key_type = "rsa2048"
profile = "root"
token = "ca"
activation = "standing"           # PIN from a file: for demonstrations, never for a real root
policies = ["demo", "subordinate-ca", "time"]

[issuers.root.crl]
period = "12h"
validity = "7d"

[issuers.root.ocsp]
token = "ocsp"
key_type = "${key}"
profile = "ocsp-responder"
validity = "4d"
max_age = "5m"                    # how long outer HTTP caches may keep an answer

# Policies: which profiles an issuer may use, and the OID they write into certificatePolicies.
[policies.demo]
oid = "1.3.6.1.4.1.32473.1"       # RFC 5612: for examples
profiles = ["tls-server"]
demo = true

[policies.subordinate-ca]
oid = "1.2.392.200091.100.901.4"
profiles = ["subordinate-ca"]

[policies.time]
oid = "1.2.392.200091.100.901.5"
profiles = ["time-stamping", "time-authority"]

[profiles.root]
kind = "root"
validity = "7300d"
key_usage = ["keyCertSign", "cRLSign"]

[profiles.subordinate-ca]
kind = "subordinate-ca"
validity = "3650d"
key_usage = ["keyCertSign", "cRLSign"]
path_length = 0

[profiles.ocsp-responder]
kind = "ocsp-responder"
validity = "30d"
key_usage = ["digitalSignature"]
extended_key_usage = ["ocspSigning"]

[profiles.time-stamping]
kind = "end-entity"
validity = "1825d"
key_usage = ["digitalSignature"]
extended_key_usage = ["timeStamping"]
extended_key_usage_critical = true

[profiles.time-authority]
kind = "end-entity"
validity = "1825d"
key_usage = ["digitalSignature", "nonRepudiation"]

[profiles.tls-server]
kind = "end-entity"
validity = "90d"
key_usage = ["digitalSignature", "keyEncipherment"]
extended_key_usage = ["serverAuth"]
subject_fields = ["commonName", "organization", "country"]
subject_alt_name = ["dns", "ip"]
`;
}

function tokensText({ signer, module }: DemoSettings): string {
  const names = ["ca", "ocsp", "journal"];
  if (signer === "software")
    return names
      .map(
        (name) =>
          `[tokens.${name}]\nprovider = "software"\ndir = "keys/${name}"\npin_file = "secrets/${name}.pin"\n`,
      )
      .join("\n");
  const tokens = names.map(
    (name) =>
      `[tokens.${name}]\nprovider = "pkcs11"\nlabel = "sekisho-${name}"\npin_file = "secrets/${name}.pin"\n`,
  );
  return `[pkcs11]\nmodule = "${module}"\nsofthsm2_conf = "softhsm2.conf"\n\n${tokens.join("\n")}`;
}
