import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { sekishoIn } from "../support/cli.js";
import { OpensslCa } from "../support/openssl-ca.js";

const REVOKED = "R\t350101000000Z\t250101000000Z,keyCompromise\t4FA2\tunknown\t/CN=one";

test("crl verify and crl show read a CRL of openssl without an issuer or a configuration", async (t) => {
  const ca = new OpensslCa("p256");
  const other = new OpensslCa("p256");
  t.after(() => ca.remove());
  t.after(() => other.remove());
  const run = (...args: string[]) => sekishoIn(ca.directory, "crl", ...args);

  ca.generateCrl([REVOKED], "20250102000000Z", "20990101000000Z", "07");
  const good = await run("verify", "crl.der", "--ca", "ca.pem", "--json");
  assert.equal(good.code, 0, good.stderr);
  const { number, entries, reasons, thisUpdate, currency } = JSON.parse(good.stdout);
  assert.deepEqual(
    { number, entries, reasons, thisUpdate, currency },
    {
      number: "7",
      entries: 1,
      reasons: { keyCompromise: 1 },
      thisUpdate: "2025-01-02T00:00:00Z",
      currency: "current",
    },
  );
  const foreign = await run("verify", "crl.der", "--ca", other.path("ca.pem"));
  assert.equal(foreign.code, 1);
  assert.match(foreign.stderr, /^error CRL_INVALID: /);

  ca.generateCrl([REVOKED], "20250102000000Z", "20250103000000Z", "08");
  const stale = await run("verify", "crl.der", "--ca", "ca.pem");
  assert.equal(stale.code, 1);
  assert.match(stale.stderr, /^error CRL_INVALID: .*out of date since 2025-01-03T00:00:00Z\n$/);
  const shown = await run("show", "crl.der");
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /^reasons {6}keyCompromise 1$/m);

  writeFileSync(ca.path("junk"), "junk");
  const junk = await run("verify", "junk", "--ca", "ca.pem");
  assert.equal(junk.code, 1);
  assert.match(junk.stderr, /^error CRL_INVALID: /);
});
