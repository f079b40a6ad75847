import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { isRevoked, syntheticSerial } from "../../src/issuer/synthetic-population.js";
import { serialText } from "../../src/x509/serial.js";
import { tryOpenssl } from "../support/openssl.js";
import { freePort, type RunningQuickstart, sekisho, startQuickstart } from "../support/quickstart.js";

const TOOLS = fileURLToPath(new URL("../../tools", import.meta.url));

/** `npm run seed` of the contract (DESIGN 6), with real processes and the openssl client. */
describe("seed", () => {
  const home = mkdtempSync(join(tmpdir(), "sekisho-e2e-"));
  const dir = join(home, "demo");
  const config = join(dir, "sekisho.toml");
  const population = { certificates: 10_000, revoked: 100 };
  let running: RunningQuickstart;
  const start = async (): Promise<void> => {
    running = await startQuickstart(dir, [
      "--port",
      String(await freePort()),
      "--signer",
      "software",
      "--key",
      "p256",
    ]);
  };
  before(start);
  after(async () => {
    await running.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const tool = (name: string, ...args: string[]) =>
    spawnSync(process.execPath, [join(TOOLS, `${name}.js`), "--config", config, ...args], {
      encoding: "utf8",
    });
  const seed = (certs: number, revoked: number, ...more: string[]) =>
    tool("seed", "--certs", String(certs), "--revoked", String(revoked), ...more);
  const serialOf = (n: number): string => serialText(syntheticSerial(n));
  const numbers = (revoked: boolean): number[] =>
    Array.from({ length: population.certificates }, (_, n) => n).filter(
      (n) => isRevoked(population, n) === revoked,
    );
  const ask = (n: number): string => {
    const issuer = join(dir, "pki", "issuer.pem");
    const url = `${running.base}/ocsp`;
    const { stdout, stderr } = tryOpenssl([
      "ocsp",
      "-issuer",
      issuer,
      "-CAfile",
      issuer,
      "-url",
      url,
      "-serial",
      `0x${serialOf(n)}`,
    ]);
    return `${stderr}${stdout}`;
  };

  test("a dry run does nothing, wrong command lines are exit 2", () => {
    const dry = seed(10_000, 100, "--dry-run");
    assert.equal(dry.status, 0);
    assert.match(dry.stdout, /10000 certificates of issuer root, 100 revoked: up to 1 MB/);
    assert.match(seed(10_000, 100).stdout, /10000 added .*, 0 were there before/);
    for (const [certs, revoked] of [
      [0, 0],
      [5, 6],
      [-1, 0],
      [2 ** 27, 0],
    ] as const) {
      const wrong = seed(certs, revoked);
      assert.deepEqual([wrong.status, wrong.stdout], [2, ""]);
      assert.match(wrong.stderr, /^error USAGE: .*\n$/);
    }
    assert.match(tool("seed", "--help").stdout, /Exit codes/);
  });

  test("openssl is told good and revoked, and a serial beyond the population is unknown", () => {
    for (const n of [numbers(false)[0], numbers(false).at(-1)] as number[])
      assert.match(ask(n), new RegExp(`Response verify OK[^]*0x${serialOf(n)}: good`));
    for (const n of [numbers(true)[0], numbers(true).at(-1)] as number[])
      assert.match(ask(n), new RegExp(`Response verify OK[^]*0x${serialOf(n)}: revoked[^]*Revocation Time`));
    assert.match(ask(10_000), /: unknown/);
  });

  test("status and cert show say that they are synthetic", () => {
    assert.match(sekisho(dir, "status").stdout, /synthetic +10000 certificates made up for load tests/);
    const shown = sekisho(dir, "cert", "show", serialOf(5));
    assert.match(shown.stdout, /synthetic +made up for load tests; there is no certificate/);
    const { synthetic } = JSON.parse(sekisho(dir, "cert", "show", serialOf(5), "--json").stdout);
    assert.equal(synthetic, true);
  });

  test("the CRL lists the revoked ones, and they are revoked in bulk like any other", () => {
    const list = join(home, "list.csv");
    const some = numbers(false).slice(0, 5_000);
    writeFileSync(list, some.map((n) => `${serialOf(n)},superseded\n`).join(""));
    assert.match(
      sekisho(dir, "cert", "revoke", "--file", list).stdout,
      /5000 revoked, 0 revoked before, 0 failed/,
    );
    assert.match(ask(some[4_999] as number), /: revoked/);
    const { crl } = JSON.parse(sekisho(dir, "crl", "issue", "--json").stdout);
    assert.equal(crl.entries, 100 + 5_000 + 2);
  });

  test("without the issuer it writes the store, goes on after Ctrl-C, and the issuer waits", async () => {
    assert.equal(await running.stop(), 0);
    const more = ["--config", config, "--certs", "3000000", "--revoked", "100"];
    const long = spawn(process.execPath, [join(TOOLS, "seed.js"), ...more], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exit = once(long, "exit");
    let output = "";
    for await (const text of long.stdout) {
      output += text;
      // It holds the lock once it has said which way it takes.
      if (!/into the store/.test(output) || long.killed) continue;
      const issuer = sekisho(dir, "issuer");
      assert.match(issuer.stderr, /error INSTANCE_RUNNING/);
      long.kill("SIGINT");
    }
    assert.deepEqual(await exit, [1, null]);
    const at = Number(/stopped at (\d+) of 3000000/.exec(output)?.[1]);
    assert(at > 10_000 && at < 3_000_000, output);
    const rest = seed(at + 1_000, 100);
    assert.match(rest.stdout, new RegExp(`1000 added .*, ${at} were there before`));
    assert.match(readFileSync(join(dir, "audit", "audit.log"), "utf8"), /"kind":"store.seeded"/);
    assert.match(tool("fsck").stdout, new RegExp(`^clean: .*, ${at + 1_000} synthetic\\)`));
    await start();
    assert.match(ask(at + 998), /: good/);
  });

  test("production refuses", () => {
    const text = readFileSync(config, "utf8");
    writeFileSync(config, text.replace("production = false", "production = true"));
    const refused = seed(1, 0);
    writeFileSync(config, text);
    assert.notEqual(refused.status, 0);
    assert.match(refused.stderr, /^error (SYNTHETIC_REFUSED|CONFIG_INVALID): /);
  });
});
