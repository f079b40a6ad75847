import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fetchOnce } from "../support/fetch-once.js";
import { tryOpenssl } from "../support/openssl.js";
import {
  freePort,
  type RunningQuickstart,
  runQuickstart,
  sekisho,
  startQuickstart,
} from "../support/quickstart.js";

/** The contract of DESIGN 6, with SoftHSM2, real processes and the openssl client. */

describe("quickstart", () => {
  const home = mkdtempSync(join(tmpdir(), "sekisho-e2e-"));
  const dir = join(home, "demo");
  const pem = (name: string): string => join(dir, "pki", `${name}.pem`);
  let port = 0;
  let running: RunningQuickstart;
  before(async () => {
    port = await freePort();
    running = await startQuickstart(dir, ["--port", String(port)]);
  });
  after(async () => {
    await running.stop();
    rmSync(home, { recursive: true, force: true });
  });

  /** What openssl said on both streams; fails unless it exits 0. */
  const openssl = (...args: string[]): string => {
    const { status, stdout, stderr } = tryOpenssl(args);
    assert.equal(status, 0, stderr);
    return `${stderr}${stdout}`;
  };

  const ocsp = (...args: string[]): string =>
    openssl(
      "ocsp",
      "-issuer",
      pem("issuer"),
      "-CAfile",
      pem("issuer"),
      "-url",
      `${running.base}/ocsp`,
      ...args,
    );
  const serialOf = (name: string): string =>
    openssl("x509", "-in", pem(name), "-noout", "-serial").trim().replace("serial=", "");
  const crlText = async (): Promise<string> => {
    const response = await fetchOnce(`${running.base}/crl/root.crl`);
    const file = join(dir, "fetched.crl");
    writeFileSync(file, Buffer.from(await response.arrayBuffer()));
    return openssl("crl", "-inform", "DER", "-in", file, "-noout", "-text", "-crlnumber");
  };
  const crlNumber = (text: string): bigint => BigInt(/crlNumber=(0x[0-9A-F]+)/.exec(text)?.[1] as string);

  test("openssl: good, revoked with reason and time, on hold, unknown", () => {
    assert.match(ocsp("-cert", pem("good")), /Response verify OK[\s\S]*good\.pem: good/);
    const revoked = ocsp("-cert", pem("revoked"));
    assert.match(revoked, /revoked\.pem: revoked[\s\S]*Reason: keyCompromise[\s\S]*Revocation Time: /);
    assert.match(ocsp("-cert", pem("hold")), /hold\.pem: revoked[\s\S]*Reason: certificateHold/);
    assert.match(ocsp("-serial", "0x123456789abcdef0"), /Response verify OK[\s\S]*: unknown/);
  });

  test("the CRL lists exactly the revoked and the held certificate", async () => {
    const serials = [...(await crlText()).matchAll(/Serial Number: ([0-9A-F]+)/g)].map((match) => match[1]);
    assert.deepEqual(serials.sort(), [serialOf("revoked"), serialOf("hold")].sort());
  });

  test("openssl verify -crl_check accepts good and refuses revoked", async () => {
    await crlText();
    const crl = join(dir, "fetched.pem");
    openssl("crl", "-inform", "DER", "-in", join(dir, "fetched.crl"), "-out", crl);
    const check = (name: string): string[] => [
      "verify",
      "-CAfile",
      pem("issuer"),
      "-CRLfile",
      crl,
      "-crl_check",
      pem(name),
    ];
    assert.match(openssl(...check("good")), /OK/);
    assert.throws(() => openssl(...check("revoked")), /certificate revoked/);
  });

  test("ocsptool of GnuTLS verifies the answer", () => {
    const args = [
      `--ask=${running.base}/ocsp`,
      "--load-issuer",
      pem("issuer"),
      "--load-cert",
      pem("good"),
      "--load-trust",
      pem("issuer"),
    ];
    assert.match(execFileSync("ocsptool", args, { encoding: "utf8" }), /Certificate Status: good/);
  });

  test("the page links the CRL and the CA certificate", async () => {
    const page = await (await fetchOnce(`${running.base}/`)).text();
    assert.match(page, /href="\/crl\/root\.crl"/);
    assert.match(page, /href="\/certs\/root\.cer"/);
    const urls = (await (await fetchOnce(`${running.base}/crl/root/full.json`)).json()) as string[];
    const good = openssl("x509", "-in", pem("good"), "-noout", "-ext", "crlDistributionPoints");
    assert.deepEqual(urls, [/URI:(\S+)/.exec(good)?.[1]], "K6: exactly as in the certificates");
    const certificate = await fetchOnce(`${running.base}/certs/root.cer`);
    assert.equal(certificate.headers.get("content-type"), "application/pkix-cert");
    const served = Buffer.from(await certificate.arrayBuffer());
    assert.deepEqual(
      served,
      Buffer.from(readFileSync(pem("issuer"), "utf8").replace(/-----[^-]+-----/g, ""), "base64"),
    );
  });

  test("metrics and health", async () => {
    const text = await (await fetchOnce(`http://127.0.0.1:${port + 1}/metrics`)).text();
    assert.match(text, /sekisho_ocsp_answers_total\{method="POST",outcome="good"\} [1-9]/);
    assert.match(text, /sekisho_crl_next_update_seconds\{crl="root.crl"\} [1-9]/);
    assert.equal((await fetchOnce(`http://127.0.0.1:${port + 1}/livez`)).status, 200);
  });

  test("a second quickstart on the port says that it is taken, exit 1", () => {
    const { status, stderr } = runQuickstart(join(home, "other"), ["--port", String(port), "--check"]);
    assert.equal(status, 1);
    assert.match(stderr, /^error PORT_TAKEN: port \d+ on 127\.0\.0\.1 is taken/m);
  });

  test("the CLI revokes, the next question says revoked, a restart keeps CA and numbers", async () => {
    openssl(
      "req",
      "-new",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      join(dir, "cli.key"),
      "-out",
      join(dir, "cli.csr"),
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=DNS:localhost",
    );
    const issue = sekisho(
      dir,
      "cert",
      "issue",
      "--csr",
      join(dir, "cli.csr"),
      "--profile",
      "tls-server",
      "--out",
      pem("cli"),
    );
    assert.equal(issue.status, 0, issue.stderr);
    assert.match(ocsp("-cert", pem("cli")), /cli\.pem: good/);
    const revoke = sekisho(dir, "cert", "revoke", `0x${serialOf("cli")}`, "--reason", "superseded", "--json");
    assert.equal(revoke.status, 0, revoke.stderr);
    const said = JSON.parse(revoke.stdout);
    assert.equal(said.state, "revoked");
    assert.equal(said.reason, "superseded");
    assert.ok(said.acknowledged <= Date.now());
    assert.match(ocsp("-cert", pem("cli")), /cli\.pem: revoked[\s\S]*Reason: superseded/);
    const again = sekisho(dir, "cert", "revoke", serialOf("cli"), "--reason", "cessationOfOperation");
    assert.equal(again.status, 1);
    assert.match(again.stderr, /^error STATE_CONFLICT: /);

    const before = crlNumber(await crlText());
    const issuer = readFileSync(pem("issuer"), "utf8");
    assert.equal(await running.stop(), 0);
    running = await startQuickstart(dir, []);
    assert.equal(running.base, `http://127.0.0.1:${port}`);
    assert.equal(readFileSync(pem("issuer"), "utf8"), issuer);
    assert.match(ocsp("-cert", pem("cli")), /cli\.pem: revoked/);
    assert.match(ocsp("-cert", pem("good")), /good\.pem: good/);
    assert.equal(crlNumber(await crlText()), before);
    const crl = sekisho(dir, "crl", "issue", "--json");
    assert.equal(crl.status, 0, crl.stderr);
    assert.equal(crlNumber(await crlText()), before + 1n);
    assert.equal(sekisho(dir, "audit", "verify").status, 0);
  });
});
