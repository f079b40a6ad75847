import { readFileSync } from "node:fs";
import { OID, oid } from "../../../src/asn1/oid.js";
import { contextConstructed, contextPrimitive, TAG } from "../../../src/asn1/tags.js";
import {
  constructed,
  type Der,
  nullValue,
  octetString,
  primitive,
  sequence,
} from "../../../src/asn1/writer.js";
import { CERT_ID_HASHES } from "../../../src/ocsp/request.js";
import { parseCertificate } from "../../../src/x509/certificate.js";
import { Random } from "../../fault/schedules/random.js";
import { HostileRequests } from "../../support/hostile-requests.js";
import {
  acceptableResponses,
  certID,
  extension,
  integerContent,
  nonce,
  ocspRequest,
  request,
  unsigned,
} from "../../support/ocsp-request.js";
import { OpensslCa } from "../../support/openssl-ca.js";

/** Inputs made by the grammar: each rule comes up several times. */
const BY_GRAMMAR = 200;

/** OCSP requests: openssl's own, our own in every form, and by the grammar of broken ones. */
export function requests(): Map<string, Uint8Array> {
  const ca = new OpensslCa("p256");
  const found = new Map([...byOpenssl(ca), ...ours(), ...byGrammar(ca)]);
  ca.remove();
  return found;
}

function byOpenssl(ca: OpensslCa): Map<string, Uint8Array> {
  const ask = (...args: string[]): Uint8Array => {
    ca.run("ocsp", "-issuer", "ca.pem", ...args, "-reqout", "request.der");
    return readFileSync(ca.path("request.der"));
  };
  return new Map([
    ["openssl-nonce", ask("-serial", "0x1234")],
    ["openssl-plain", ask("-no_nonce", "-serial", "0x1234")],
    ["openssl-sha256", ask("-no_nonce", "-sha256", "-serial", "0x1234")],
    ["openssl-sha512", ask("-no_nonce", "-sha512", "-serial", "0x1234")],
    ["openssl-three", ask("-no_nonce", "-serial", "1", "-serial", "0x80", "-serial", "0xff00")],
    ["openssl-negative", ask("-no_nonce", "-serial", "-5")],
    ["openssl-signed", ask("-serial", "1", "-signer", "ca.pem", "-signkey", "ca.key")],
    ["openssl-signed-bare", ask("-serial", "1", "-signer", "ca.pem", "-signkey", "ca.key", "-no_certs")],
  ]);
}

function ours(): Map<string, Uint8Array> {
  const uri = primitive(contextPrimitive(6), Buffer.from("http://a"));
  const directoryName = (name: Der): Der => constructed(contextConstructed(4), name);
  const attribute = sequence(oid("2.5.4.3"), primitive(TAG.UTF8_STRING, Buffer.from("a")));
  const preferred = sequence(
    sequence(sequence(oid(OID.ecdsaWithSHA256))),
    sequence(sequence(oid(OID.sha256WithRSAEncryption), nullValue)),
  );
  const everything = [
    nonce(32),
    acceptableResponses(OID.idPkixOcspBasic),
    extension(OID.idPkixOcspPrefSigAlgs, preferred),
  ];
  return new Map([
    ...CERT_ID_HASHES.map(
      (hash) => [`hash-${hash}`, ocspRequest({ requests: [request(certID({ hash }))] })] as const,
    ),
    ["absent-parameters", ocspRequest({ requests: [request(certID({ parameters: undefined }))] })],
    ["explicit-version", ocspRequest({ version: 0 })],
    ["requestor-name", ocspRequest({ requestorName: uri })],
    [
      "requestor-directory-name",
      ocspRequest({ requestorName: directoryName(sequence(constructed(TAG.SET, attribute))) }),
    ],
    ["requestor-no-name", ocspRequest({ requestorName: constructed(contextConstructed(4)) })],
    ["extensions", ocspRequest({ extensions: everything })],
    [
      "single-extensions",
      ocspRequest({
        requests: [request(certID(), nonce(16), extension("1.2.3", octetString(Buffer.of(1))))],
      }),
    ],
    [
      "service-locator",
      ocspRequest({
        requests: [request(certID(), extension(OID.idPkixOcspServiceLocator, sequence(sequence())))],
      }),
    ],
    ["signature-certificates", ocspRequest({ signatureCertificates: 5 })],
    ["many", ocspRequest({ requests: Array.from({ length: 40 }, () => request()) })],
    ["serial-zero", ocspRequest({ requests: [request(certID({ serial: integerContent("00") }))] })],
    ["serial-64", ocspRequest({ requests: [request(certID({ serial: unsigned(64) }))] })],
    ["unknown-hash", ocspRequest({ requests: [request(certID({ algorithm: "1.2.840.113549.2.5" }))] })],
    ["critical-nonce", ocspRequest({ extensions: [nonce(16, true)] })],
    ["nonce-1", ocspRequest({ extensions: [nonce(1)] })],
    ["nonce-128", ocspRequest({ extensions: [nonce(128)] })],
    ["nonce-129", ocspRequest({ extensions: [nonce(129)] })],
    ["no-bytes", new Uint8Array(0)],
  ]);
}

function byGrammar(ca: OpensslCa): Map<string, Uint8Array> {
  const source = new HostileRequests(
    parseCertificate(ca.certificate.raw),
    Buffer.of(0x12, 0x34),
    new Random(1),
  );
  const found = new Map<string, Uint8Array>();
  for (let i = 0; i < BY_GRAMMAR; i++) {
    const { rule, der } = source.next();
    const name = `grammar-${rule.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
    if (!found.has(name) && der.length <= 2_048) found.set(name, der);
  }
  return found;
}
