import assert from "node:assert/strict";
import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { parseOcspRequest } from "../../src/ocsp/request.js";
import type { CertStatus, ResponseTemplate } from "../../src/ocsp/response.js";
import { ECDSA_WITH_SHA256, SHA256_WITH_RSA } from "../support/crl.js";
import { signedResponse, templateOf } from "../support/ocsp-response.js";
import { OpensslCa } from "../support/openssl-ca.js";

const seconds = (iso: string): number => Date.parse(iso) / 1000;
const REVOKED_AT = seconds("2024-02-29T23:59:59Z");
const revoked = (reason: number): CertStatus => ({ kind: "revoked", revocationTime: REVOKED_AT, reason });

/** Status, and what openssl prints for it. */
const STATUSES: readonly (readonly [serial: string, CertStatus, RegExp])[] = [
  ["1", { kind: "good" }, /good/],
  ["2", { kind: "unknown" }, /unknown/],
  ["3", revoked(0), /revoked\n\s*Revocation Time: Feb 29 23:59:59 2024 GMT/],
  [
    "4",
    revoked(1),
    /revoked\n\s*Revocation Time: Feb 29 23:59:59 2024 GMT\n\s*Revocation Reason: keyCompromise/,
  ],
  ["5", revoked(6), /Reason: certificateHold/],
  ["6", revoked(10), /revoked/],
];

for (const keyType of ["rsa", "p256"] as const)
  describe(`openssl judges our responses, ${keyType} (section B)`, () => {
    let ca: OpensslCa;
    let key: KeyObject;
    let template: ResponseTemplate;
    const now = Math.floor(Date.now() / 1000);
    const validity = [now - 60, now + 3600] as const;

    before(() => {
      ca = new OpensslCa(keyType);
      const algorithm = keyType === "rsa" ? ["rsa:2048"] : ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
      ca.run(
        "req",
        "-new",
        "-newkey",
        ...algorithm,
        "-nodes",
        "-keyout",
        "ocsp.key",
        "-out",
        "ocsp.csr",
        "-subj",
        "/CN=OCSP",
      );
      writeFileSync(
        ca.path("ocsp.ext"),
        "extendedKeyUsage = OCSPSigning\nkeyUsage = critical,digitalSignature\nnoCheck = ignored\n",
      );
      const sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2", "-extfile", "ocsp.ext"];
      ca.run("x509", "-req", "-in", "ocsp.csr", ...sign, "-set_serial", "99", "-out", "ocsp.pem");
      key = createPrivateKey(readFileSync(ca.path("ocsp.key")));
      template = templateOf(
        readFileSync(ca.path("ocsp.pem")),
        keyType === "rsa" ? SHA256_WITH_RSA : ECDSA_WITH_SHA256,
      );
    });
    after(() => ca.remove());

    /** Answers openssl's own request with the statuses and lets openssl judge the answer. */
    function judged(
      serials: readonly string[],
      statuses: readonly CertStatus[],
      nonce: "-nonce" | "-no_nonce",
    ): string {
      const asked = serials.flatMap((serial) => ["-serial", serial]);
      ca.run("ocsp", "-issuer", "ca.pem", "-sha256", ...asked, nonce, "-reqout", "request.der");
      const request = parseOcspRequest(readFileSync(ca.path("request.der")));
      const responses = request.certIDs.map(({ encoded }, n) => ({
        certID: encoded,
        status: statuses[n] ?? assert.fail(),
      }));
      writeFileSync(
        ca.path("response.der"),
        signedResponse(template, key, responses, validity, request.nonce),
      );
      const judge = ["-reqin", "request.der", "-respin", "response.der", "-CAfile", "ca.pem"];
      return ca.run("ocsp", ...judge, "-resp_text");
    }

    it("every status in one answer: signature, status, reason and times are what we meant (B3-B10, B17, B19)", () => {
      const printed = judged(
        STATUSES.map(([serial]) => serial),
        STATUSES.map(([, status]) => status),
        "-no_nonce",
      );
      assert.match(printed, /Response verify OK/);
      assert.match(printed, /OCSP Response Status: successful \(0x0\)/);
      assert.match(printed, /Responder Id: [0-9A-F]{40}/);
      const singles = printed.split("Certificate ID:").slice(1);
      assert.equal(singles.length, STATUSES.length);
      STATUSES.forEach(([serial, , pattern], n) => {
        assert.match(singles[n] ?? "", new RegExp(`Serial Number: 0${serial}\\n`));
        assert.match(`Cert Status: ${singles[n]?.split("Cert Status: ")[1]}`, pattern);
      });
      for (const [label, at, times] of [
        ["Produced At", validity[0], 1],
        ["This Update", validity[0], STATUSES.length],
        ["Next Update", validity[1], STATUSES.length],
      ] as const) {
        const dates = [...printed.matchAll(new RegExp(`${label}: (.*)`, "g"))].map(([, date]) =>
          Date.parse(date ?? ""),
        );
        assert.deepEqual(dates, Array(times).fill(at * 1000), label);
      }
    });

    it("the nonce comes back: without it, or with another one, openssl would complain (D1)", () => {
      const printed = judged(["1"], [{ kind: "good" }], "-nonce");
      assert.match(printed, /Response verify OK/);
      assert.match(printed, /OCSP Nonce/);
      assert.doesNotMatch(printed, /WARNING/);
    });

    it("a changed byte of the signed data does not verify", () => {
      judged(["1"], [{ kind: "good" }], "-nonce");
      const response = readFileSync(ca.path("response.der"));
      response[response.indexOf(Buffer.from("8000180f", "hex"))] = 0x82;
      writeFileSync(ca.path("response.der"), response);
      const judge = ["-respin", "response.der", "-CAfile", "ca.pem"];
      assert.throws(() => ca.run("ocsp", ...judge), /Response Verify Failure/);
    });
  });
