import assert from "node:assert/strict";
import { test } from "node:test";
import { decodePem, decodePemOrDer, encodePem } from "../../src/x509/pem.js";

const DER = Buffer.from("3082000102030405060708".repeat(9), "hex");
const PEM = encodePem(DER, "CERTIFICATE REQUEST");

const decode = (text: string): Buffer =>
  Buffer.from(decodePem(Buffer.from(text, "latin1"), "CERTIFICATE REQUEST"));

test("one block is read, with CRLF and white space around it", () => {
  assert.deepEqual(decode(PEM), DER);
  assert.deepEqual(decode(PEM.replaceAll("\n", "\r\n")), DER);
  assert.deepEqual(decode(`\n \t${PEM}\r\n\n`), DER);
  assert.deepEqual(decode(PEM.trimEnd()), DER);
  assert.ok(PEM.split("\n").every((line) => line.length <= 64));
});

const REFUSED: Record<string, string> = {
  "nothing at all": "",
  "text before the block": `x\n${PEM}`,
  "text after the block": `${PEM}x`,
  "two blocks": PEM + PEM,
  "another label": PEM.replaceAll("CERTIFICATE REQUEST", "CERTIFICATE"),
  "labels that differ": PEM.replace("END CERTIFICATE REQUEST", "END CERTIFICATE"),
  "headers inside": PEM.replace("-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n"),
  "no content": "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
  "only a beginning": "-----BEGIN CERTIFICATE REQUEST-----\n",
  "a character outside the alphabet": PEM.replace("MIIA", "MI!A"),
  "url-safe base64": "-----BEGIN CERTIFICATE REQUEST-----\n__-_\n-----END CERTIFICATE REQUEST-----\n",
  "missing padding": "-----BEGIN CERTIFICATE REQUEST-----\nMAA\n-----END CERTIFICATE REQUEST-----\n",
  "bits beyond the end": "-----BEGIN CERTIFICATE REQUEST-----\nMAB=\n-----END CERTIFICATE REQUEST-----\n",
  "a space inside": PEM.replace("MIIA", "MI IA"),
};

for (const [what, text] of Object.entries(REFUSED))
  test(`PEM with ${what} is refused (P27)`, () => {
    assert.throws(() => decode(text), { code: "PEM_INVALID" });
  });

test("PEM beyond 128 KiB is refused before it is read", () => {
  const long = Buffer.from(" ".repeat(128 * 1024) + PEM);
  assert.throws(() => decodePem(long, "CERTIFICATE REQUEST"), { code: "PEM_INVALID", message: /more than/ });
});

test("a file is PEM or DER by its first octet", () => {
  assert.deepEqual(decodePemOrDer(DER, "CERTIFICATE"), DER);
  assert.deepEqual(Buffer.from(decodePemOrDer(Buffer.from(PEM), "CERTIFICATE REQUEST")), DER);
});
