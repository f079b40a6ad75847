import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { loadConfig, parseConfig } from "../../src/core/config.js";
import { isSekishoError } from "../../src/core/errors.js";
import { type DemoConfigOverrides, demoConfig, demoConfigText } from "../support/config.js";
import { tempDir } from "../support/temp-dir.js";

const FILE = "/etc/sekisho/sekisho.toml";
const PKCS11 = { module: "/usr/lib/hsm.so", pinFile: "/etc/sekisho/pin" };

/** Line (from 1) of the first line that holds the text. */
const lineOf = (text: string, wanted: string): number =>
  text.split("\n").findIndex((line) => line.includes(wanted)) + 1;

/** The refusal of the demo configuration with overrides; `{LINE text}` in the pattern stands for that line's number. */
function refused(overrides: DemoConfigOverrides, at: string, key: string, expectation: RegExp): void {
  const text = demoConfigText(overrides);
  const place = `${FILE}:${lineOf(text, at)}: ${key}: `;
  assert.throws(
    () => parseConfig(text, FILE),
    (error) => {
      assert(isSekishoError(error, "CONFIG_INVALID"));
      assert.equal(error.exit, 2);
      assert.equal(error.message.slice(0, place.length), place);
      assert.match(error.message.slice(place.length), expectation);
      return true;
    },
  );
}

const replaced = (...replace: (readonly [string, string])[]): DemoConfigOverrides => ({ replace });

describe("a valid configuration", () => {
  it("comes out typed: durations in seconds, addresses in parts, no slash at the end of the URL", () => {
    const config = parseConfig(
      demoConfigText({ listen: "[::1]:80", publicUrl: "http://pki.example/" }),
      FILE,
    );
    assert.deepEqual(config.responder.listen, { host: "::1", port: 80 });
    assert.equal(config.responder.publicUrl, "http://pki.example");
    assert.equal(config.issuers.root?.ocsp.maxAge, 3600);
    assert.equal(config.issuers.root?.crl.validity, 7 * 86_400);
    assert.equal(config.file, FILE);
    assert.deepEqual(config.profiles.root?.subjectAltName, []);
  });

  it("has absolute paths: relative ones start from the file's directory", () => {
    const config = parseConfig(demoConfigText({ replace: [['dir = "crl"', 'dir = "/var/lib/crl"']] }), FILE);
    assert.equal(config.store.dir, "/etc/sekisho/store");
    assert.equal(config.crl.dir, "/var/lib/crl");
    assert.equal(config.control.socket, "/etc/sekisho/issuer.sock");
    assert.equal(config.audit.dir, "/etc/sekisho/audit");
    assert.equal(config.responder.enrolDir, "/etc/sekisho/enrol");
    assert.equal(config.operators.alice?.keyFile, "/etc/sekisho/operators/alice.pem");
    assert.deepEqual(config.tokens.ca, {
      provider: "software",
      dir: "/etc/sekisho/tokens/ca",
      pinFile: "/etc/sekisho/pin",
    });
  });

  it("may use PKCS#11 tokens", () => {
    const config = parseConfig(
      demoConfigText({ pkcs11: { ...PKCS11, softhsm2Conf: "softhsm2.conf" } }),
      FILE,
    );
    assert.deepEqual(config.pkcs11, { module: PKCS11.module, softhsm2Conf: "/etc/sekisho/softhsm2.conf" });
    assert.equal(config.tokens.ocsp?.provider, "pkcs11");
  });

  it("is read from a file that is named relative to the working directory", (t) => {
    const file = demoConfig(tempDir(t));
    const relative = join("..", "..", "..", "..", "..", "..", "..", "..", "..", file);
    assert.equal(loadConfig(relative).file, resolve(relative));
  });
});

describe("what is refused, with file, line, key and expectation", () => {
  it("a file that is missing", () => {
    assert.throws(
      () => loadConfig("/nonexistent/sekisho.toml"),
      (error) =>
        isSekishoError(error, "CONFIG_MISSING") && error.message === "/nonexistent/sekisho.toml: ENOENT",
    );
  });

  it("TOML that is not TOML", () => {
    const text = demoConfigText({ replace: [["[crl]", "[crl"]] });
    assert.throws(
      () => parseConfig(text, FILE),
      (error) =>
        isSekishoError(error, "CONFIG_INVALID") &&
        error.message.startsWith(`${FILE}:${lineOf(text, "[crl")}: `) &&
        !error.message.includes("\n"),
    );
  });

  it("a key that does not exist, at every depth and in every table", () => {
    const noSuchKey = /^no such key is known here$/;
    refused(replaced(["[crl]", "[crl]\nfoo_bar = 1"]), "foo_bar", "crl.foo_bar", noSuchKey);
    refused(replaced(["version = 1", "version = 1\nextra = 1"]), "extra", "extra", noSuchKey);
    refused(
      replaced(['max_age = "1h"', 'max_age = "1h"\nmin_age = "1h"']),
      "min_age",
      "issuers.root.ocsp.min_age",
      noSuchKey,
    );
    refused(replaced(["version = 1", "version = 1\n__proto__ = 1"]), "__proto__", "__proto__", noSuchKey);
  });

  it("a key in camelCase, which would be a second spelling of a known one", () => {
    refused(replaced(["max_age", "maxAge"]), "maxAge", "issuers.root.ocsp.maxAge", /^no such key/);
  });

  it("a value of a wrong type", () => {
    refused(replaced(['dir = "crl"', "dir = 5"]), "dir = 5", "crl.dir", /expected string/);
    refused(replaced(["production = false", 'production = "no"']), "production", "production", /boolean/);
    refused(replaced(["workers = 1", "workers = 1.5"]), "workers", "responder.workers", /int/);
    refused(replaced(["workers = 1", "workers = 65"]), "workers", "responder.workers", /64/);
  });

  it("a text of a wrong form", () => {
    const duration = /^expected a duration such as "15m", "24h" or "7d"$/;
    for (const bad of ["1y", "1.5h", "0s", "-1d", "1 h", "h", ""])
      refused(
        replaced(['max_age = "1h"', `max_age = "${bad}"`]),
        "max_age",
        "issuers.root.ocsp.max_age",
        duration,
      );
    for (const bad of ["localhost:80", "127.0.0.1", "127.0.0.1:65536", ":80"])
      refused({ listen: bad }, "listen", "responder.listen", /^expected (ADDRESS:PORT|a port)/);
    refused({ publicUrl: "https://pki.example" }, "public_url", "responder.public_url", /http:\/\/ URL/);
    refused(replaced(["[operators.alice]", "[operators.al_ice]"]), "al_ice", "operators.al_ice", /a-z, 0-9/);
    refused(replaced(['oid = "1.3', 'oid = "1.03']), "oid", "policies.demo.oid", /dotted object identifier/);
    refused(
      replaced(["installation = ", 'installation = "00"\n# ']),
      "installation",
      "installation",
      /16 octets/,
    );
  });

  it("a table or key that is missing: the table around it is named", () => {
    refused(replaced(['[audit]\ndir = "audit"\n', ""]), "version", "audit", /expected object/);
    refused(
      replaced(['max_age = "1h"\n', ""]),
      "[issuers.root.ocsp]",
      "issuers.root.ocsp.max_age",
      /expected/,
    );
  });

  it("an HTTPS port without its files, or files without a port", () => {
    const listen = ["[responder]", '[responder]\ntls_listen = "127.0.0.1:8443"'] as const;
    const files = ["[responder]", '[responder]\ntls_certificate_file = "a"\ntls_key_file = "b"'] as const;
    const all = /^expected all of tls_listen, tls_certificate_file and tls_key_file, or none$/;
    refused(replaced(listen), "[responder]", "responder.tls_certificate_file", all);
    refused(replaced(files), "[responder]", "responder.tls_listen", all);
  });

  it("names that nothing has", () => {
    const token = /^expected the name of a token; there is no "nope"$/;
    refused(replaced(['token = "ca"', 'token = "nope"']), '"nope"', "issuers.root.token", token);
    refused(replaced(['token = "ocsp"', 'token = "nope"']), '"nope"', "issuers.root.ocsp.token", token);
    refused(replaced(['token = "journal"', 'token = "nope"']), '"nope"', "journal.token", token);
    refused(replaced(['profile = "root"', 'profile = "nope"']), '"nope"', "issuers.root.profile", /profile/);
    refused(
      replaced(['policies = ["demo"]', 'policies = ["nope"]']),
      '"nope"',
      "issuers.root.policies",
      /policy/,
    );
    refused(replaced(['["tls-server"]', '["nope"]']), '"nope"', "policies.demo.profiles", /profile/);
    refused(
      replaced(['profile = "root"', 'profile = "root"\nparent = "nope"']),
      '"nope"',
      "issuers.root.parent",
      /issuer/,
    );
  });

  it("keys that share a token", () => {
    const own = /^expected three different tokens for the CA key, the OCSP key and the journal key$/;
    const caToken = ['token = "ca"', 'token = "ca" # here'] as const;
    for (const other of [
      ['token = "ocsp"', 'token = "ca"'],
      ['token = "journal"', 'token = "ca"'],
      ['token = "journal"', 'token = "ocsp"'],
    ] as const)
      refused(replaced(caToken, other), "# here", "issuers.root.token", own);
  });

  it("two tokens in one place", () => {
    refused(
      replaced(['dir = "tokens/ocsp"', 'dir = "tokens/ca" # here']),
      "# here",
      "tokens.ocsp.dir",
      /^expected another dir than that of token "ca"$/,
    );
    refused(
      { pkcs11: PKCS11, replace: [['label = "ocsp"', 'label = "ca" # here']] },
      "# here",
      "tokens.ocsp.label",
      /^expected another label/,
    );
  });

  it("a PKCS#11 token without a module", () => {
    refused(
      { pkcs11: PKCS11, replace: [[`[pkcs11]\nmodule = "${PKCS11.module}"`, ""]] },
      "version",
      "pkcs11",
      /^expected a \[pkcs11\] table/,
    );
  });

  it("what the Baseline Requirements forbid, with rule_profile cabf-br (J, K, R1)", () => {
    const refusedBr = (line: string, other: string, key: string, expectation: RegExp): void =>
      refused(
        replaced(['profile = "root"', 'profile = "root"\nrule_profile = "cabf-br"'], [line, other]),
        other.split("\n").at(-1) as string,
        `issuers.root.ocsp.${key}`,
        expectation,
      );
    const withUnknown = 'max_age = "1h"\nunknown_certificate = "extended-revoked"';
    refusedBr('max_age = "1h"', withUnknown, "unknown_certificate", /certificateHold is forbidden .*cabf-br/);
    refusedBr('validity = "4d"', 'validity = "8d"', "validity", /8 hours to 7 days/);
    refused(
      replaced(
        ['profile = "root"', 'profile = "root"\nrule_profile = "cabf-br"'],
        ['validity = "7d"', 'validity = "366d"'],
      ),
      'validity = "366d"',
      "issuers.root.crl.validity",
      /365 days|10 days/,
    );
  });

  it("an OCSP key type named twice", () => {
    const twice = 'key_type = ["p256", "p256"]\nprofile = "ocsp"';
    refused(
      replaced(['key_type = "p256"\nprofile = "ocsp"', twice]),
      'key_type = ["p256", "p256"]',
      "issuers.root.ocsp.key_type",
      /once/,
    );
  });

  it("periods that leave no time: CRL validity within its period, max_age over half of the validity", () => {
    refused(
      replaced(['period = "1d"', 'period = "7d"']),
      'validity = "7d"',
      "issuers.root.crl.validity",
      /more/,
    );
    refused(replaced(['max_age = "1h"', 'max_age = "49h"']), "max_age", "issuers.root.ocsp.max_age", /half/);
  });

  it("an issuer whose CRL would have the path of another one's delta CRL", () => {
    const text = demoConfigText().replaceAll("issuers.root", "issuers.root-delta");
    assert.throws(
      () => parseConfig(text, "/etc/sekisho.toml"),
      (error) =>
        isSekishoError(error, "CONFIG_INVALID") && /issuers\.root-delta: .*"-delta"/.test(error.message),
    );
  });
});

describe("two issuers", () => {
  const second = (token: string, ocsp: string, parent: string): string => `
[tokens.ca-two]
provider = "software"
dir = "tokens/ca-two"
pin_file = "pin"

[issuers.two]
profile = "root"
parent = "${parent}"
token = "${token}"
activation = "standing"
subject = { common_name = "Two" }
crl = { period = "1d", validity = "7d" }
ocsp = { token = "${ocsp}", profile = "ocsp", validity = "4d", max_age = "1h" }
`;
  const withSecond = (token: string, ocsp: string, parent = "root"): DemoConfigOverrides =>
    replaced(["[issuers.root]", `${second(token, ocsp, parent)}\n[issuers.root]`]);

  it("may share a token for their OCSP keys, but none for a CA key (invariant 7)", () => {
    assert.deepEqual(Object.keys(parseConfig(demoConfigText(withSecond("ca-two", "ocsp")), FILE).issuers), [
      "two",
      "root",
    ]);
    refused(withSecond("ca", "ocsp"), 'token = "ca"', "issuers.two.token", /no other issuer's CA key/);
    refused(
      replaced(
        ['token = "ca"', 'token = "ca" # here'],
        [
          "[issuers.root]",
          `${second("ca-two", "ca", "root")}
[issuers.root]`,
        ],
      ),
      "# here",
      "issuers.root.token",
      /three different/,
    );
  });

  it("do not stand above themselves", () => {
    refused(withSecond("ca-two", "ocsp", "two"), "parent", "issuers.two.parent", /not below this one/);
  });
});

describe("production = true refuses", () => {
  const production = ["production = false", "production = true"] as const;
  const noDemo = ["demo = true", "demo = false"] as const;

  it("software keys", () => {
    refused(replaced(production), 'provider = "software"', "tokens.ca.provider", /software keys are refused/);
  });

  it("a demo policy", () => {
    refused({ pkcs11: PKCS11, replace: [production] }, "demo = true", "policies.demo.demo", /no demo policy/);
  });

  it("a root whose key stands activated, and one that claims to be its own parent (invariant 7)", () => {
    refused(
      { pkcs11: PKCS11, replace: [production, noDemo] },
      "activation",
      "issuers.root.activation",
      /a root key never stands activated/,
    );
    const ownParent = ['profile = "root"', 'profile = "root"\nparent = "root"'] as const;
    refused(
      { pkcs11: PKCS11, replace: [production, noDemo, ownParent] },
      "parent",
      "issuers.root.parent",
      /not below this one/,
    );
  });
});
