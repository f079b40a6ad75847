import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isSekishoError } from "../../src/core/errors.js";
import { derChunks } from "../../src/crl/der-chunks.js";
import { rawCertificateList } from "../support/raw-crl.js";

const DER = rawCertificateList();
const LINES = DER.toString("base64").match(/.{1,64}/g) as string[];
const BEGIN = "-----BEGIN X509 CRL-----";
const END = "-----END X509 CRL-----";
const PEM = [BEGIN, ...LINES, END, ""].join("\n");

function decoded(text: string | Uint8Array, size = 1 << 20): Buffer {
  const bytes = Buffer.from(text as string);
  function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  // Each piece is valid only until the next one is asked for.
  return Buffer.concat([...derChunks(chunks())].map((piece) => Buffer.from(piece)));
}

describe("PEM of a CRL", () => {
  it("is decoded at any chunk size, with either line end, with or without the last one", () => {
    for (const text of [PEM, PEM.replaceAll("\n", "\r\n"), PEM.trimEnd(), `${PEM}\n  \n`])
      for (const size of [1, 2, 3, 5, 64, 65, 1000, 1 << 20]) assert.deepEqual(decoded(text, size), DER);
  });

  it("DER goes through untouched", () => {
    assert.deepEqual(decoded(DER, 7), DER);
    assert.deepEqual(decoded(""), Buffer.alloc(0));
  });

  const [first, ...others] = LINES as [string, ...string[]];
  const cases: [string, string, RegExp][] = [
    ["another label", PEM.replaceAll("X509 CRL", "CERTIFICATE"), /does not begin/],
    ["no end", [BEGIN, ...LINES, ""].join("\n"), /does not end/],
    ["half a group before the end", [BEGIN, ...LINES, "AA", END].join("\n"), /canonical|does not end/],
    ["text after the end", `${PEM}more`, /something follows/],
    ["two blocks", PEM + PEM, /something follows/],
    ["a character that is no base64", PEM.replace(first, `${first.slice(1)}*`), /canonical/],
    ["white space in a line", PEM.replace(first, `${first.slice(0, 8)} ${first.slice(8)}`), /canonical/],
    ["padding in the middle", [BEGIN, "AA==", ...others, END].join("\n"), /canonical/],
    ["a line without end", `${BEGIN}\n${"A".repeat(5000)}`, /a line is too long/],
  ];
  for (const [name, text, message] of cases)
    it(`is refused with ${name}`, () => {
      for (const size of [1, 7, 1 << 20])
        assert.throws(
          () => decoded(text, size),
          (error) => isSekishoError(error, "PEM_INVALID") && message.test(error.message),
        );
    });
});
