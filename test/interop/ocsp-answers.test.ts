import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { CRL_REASON } from "../../src/crl/reason.js";
import { changeStatus } from "../../src/issuer/change-status.js";
import { encodePem } from "../../src/x509/pem.js";
import { randomSerial, serialText } from "../../src/x509/serial.js";
import { type Answered, answererOf } from "../support/batch.js";
import { enrol, type Installation, makeInstallation } from "../support/installation.js";
import { openssl, tryOpenssl, writeInto } from "../support/openssl.js";

/** openssl asks and openssl judges: `ocsp -respin` on what the worker answers. */

const DELEGATE_KEY = /(\[issuers\.root\.ocsp\]\ntoken = "ocsp"\nkey_type = )"p256"/;

for (const keyType of ["p256", "rsa2048"])
  describe(`answers signed with a ${keyType} delegate`, () => {
    let installation: Installation;
    let answer: (...requests: Uint8Array[]) => Promise<Answered[]>;
    const serials = { good: "", revoked: "", held: "", unknown: serialText(randomSerial()) };
    before(async () => {
      installation = await makeInstallation((text) => text.replace(DELEGATE_KEY, `$1"${keyType}"`));
      await enrol(installation);
      answer = answererOf(installation);
      const { context, root, dir } = installation;
      writeInto(dir, "root.pem", encodePem(root.certificate.der, "CERTIFICATE"));
      for (const name of ["good", "revoked", "held"] as const)
        serials[name] = serialText((await installation.issue()).serialNumber);
      const reason = CRL_REASON.keyCompromise;
      const now = Math.floor(Date.now() / 1000);
      const serial = (name: keyof typeof serials) => Buffer.from(serials[name], "hex");
      await changeStatus(
        context.status,
        root.issuer,
        [
          { act: "revoke", serial: serial("revoked"), reason, invalidityDate: 0 },
          { act: "hold", serial: serial("held") },
        ],
        now,
      );
    });
    after(() => installation.close());

    /** Has openssl make a request, answers it, and has openssl verify the answer; returns what it says. */
    async function asked(names: readonly (keyof typeof serials)[], ...options: string[]): Promise<string> {
      const { dir } = installation;
      const at = (name: string) => `${dir}/${name}`;
      const wanted = names.flatMap((name) => ["-serial", `0x${serials[name]}`]);
      const ids = [...options, "-issuer", at("root.pem"), ...wanted];
      openssl(["ocsp", ...ids, "-reqout", at("request.der")]);
      const [{ response }] = (await answer(readFileSync(at("request.der")))) as [Answered];
      writeInto(dir, "response.der", response);
      const judged = tryOpenssl([
        "ocsp",
        ...ids,
        "-no_nonce",
        "-respin",
        at("response.der"),
        "-CAfile",
        at("root.pem"),
      ]);
      assert.equal(judged.status, 0, judged.stderr);
      assert.match(judged.stderr, /Response verify OK/);
      return judged.stdout.toString();
    }

    test("good", async () => {
      assert.match(
        await asked(["good"], "-no_nonce"),
        new RegExp(`0x${serials.good}: good\n\\s+This Update`),
      );
    });

    test("revoked, with reason and time", async () => {
      const text = await asked(["revoked"], "-no_nonce");
      assert.match(text, /: revoked\n[\s\S]*Reason: keyCompromise\n\s+Revocation Time: /);
    });

    test("held", async () => {
      assert.match(await asked(["held"], "-no_nonce"), /: revoked\n[\s\S]*Reason: certificateHold/);
    });

    test("never issued", async () => {
      assert.match(await asked(["unknown"], "-no_nonce"), /: unknown\n/);
    });

    for (const hash of ["-sha1", "-sha256", "-sha384", "-sha512"])
      test(`several at once, CertIDs by ${hash}`, async () => {
        const text = await asked(["good", "revoked", "held"], "-no_nonce", hash);
        assert.deepEqual(text.match(/: (good|revoked|unknown)\n/g), [
          ": good\n",
          ": revoked\n",
          ": revoked\n",
        ]);
      });

    test("a nonce comes back", async () => {
      const { dir } = installation;
      await asked(["good"]);
      const { stderr } = tryOpenssl([
        ...["ocsp", "-reqin", `${dir}/request.der`, "-respin", `${dir}/response.der`],
        ...["-CAfile", `${dir}/root.pem`],
      ]);
      assert.match(stderr, /Response verify OK/);
      assert.doesNotMatch(stderr, /nonce/i, "openssl warns when there is none and fails when it differs");
    });
  });
