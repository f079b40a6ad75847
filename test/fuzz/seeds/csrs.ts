import { createPublicKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { oid } from "../../../src/asn1/oid.js";
import { TAG } from "../../../src/asn1/tags.js";
import { constructed, type Der, encode, octetString, primitive, sequence } from "../../../src/asn1/writer.js";
import { encodeName } from "../../../src/x509/name.js";
import { encodeAlternativeNames } from "../../../src/x509/subject-alt-name.js";
import {
  attribute,
  craftRequest,
  EXTENSION_REQUEST,
  extensionRequest,
  type RequestParts,
} from "../../support/craft-request.js";
import { OpensslCa } from "../../support/openssl-ca.js";
import { TestSigner } from "../../support/test-ca.js";
import { csrKey } from "../targets/csr-key.js";

/** Certification requests: by `openssl req`, and our own by the key that the target signs with. */
export function csrs(): Map<string, Uint8Array> {
  return new Map([...byOpenssl(), ...ours()]);
}

function byOpenssl(): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const keyType of ["rsa", "p256"] as const) {
    const ca = new OpensslCa(keyType);
    const out = ["-outform", "DER", "-out", "request.der"];
    ca.run(
      "req",
      "-new",
      "-key",
      "ca.key",
      "-subj",
      "/CN=a.example",
      "-addext",
      "subjectAltName=DNS:a.example",
      ...out,
    );
    found.set(`openssl-${keyType}`, readFileSync(ca.path("request.der")));
    ca.remove();
  }
  return found;
}

/** A signer with the corpus's key. */
class CsrSigner extends TestSigner {
  override readonly subjectPublicKeyInfo = createPublicKey(csrKey()).export({ format: "der", type: "spki" });

  override signNow(message: Uint8Array): Uint8Array {
    return sign("sha256", message, csrKey());
  }
}

function ours(): Map<string, Uint8Array> {
  const signer = new CsrSigner();
  const made = (parts: RequestParts): Uint8Array => craftRequest({ signer, ...parts });
  const names = encodeAlternativeNames([
    { kind: "dns", value: "a.example" },
    { kind: "ip", value: "127.0.0.1" },
    { kind: "ip", value: "::1" },
    { kind: "email", value: "a@a.example" },
    { kind: "uri", value: "http://a.example/x" },
  ]);
  const asking = (...extensions: (readonly [string, string])[]): Der => extensionRequest(...extensions);
  const san = ["2.5.29.17", Buffer.from(names).toString("hex")] as const;
  return new Map([
    ["names", made({ attributes: [asking(san)] })],
    [
      "usages",
      made({
        attributes: [
          asking(
            san,
            ["2.5.29.15", "03020780"],
            ["2.5.29.37", "300a06082b06010505070301"],
            ["2.5.29.19", "3000"],
          ),
        ],
      }),
    ],
    [
      "subject",
      made({
        subjectName: encodeName([
          ["country", "JP"],
          ["organization", "Sekisho"],
          ["organizationalUnit", "a"],
          ["commonName", "\u95a2\u6240"],
        ]),
        attributes: [asking(san)],
      }),
    ],
    ["subject-utc-time", made({ subjectName: commonName(TAG.UTC_TIME, "good.ex\x05\x05ample") })],
    ["subject-utf8-broken", made({ subjectName: commonName(TAG.UTF8_STRING, "a\xff") })],
    ["bare", made({})],
    ["two-values", made({ attributes: [attribute(EXTENSION_REQUEST, sequence(), sequence())] })],
    [
      "other-attribute",
      made({ attributes: [attribute("1.2.840.113549.1.9.7", octetString(Buffer.from("a")))] }),
    ],
    ["version-1", made({ version: 1 })],
    ["no-subject", made({ subjectName: encode(sequence()), attributes: [asking(san)] })],
  ]);
}

/** DER Name of one commonName with any type of value, one character an octet. */
function commonName(tag: number, text: string): Uint8Array {
  const attribute = sequence(oid("2.5.4.3"), primitive(tag, Buffer.from(text, "latin1")));
  return encode(sequence(constructed(TAG.SET, attribute)));
}
