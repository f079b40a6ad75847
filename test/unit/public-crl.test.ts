import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Registry } from "prom-client";
import { publishedNames } from "../../src/crl/published-names.js";
import { CrlPublisher } from "../../src/issuer/crl-publisher.js";
import { COMPLETE_CRL } from "../../src/issuer/crl-state.js";
import { registerCrlGauges } from "../../src/responder/crl-metrics.js";
import { checkPublicCrl } from "../../src/verify/public-crl.js";
import { sekishoIn } from "../support/cli.js";
import { type Installation, makeInstallation, silent } from "../support/installation.js";

/** What relying parties get, and what alarms watch (peers 22). */
describe("published CRLs from outside", () => {
  let installation: Installation;
  let url: string;
  let now: number;
  let serve: RequestListener;
  const server = createServer((request, response) => serve(request, response));
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    installation = await makeInstallation((text) =>
      text
        .replace('validity = "7d"\n', 'validity = "7d"\nshards = 2\n')
        .replace(/public_url = ".*"/, `public_url = "${url}"`),
    );
    const { config, context, root } = installation;
    const publisher = new CrlPublisher(config, context.status, context.ca, silent);
    const [crl] = await publisher.publish(root);
    await publisher.publish(root, { ...COMPLETE_CRL, scope: 1 });
    now = crl?.thisUpdate ?? 0;
  });
  after(async () => {
    server.close();
    await installation.close();
  });

  const honest: RequestListener = ({ url: path }, response) =>
    response.end(readFileSync(join(installation.config.crl.dir, (path as string).replace("/crl/", ""))));
  const check = (at = now) => checkPublicCrl(installation.config.crl.dir, "root.crl", url, at);

  test("the same octets", async () => {
    serve = honest;
    assert.deepEqual(publishedNames(installation.config.crl.dir, "root"), ["root.crl", "root/1.crl"]);
    const { difference, age, remaining, octets } = await check(now + 5);
    assert.deepEqual([difference, age], [undefined, 5]);
    assert.equal(remaining, 7 * 86_400 - 5);
    assert.equal(octets, readFileSync(join(installation.config.crl.dir, "root.crl")).length);
  });

  test("other octets, more, fewer, none, nobody there, out of date", async () => {
    const { config } = installation;
    const crl = readFileSync(join(config.crl.dir, "root.crl"));
    const answer =
      (body: Buffer, status = 200): RequestListener =>
      (_request, response) => {
        response.writeHead(status);
        response.end(body);
      };
    const changed = Buffer.from(crl);
    changed[20] = (changed[20] as number) ^ 1;
    for (const body of [changed, Buffer.concat([crl, crl]), crl.subarray(1)]) {
      serve = answer(body);
      assert.match((await check()).difference ?? "", /octets that are not the/);
    }
    serve = answer(crl, 404);
    assert.match((await check()).difference ?? "", /answers 404/);
    serve = (request) => request.socket.destroy();
    assert.match((await check()).difference ?? "", /hang up/);
    serve = honest;
    assert.match((await check(now + 8 * 86_400)).difference ?? "", /out of date/);
  });

  test("a CRL that is published while it is fetched is looked at once more", async () => {
    const file = join(installation.config.crl.dir, "root.crl");
    const crl = readFileSync(file);
    let asked = 0;
    serve = (request, response) => {
      asked++;
      if (asked === 1) response.end(Buffer.concat([crl.subarray(0, -1), Buffer.of(0)]));
      else honest(request, response);
    };
    assert.equal((await check()).difference, undefined);
    assert.equal(asked, 2);
  });

  test("sekisho crl check-public: exit 0 and 1", async () => {
    serve = honest;
    const { file } = installation.config;
    const same = await sekishoIn(installation.dir, "crl", "check-public", "--config", file);
    assert.equal(same.code, 0, same.stderr);
    assert.match(same.stdout, /^same .*\/crl\/root\.crl .*\nsame .*\/crl\/root\/1\.crl .*\n$/);
    serve = (_request, response) => response.end("rubbish");
    const other = await sekishoIn(installation.dir, "crl", "check-public", "--config", file, "--json");
    assert.equal(other.code, 1);
    assert.match(other.stderr, /^error CRL_DIFFERS: http.*root\.crl: 7 octets/);
    assert.equal(JSON.parse(other.stdout).crls.length, 2);
  });

  test("metrics: times and size of each CRL; none of a file that is no CRL", async () => {
    const { config } = installation;
    const registry = new Registry();
    registerCrlGauges(registry, () => config);
    const rubbish = join(config.crl.dir, "root", "2.crl");
    mkdirSync(dirname(rubbish), { recursive: true });
    writeFileSync(rubbish, "rubbish");
    const text = await registry.metrics();
    assert.match(text, new RegExp(`sekisho_crl_this_update_seconds\\{crl="root.crl"\\} ${now}\n`));
    assert.match(
      text,
      new RegExp(`sekisho_crl_next_update_seconds\\{crl="root.crl"\\} ${now + 7 * 86_400}\n`),
    );
    assert.match(text, /sekisho_crl_octets\{crl="root\/1.crl"\} \d+\n/);
    assert.doesNotMatch(text, /2\.crl/);
  });
});
