import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { OID, oid } from "../../src/asn1/oid.js";
import { assertStrictDer } from "../../src/asn1/strict-der.js";
import { contextConstructed, contextPrimitive, TAG } from "../../src/asn1/tags.js";
import { generalizedTime } from "../../src/asn1/time.js";
import {
  bitString,
  constructed,
  type Der,
  encode,
  encoded,
  integer,
  octetString,
  primitive,
  sequence,
} from "../../src/asn1/writer.js";
import { CERT_ID_HASHES, isMalformed, parseOcspRequest } from "../../src/ocsp/request.js";
import {
  type CertStatus,
  encodeOcspResponse,
  encodeResponseData,
  responseTemplate,
  type SingleResponse,
} from "../../src/ocsp/response.js";
import { archiveCutoffExtension, nonceExtension } from "../../src/ocsp/response-extensions.js";
import { SHA256_WITH_RSA } from "../support/crl.js";
import { mutated } from "../support/mutated.js";
import {
  acceptableResponses,
  certID,
  integerContent,
  nonce,
  ocspRequest,
  request,
} from "../support/ocsp-request.js";

const time = fc.integer({ min: 0, max: 253_402_300_799 });
const anyNonce = fc.option(fc.uint8Array({ minLength: 16, maxLength: 128 }), { nil: undefined });

const anyStatus: fc.Arbitrary<CertStatus> = fc.oneof(
  fc.constant({ kind: "good" } as const),
  fc.constant({ kind: "unknown" } as const),
  fc.record({
    kind: fc.constant("revoked" as const),
    revocationTime: time,
    reason: fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 9, 10),
  }),
);

const anyCertID = fc
  .tuple(fc.constantFrom(...CERT_ID_HASHES), fc.uint8Array({ minLength: 1, maxLength: 20 }))
  .map(([hash, [first = 0, ...rest]]) =>
    certID({ hash, serial: integerContent(Buffer.from([0x01 + (first & 0x3f), ...rest]).toString("hex")) }),
  );

const anySingle: fc.Arbitrary<SingleResponse> = fc
  .tuple(anyCertID, anyStatus, fc.array(fc.nat(2 ** 31), { maxLength: 3 }))
  .map(([id, status, cutoffs]) => ({
    certID: encode(id),
    status,
    extensions: cutoffs.map(archiveCutoffExtension),
  }));

/** The same SingleResponse by the general writer (RFC 6960 4.2.1). */
function singleResponse(
  { certID: id, status, extensions = [] }: SingleResponse,
  thisUpdate: number,
  nextUpdate: number,
): Der {
  const list = sequence(...extensions.map(encoded));
  return sequence(
    encoded(id),
    certStatus(status),
    generalizedTime(thisUpdate),
    constructed(contextConstructed(0), generalizedTime(nextUpdate)),
    extensions.length === 0 ? undefined : constructed(contextConstructed(1), list),
  );
}

function certStatus(status: CertStatus): Der {
  if (status.kind !== "revoked")
    return primitive(contextPrimitive(status.kind === "good" ? 0 : 2), new Uint8Array(0));
  const reason = constructed(contextConstructed(0), integer(status.reason, TAG.ENUMERATED));
  return constructed(
    contextConstructed(1),
    generalizedTime(status.revocationTime),
    status.reason === 0 ? undefined : reason,
  );
}

const nonces = (nonce: Uint8Array | undefined): Uint8Array[] =>
  nonce === undefined ? [] : [nonceExtension(nonce)];

const keyHash = createHash("sha1").update("responder").digest();
const template = responseTemplate(
  { keyHash },
  SHA256_WITH_RSA,
  encode(sequence(octetString(new Uint8Array(700)))),
);

describe("ResponseData (B3-B10, D1)", () => {
  const anyResponses = fc.array(anySingle, { minLength: 1, maxLength: 40 });

  it("is what the general writer writes, for any number of responses, statuses, reasons and nonces", () => {
    fc.assert(
      fc.property(anyResponses, time, time, anyNonce, (responses, thisUpdate, nextUpdate, value) => {
        const extension = (octets: Uint8Array): Der =>
          sequence(oid(OID.idPkixOcspNonce), octetString(encode(octetString(octets))));
        const expected = sequence(
          constructed(contextConstructed(2), octetString(keyHash)),
          generalizedTime(thisUpdate),
          sequence(...responses.map((each) => singleResponse(each, thisUpdate, nextUpdate))),
          value && constructed(contextConstructed(1), sequence(extension(value))),
        );
        const data = encodeResponseData(template, responses, thisUpdate, nextUpdate, nonces(value));
        assert.deepEqual(Uint8Array.from(data), encode(expected));
      }),
    );
  });

  it("stands in an OCSPResponse that is strict DER of exactly its length, for any length of signature", () => {
    fc.assert(
      fc.property(
        anyResponses,
        anyNonce,
        fc.uint8Array({ minLength: 1, maxLength: 600 }),
        (responses, value, signature) => {
          const data = encodeResponseData(template, responses, 0, 1, nonces(value));
          const basic = sequence(
            encoded(data),
            encoded(SHA256_WITH_RSA),
            bitString(signature),
            encoded(template.certificates),
          );
          const bytes = sequence(oid(OID.idPkixOcspBasic), octetString(encode(basic)));
          const expected = sequence(integer(0, TAG.ENUMERATED), constructed(contextConstructed(0), bytes));
          const response = encodeOcspResponse(template, data, signature);
          assert.deepEqual(Uint8Array.from(response), encode(expected));
          assertStrictDer(response);
          assertStrictDer(encode(basic));
        },
      ),
    );
  });

  it("refuses times that GeneralizedTime cannot say", () => {
    for (const bad of [-1, 0.5, 253_402_300_800])
      assert.throws(() => encodeResponseData(template, [], bad, 1, []), RangeError);
  });
});

describe("the request parser", () => {
  const anyRequest = fc
    .tuple(
      fc.array(anyCertID, { minLength: 1, maxLength: 16 }),
      fc.integer({ min: 1, max: 128 }),
      fc.boolean(),
    )
    .map(([ids, octets, signed]) =>
      ocspRequest({
        requests: ids.map((id) => request(id)),
        extensions: [nonce(octets), acceptableResponses(OID.idPkixOcspBasic)],
        ...(signed ? { signatureCertificates: 2 } : {}),
      }),
    );

  /** Parses; malformed bytes are undefined, any other exception passes. */
  function parsed(bytes: Uint8Array): ReturnType<typeof parseOcspRequest> | undefined {
    try {
      return parseOcspRequest(bytes);
    } catch (error) {
      assert(isMalformed(error), String(error));
      return undefined;
    }
  }

  it("takes every valid request", () => {
    fc.assert(fc.property(anyRequest, (bytes) => assert(parsed(bytes) !== undefined)));
  });

  it("refuses random bytes and nothing worse", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => assert.equal(parsed(bytes), undefined)),
      { numRuns: 2000 },
    );
  });

  it("refuses mutated requests or reads them strictly: what it echoes is DER and part of the request", () => {
    let accepted = 0;
    fc.assert(
      fc.property(anyRequest.chain(mutated), (bytes) => {
        const found = parsed(bytes);
        if (found === undefined) return;
        accepted++;
        for (const { encoded: id } of found.certIDs) {
          assertStrictDer(id);
          assert.equal(id.buffer, bytes.buffer);
        }
        assert(found.nonce === undefined || (found.nonce.length >= 16 && found.nonce.length <= 128));
      }),
      { numRuns: 2000 },
    );
    assert(accepted > 50, `only ${accepted} mutations were accepted`);
  });
});
