import assert from "node:assert/strict";
import { it } from "node:test";
import { encode, octetString, sequence } from "../../src/asn1/writer.js";
import {
  type ErrorStatus,
  encodeOcspResponse,
  encodeResponseData,
  errorResponse,
  responseTemplate,
} from "../../src/ocsp/response.js";
import { nonceExtension } from "../../src/ocsp/response-extensions.js";
import { SHA256_WITH_RSA } from "../support/crl.js";
import { temporaryDirectory, tryOpenssl, writeInto } from "../support/openssl.js";

const certificate = encode(sequence());
const template = responseTemplate({ keyHash: Buffer.alloc(20, 0xaa) }, SHA256_WITH_RSA, certificate);
const certID = encode(octetString(Buffer.of(1)));

it("error answers are five octets, and openssl names them (B1, B2)", (t) => {
  const directory = temporaryDirectory(t);
  for (const [status, octet, name] of [
    ["malformedRequest", "01", "malformedrequest"],
    ["internalError", "02", "internalerror"],
    ["tryLater", "03", "trylater"],
    ["sigRequired", "05", "sigrequired"],
    ["unauthorized", "06", "unauthorized"],
  ] as const satisfies readonly (readonly [ErrorStatus, string, string])[]) {
    const response = errorResponse(status);
    assert.equal(response.toString("hex"), `30030a01${octet}`);
    const file = writeInto(directory, "response.der", response);
    const { stdout } = tryOpenssl(["ocsp", "-respin", file, "-noverify"]);
    assert.match(stdout.toString(), new RegExp(`Responder Error: ${name} `));
  }
});

it("ResponseData, byte for byte: version left out, responderID byKey, producedAt = thisUpdate, nonce last (B3-B8, F7)", () => {
  const responses = [
    { certID, status: { kind: "good" } },
    { certID, status: { kind: "unknown" } },
    { certID, status: { kind: "revoked", revocationTime: 1, reason: 0 } },
    { certID, status: { kind: "revoked", revocationTime: 1, reason: 4 } },
  ] as const;
  const data = encodeResponseData(template, responses, 0, 86_399, [nonceExtension(Buffer.of(0xc0, 0xde))]);
  const thisUpdate = "180f31393730303130313030303030305a";
  const times = `${thisUpdate}a011180f31393730303130313233353935395a`;
  const revokedAt = "180f31393730303130313030303030315a";
  const expected = [
    "30820116",
    `a2160414${"aa".repeat(20)}`,
    thisUpdate,
    "3081d3",
    `3029040101${"8000"}${times}`,
    `3029040101${"8200"}${times}`,
    `303a040101a111${revokedAt}${times}`,
    `303f040101a116${revokedAt}a0030a0104${times}`,
    "a1153013301106092b0601050507300102",
    "04040402c0de",
  ].join("");
  assert.equal(Buffer.from(data).toString("hex"), expected);
});

it("no nonce, no responseExtensions (D14); the certificate stands in certs (B17)", () => {
  const data = encodeResponseData(template, [{ certID, status: { kind: "good" } }], 0, 1, []);
  assert.equal(Buffer.from(data).includes(Buffer.from("2b0601050507300102", "hex")), false);
  const response = encodeOcspResponse(template, data, Buffer.of(0x55));
  assert.equal(response.subarray(-10).toString("hex"), "03020055a00430023000");
});

it("many answers in a row keep their times apart", () => {
  for (let second = 0; second < 200; second++) {
    const data = encodeResponseData(template, [{ certID, status: { kind: "good" } }], second, second + 1, []);
    const text = new Date(second * 1000).toISOString().slice(11, 19).replaceAll(":", "");
    assert(Buffer.from(data).includes(`19700101${text}Z`));
  }
});
