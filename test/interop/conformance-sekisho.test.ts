import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { CrlPublisher } from "../../src/issuer/crl-publisher.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { encodePem } from "../../src/x509/pem.js";
import { failedNames, kitArguments, readReport, runKit } from "../support/conformance.js";
import { revoke, silent } from "../support/installation.js";
import { writeInto } from "../support/openssl.js";
import { makeServedInstallation, RunningResponder, type ServedInstallation } from "../support/responder.js";

/** The conformance kit on our own responder, as an operator would run it: it finds nothing. */

/** What we do not do, by choice or not yet. */
const KNOWN = new Set(["F19 a part of the CRL"]);

/** Checks without anything to look at, beside those of a mode that answers revoked where nothing was issued. */
const ABSENT = {
  pkix: [],
  "cabf-br": ["C10 a CA that signs answers itself has digitalSignature"],
};

const VARIANTS = [
  { transport: "uws", keyType: "rsa2048", profile: "pkix" },
  { transport: "http1", keyType: "p256", profile: "cabf-br" },
] as const;

for (const { transport, keyType, profile } of VARIANTS)
  describe(`Sekisho by ${transport} with a ${keyType} delegate, profile ${profile}`, () => {
    let installation: ServedInstallation;
    let responder: RunningResponder;
    before(async () => {
      installation = await makeServedInstallation((text) => {
        const listen = /^listen = "(.*)"$/m.exec(text)?.[1];
        return text
          .replace(/^public_url = "[^"]*"/m, `public_url = "http://${listen}"`)
          .replace(/^workers = .*$/m, `workers = 1\ntransport = "${transport}"`)
          .replace(/^(\[issuers\.root\])$/m, `$1\nrule_profile = "${profile}"`)
          .replace(/(\[issuers\.root\.ocsp\]\ntoken = "ocsp"\nkey_type = )"p256"/, `$1"${keyType}"`);
      });
      const { context, root, dir } = installation;
      const save = (name: string, { der }: Certificate) =>
        writeInto(dir, `${name}.pem`, encodePem(der, "CERTIFICATE"));
      save("issuer", root.certificate);
      save("good", await installation.issue());
      const revoked = await installation.issue();
      save("revoked", revoked);
      await revoke(installation, revoked.serialNumber);
      await new CrlPublisher(context.config, context.status, context.ca, silent).publish(root);
      responder = await RunningResponder.start(dir);
    });
    after(async () => {
      await responder.stop();
      await installation.close();
    });

    test("every check that applies is passed", () => {
      const { dir, port } = installation;
      const report = join(dir, "report.json");
      const run = runKit(
        ...kitArguments(`http://127.0.0.1:${port}/ocsp`, dir),
        ...["--profile", profile, "--json", report],
      );
      assert.equal(run.status, 0, run.stdout + run.stderr);
      const checks = readReport(report);
      assert.deepEqual(
        failedNames(checks).filter((name) => !KNOWN.has(name)),
        [],
        run.stdout,
      );
      assert.ok(checks.filter(({ verdict }) => verdict === "passed").length > 430, run.stdout);
      const absent = checks.filter(({ verdict }) => verdict === "absent").map(({ name }) => name);
      assert.deepEqual(
        absent.filter((name) => !name.startsWith("B13 a serial")),
        ABSENT[profile],
        run.stdout,
      );
    });
  });
