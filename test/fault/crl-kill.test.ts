import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { crlPath } from "../../src/issuer/crl-files.js";
import { CrlPublisher } from "../../src/issuer/crl-publisher.js";
import { readPublishedCrl } from "../../src/issuer/published-crl.js";
import { type Installation, importRevoked, makeInstallation, silent } from "../support/installation.js";

/** kill -9 of the publishing process at any moment (invariants 3 and 5). */

const ROUNDS = 7;
/** More than 1 MB. */
const ENTRIES = 25_000;
/** About as long as one publication takes, so that every step of it is hit now and then. */
const MAX_DELAY_MS = 150;

describe("a publishing process is killed", () => {
  let installation: Installation;
  before(async () => {
    installation = await makeInstallation();
    await importRevoked(installation, ENTRIES);
  });
  after(() => installation.close());

  function startPublishing(): { child: ChildProcess; numbers: bigint[] } {
    const child = fork(new URL("../support/publishing-process.js", import.meta.url));
    const numbers: bigint[] = [];
    child.on("message", (number) => numbers.push(BigInt(String(number))));
    child.send(installation.config);
    return { child, numbers };
  }

  test(`${ROUNDS} times: the published file is always whole, numbers never repeat, rubbish goes`, async () => {
    const { config, root } = installation;
    const seen: bigint[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { child, numbers } = startPublishing();
      await once(child, "message");
      await wait(Math.random() * MAX_DELAY_MS);
      child.kill("SIGKILL");
      await once(child, "close");
      const published = readPublishedCrl(crlPath(config, "root"), root.certificate);
      assert.ok(published !== undefined);
      assert.ok(published.number >= (numbers.at(-1) ?? 0n), "what was reported is published");
      seen.push(...numbers);
      if (seen.at(-1) !== published.number) seen.push(published.number);
    }
    assert.deepEqual(
      seen,
      [...new Set(seen)].sort((a, b) => Number(a - b)),
      "numbers rise strictly",
    );
    await publishesOn(seen.at(-1) as bigint);
  });

  /** Whoever comes next publishes under a new number; the journal knows everything that was out. */
  async function publishesOn(last: bigint): Promise<void> {
    const { config, root, context } = installation;
    const publisher = new CrlPublisher(config, context.status, context.ca, silent);
    const [crl] = await publisher.publish(root);
    assert.ok(crl !== undefined);
    assert.ok(crl.number > last);
    assert.deepEqual(readdirSync(join(config.crl.dir, ".staging")), []);
    const { reader } = context.status;
    const recorded: bigint[] = [];
    for (let position = 1; position <= reader.head().position; position++) {
      const body = reader.record(position)?.body;
      if (body?.kind === "crl") recorded.push(BigInt(body.number));
    }
    assert.equal(new Set(recorded).size, recorded.length);
    assert.ok(recorded.includes(last) && recorded.includes(crl.number));
  }
});
