import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { resultSchemas } from "../../src/control/messages.js";
import { ALL, CA_CERTIFICATES } from "../../src/crl/scope.js";
import { crlPath } from "../../src/issuer/crl-files.js";
import { pinnedScope } from "../../src/issuer/crl-partition.js";
import { execute, type IssuerContext } from "../../src/issuer/operations.js";
import { type Installation, makeInstallation, TestClock } from "../support/installation.js";
import { issuerContext } from "../support/issuer-context.js";

/** What `sekisho crl issue`, `crl show` and `status` do and say where there are several CRLs (peers 24). */

const COMMON: { role: "manager"; approvals: [] } = { role: "manager", approvals: [] };
const DELTAS = 'delta = { period = "1h", validity = "3h" }\n';

describe("an issuer with delta CRLs and shards", () => {
  const clock = new TestClock();
  let installation: Installation;
  let issuer: IssuerContext;
  before(async () => {
    installation = await makeInstallation((text) =>
      text.replace('validity = "7d"\n', `validity = "7d"\nshards = 2\n${DELTAS}`),
    );
    issuer = issuerContext(installation, clock);
  });
  after(() => installation.close());

  const show = async () => {
    const shown = await execute(issuer, { op: "crl.show", issuer: "root", ...COMMON });
    return resultSchemas["crl.show"].parse(shown);
  };
  const publish = (delta: boolean) => execute(issuer, { op: "crl.issue", issuer: "root", delta, ...COMMON });

  test("nothing is published: all of them are due at once", async () => {
    const { crl, crlDue, delta, deltaDue, shards } = await show();
    assert.deepEqual([crl, delta, deltaDue], [undefined, undefined, undefined]);
    assert.deepEqual(crlDue, { at: "1970-01-01T00:00:00Z", why: "no CRL is published" });
    assert.deepEqual(
      shards?.map(({ scope, due }) => `${scope}: ${due?.why}`),
      [
        "shard 1: no CRL is published",
        "shard 2: no CRL is published",
        "for CA certificates: no CRL is published",
      ],
    );
    await assert.rejects(publish(true), { code: "CRL_MISSING" });
  });

  test("crl issue makes every complete one, crl issue --delta the delta CRL", async () => {
    await publish(false);
    for (const scope of [ALL, 1, 2, CA_CERTIFICATES])
      assert.ok(existsSync(crlPath(installation.config, "root", { scope, delta: false })), `scope ${scope}`);
    await publish(true);
    const { crl, crlDue, delta, deltaDue } = await show();
    assert.equal(crl?.why, "its time had come", "none was published, so that one was due");
    assert.equal(delta?.base, crl?.number);
    const seconds = (time: string | undefined) => Date.parse(time ?? "") / 1_000;
    for (const one of [crl, delta]) assert.equal(one?.remaining, seconds(one?.nextUpdate) - clock.seconds);
    assert.equal(seconds(crlDue?.at) - seconds(crl?.thisUpdate), 12 * 3_600);
    assert.equal(seconds(deltaDue?.at) - seconds(delta?.thisUpdate), 3_600);
    await publish(false);
    assert.equal((await show()).crl?.why, "an operator asked for it");
  });

  test("status says the same, and that a CRL is out of date", async () => {
    clock.advance(8 * 86_400);
    const status = await execute(issuer, { op: "status", ...COMMON });
    const [root] = resultSchemas.status.parse(status).issuers;
    assert.equal(root?.crl?.remaining, 0);
    assert.equal(root?.shards?.length, 3);
  });

  test("certificates name the shard that they are pinned to; shards that were used stay when the number shrinks (H12)", async () => {
    const certificate = await installation.issue();
    const scope = pinnedScope(certificate);
    assert.ok(scope === 1 || scope === 2);
    const row = installation.context.status.reader.row(installation.root.issuer, certificate.serialNumber);
    assert.equal(row?.shard, scope);
    const { root } = installation;
    const shrunk = { ...root, config: { ...root.config, crl: { ...root.config.crl, shards: 1 } } };
    assert.deepEqual(issuer.schedule.scopes(shrunk), [ALL, 1, 2, CA_CERTIFICATES]);
  });
});

test("an issuer without delta CRLs refuses to make one", async (t) => {
  const installation = await makeInstallation();
  t.after(() => installation.close());
  const request = { op: "crl.issue", issuer: "root", delta: true, ...COMMON } as const;
  await assert.rejects(execute(issuerContext(installation), request), {
    code: "USAGE",
    message: /crl\.delta/,
  });
});
