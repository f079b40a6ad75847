import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { parseHttpDate } from "../../src/http/http-date.js";
import { renderPage } from "../../src/repository/page.js";
import { Repository } from "../../src/repository/repository.js";
import type { StoredIssuer } from "../../src/store/status-reader.js";
import { buildTbsCertList, ECDSA_WITH_SHA256, entry, signTbsCertList } from "../support/crl.js";
import { silentLog } from "../support/http-server.js";
import { TestClock } from "../support/installation.js";
import { largeCrl } from "../support/large-crl.js";
import { TestCa } from "../support/test-ca.js";
import { type Sent, send } from "../support/test-responder.js";

/** What the world downloads (standards F12, F18 to F21, P26). */

const HOUR = 3_600;

describe("Repository", () => {
  const ca = new TestCa();
  const clock = new TestClock();
  let dir: string;
  let issuers: StoredIssuer[];
  let repository: Repository;
  let period: number | undefined;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "sekisho-test-"));
    period = undefined;
    issuers = [{ issuer: 1, id: "root", certificate: ca.certificate.der, compromisedSince: 0 }];
    repository = new Repository({
      crlDir: dir,
      publicUrl: "http://ca.example",
      issuers: () => issuers,
      period: (_, kind) => (kind === "delta" ? undefined : period),
      clock,
      log: silentLog,
    });
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** Each request in a turn of the event loop of its own: within one, the same document is served. */
  const get = async (target: string, headers = {}) => {
    await setImmediate();
    return send(repository.handle, { method: "GET", target, headers });
  };

  function crl(number: bigint, life = 24 * HOUR): Buffer {
    const fields = {
      issuerName: ca.certificate.subjectName,
      signatureAlgorithm: ECDSA_WITH_SHA256,
      thisUpdate: clock.seconds,
      nextUpdate: clock.seconds + life,
      cRLNumber: number,
      authorityKeyIdentifier: new Uint8Array(20),
    };
    const tbs = buildTbsCertList(fields, [entry("01"), entry("02")]);
    return signTbsCertList(tbs, ca.signer.privateKey, ECDSA_WITH_SHA256);
  }
  function publish(bytes: Buffer, id = "root"): Buffer {
    writeFileSync(join(dir, "staged"), bytes);
    renameSync(join(dir, "staged"), join(dir, `${id}.crl`));
    return bytes;
  }

  const maxAge = ({ fields }: Sent) =>
    Number(/^max-age=(\d+), public/.exec(fields["cache-control"] ?? "")?.[1]);

  test("a CRL: the file's bytes as one DER CertificateList, with validators", async () => {
    const bytes = publish(crl(1n));
    const sent = await get("/crl/root.crl");
    assert.equal(sent.status, 200);
    assert.deepEqual(sent.body, bytes);
    assert.equal(sent.fields["content-type"], "application/pkix-crl");
    assert.match(sent.fields.etag ?? "", /^"[0-9a-f]{64}"$/);
    assert.equal(parseHttpDate(sent.fields["last-modified"] ?? ""), clock.seconds);
    assert.equal(maxAge(sent), HOUR);
    assert.equal(parseHttpDate(sent.fields.expires ?? ""), clock.seconds + HOUR);
  });

  test("outer caches keep a CRL never past its nextUpdate, and an expired one not at all (F19)", async () => {
    publish(crl(1n, 100));
    assert.equal(maxAge(await get("/crl/root.crl")), 99);
    publish(crl(2n, -5));
    const expired = await get("/crl/root.crl");
    assert.deepEqual([expired.status, maxAge(expired)], [200, 0]);
  });

  test("outer caches keep a CRL no longer than until the next scheduled one (F19)", async () => {
    period = 600;
    publish(crl(1n));
    publish(crl(2n), "root-delta");
    assert.equal(maxAge(await get("/crl/root.crl")), 599);
    assert.equal(maxAge(await get("/crl/root-delta.crl")), HOUR);
    clock.advance(900);
    assert.equal(maxAge(await get("/crl/root.crl")), 0);
  });

  function publishPartition(shard: string, bytes = crl(9n), issuer = "root"): Buffer {
    mkdirSync(join(dir, issuer), { recursive: true });
    writeFileSync(join(dir, issuer, `${shard}.crl`), bytes);
    return bytes;
  }

  test("delta and partitioned CRLs have paths of their own, and the page links them", async () => {
    const delta = publish(crl(5n), "root-delta");
    const shards = new Map(
      ["2", "10", "ca"].map((shard, i) => [shard, publishPartition(shard, crl(BigInt(i) + 20n))]),
    );
    assert.deepEqual((await get("/crl/root-delta.crl")).body, delta);
    const html = (await get("/")).body.toString();
    assert.ok(html.includes('href="/crl/root-delta.crl"') && html.includes("number 5, "));
    for (const [shard, bytes] of shards) {
      assert.deepEqual((await get(`/crl/root/${shard}.crl`)).body, bytes);
      assert.ok(html.includes(`href="/crl/root/${shard}.crl"`));
    }
    assert.ok(html.indexOf("/root/2.crl") < html.indexOf("/root/10.crl"), "by number");
  });

  test("what is no shard's name is not served", async () => {
    for (const name of ["0", "01", "x", "1x", "ca1", "-1", "1234567890", ""]) {
      publishPartition(name);
      assert.equal((await get(`/crl/root/${name}.crl`)).status, 404, name);
    }
    publishPartition("1", crl(1n), "stranger");
    assert.equal((await get("/crl/stranger/1.crl")).status, 404);
    mkdirSync(join(dir, "elsewhere"));
    writeFileSync(join(dir, "elsewhere", "3.crl"), crl(1n));
    rmSync(join(dir, "root"), { recursive: true });
    symlinkSync(join(dir, "elsewhere"), join(dir, "root"));
    assert.equal((await get("/crl/root/3.crl")).status, 404, "below a symlink (P26)");
    assert.doesNotMatch((await get("/")).body.toString(), /Partitioned/);
  });

  test("a symlink, a directory or a pipe in a CRL's place is not served (P26)", async () => {
    publish(crl(1n), "elsewhere");
    symlinkSync(join(dir, "elsewhere.crl"), join(dir, "root.crl"));
    assert.equal((await get("/crl/root.crl")).status, 404);
    rmSync(join(dir, "root.crl"));
    mkdirSync(join(dir, "root.crl"));
    assert.equal((await get("/crl/root.crl")).status, 404);
    rmSync(join(dir, "root.crl"), { recursive: true });
    spawnSync("mkfifo", [join(dir, "root.crl")]);
    assert.equal((await get("/crl/root.crl")).status, 404);
  });

  test("JSON arrays of CRL URLs as the certificates' CDP has them (K6)", async () => {
    const urls = async (of: string) => {
      const { status, fields, body } = await get(`/crl/root/${of}.json`);
      assert.deepEqual([status, fields["content-type"]], [200, "application/json"]);
      return JSON.parse(body.toString());
    };
    assert.deepEqual([await urls("full"), await urls("partitioned")], [[""], [""]]);
    publish(crl(1n));
    publish(crl(2n), "root-delta");
    assert.deepEqual(await urls("full"), ["http://ca.example/crl/root.crl"]);
    assert.deepEqual(await urls("partitioned"), [""]);
    for (const shard of ["ca", "10", "9"]) publishPartition(shard);
    assert.deepEqual(await urls("partitioned"), [
      "http://ca.example/crl/root/9.crl",
      "http://ca.example/crl/root/10.crl",
      "http://ca.example/crl/root/ca.crl",
    ]);
    for (const target of ["/crl/stranger/full.json", "/crl/root/delta.json", "/crl/root/full.json/"])
      assert.equal((await get(target)).status, 404, target);
  });

  test("the same bytes have the same ETag in every process and on every machine", async () => {
    const bytes = publish(crl(1n));
    const { etag } = (await get("/crl/root.crl")).fields;
    publish(crl(2n));
    assert.notEqual((await get("/crl/root.crl")).fields.etag, etag);
    publish(bytes);
    const other = new Repository({
      crlDir: dir,
      publicUrl: "http://other.example",
      issuers: () => issuers,
      period: () => undefined,
      clock,
      log: silentLog,
    });
    const sent = await send(other.handle, { method: "GET", target: "/crl/root.crl" });
    assert.equal(sent.fields.etag, etag);
  });

  test("a large CRL that is replaced or removed between two requests of one turn", async () => {
    const large = (number: bigint): Buffer =>
      largeCrl(
        {
          issuerName: ca.certificate.subjectName,
          thisUpdate: clock.seconds,
          nextUpdate: clock.seconds + HOUR,
          cRLNumber: number,
          authorityKeyIdentifier: new Uint8Array(20),
        },
        100_000,
        ca.signer.privateKey,
      );
    const ask = () => send(repository.handle, { method: "GET", target: "/crl/root.crl" });
    const old = publish(large(1n));
    const first = ask();
    const young = publish(large(2n));
    const second = ask();
    rmSync(join(dir, "root.crl"));
    const third = ask();
    assert.deepEqual((await first).body, old);
    assert.deepEqual((await second).body, young);
    assert.equal((await third).status, 404);
    assert.equal(repository.downloads.underWay, 0);
  });

  test("two lists that differ in one entry alone differ in their ETag", async () => {
    const fields = {
      issuerName: ca.certificate.subjectName,
      signatureAlgorithm: ECDSA_WITH_SHA256,
      thisUpdate: clock.seconds,
      nextUpdate: clock.seconds + HOUR,
      cRLNumber: 1n,
      authorityKeyIdentifier: new Uint8Array(20),
    };
    const etags = [];
    for (const serial of ["01", "02"]) {
      const tbs = buildTbsCertList(fields, [entry(serial)]);
      publish(signTbsCertList(tbs, ca.signer.privateKey, ECDSA_WITH_SHA256));
      etags.push((await get("/crl/root.crl")).fields.etag);
    }
    assert.notEqual(etags[0], etags[1]);
  });

  test("a CA certificate", async () => {
    const sent = await get("/certs/root.cer");
    assert.deepEqual([sent.status, sent.fields["content-type"]], [200, "application/pkix-cert"]);
    assert.deepEqual(sent.body, Buffer.from(ca.certificate.der));
  });

  test("304 and HEAD (the transport leaves the body out)", async () => {
    publish(crl(1n));
    const { fields, body } = await get("/crl/root.crl");
    for (const headers of [
      { "if-none-match": fields.etag },
      { "if-modified-since": fields["last-modified"] },
    ]) {
      const sent = await get("/crl/root.crl", headers);
      assert.deepEqual([sent.status, sent.body.length], [304, 0]);
      assert.deepEqual(sent.fields, fields);
    }
    const head = await send(repository.handle, { method: "HEAD", target: "/crl/root.crl" });
    assert.deepEqual([head.status, head.fields, head.body.length], [200, fields, body.length]);
  });

  test("a replaced CRL is served whole at once, with another ETag (F20)", async () => {
    publish(crl(1n));
    const old = await get("/crl/root.crl");
    const bytes = publish(crl(2n));
    const sent = await get("/crl/root.crl", { "if-none-match": old.fields.etag });
    assert.deepEqual([sent.status, sent.body], [200, bytes]);
    assert.notEqual(sent.fields.etag, old.fields.etag);
  });

  test("the page links every CRL and certificate, with number and fingerprint", async () => {
    const { der } = new TestCa("p256", "Sub & <Co>").certificate;
    issuers.push({ issuer: 2, id: "sub", certificate: der, compromisedSince: 0 });
    publish(crl(41n));
    const { status, fields, body } = await get("/");
    const html = body.toString();
    assert.deepEqual([status, fields["content-type"]], [200, "text/html; charset=utf-8"]);
    for (const part of [
      'href="/crl/root.crl"',
      'href="/certs/root.cer"',
      'href="/certs/sub.cer"',
      "number 41, ",
      "/crl/root/full.json",
      "/crl/root/partitioned.json",
      "none published yet",
      createHash("sha256").update(ca.certificate.der).digest("hex"),
    ])
      assert.ok(html.includes(part), part);
    assert.ok(html.includes("Sub &amp; &lt;Co&gt;") && !html.includes("<Co>"));
  });

  test("names cannot carry markup into the page", () => {
    const html = renderPage([
      { id: "x", subject: `CN="'><script>alert(1)</script>&amp;`, fingerprint: "00", crls: [] },
    ]);
    assert.doesNotMatch(html, /<script>/);
    assert.ok(html.includes("CN=&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;"));
  });

  test("a damaged CRL is not served, and hides nothing else", async () => {
    for (const damaged of [Buffer.alloc(0), Buffer.from("junk"), crl(1n).subarray(0, 100)]) {
      publish(damaged);
      assert.equal((await get("/crl/root.crl")).status, 404);
      assert.match((await get("/")).body.toString(), /none published yet/);
    }
    const bytes = publish(crl(2n));
    assert.deepEqual((await get("/crl/root.crl")).body, bytes);
  });

  test("everything else is 404: nothing is decoded, resolved or listed (P26)", async () => {
    writeFileSync(join(dir, "secret"), "secret");
    publish(crl(1n));
    publish(crl(1n), "unknown");
    mkdirSync(join(dir, ".staging"));
    writeFileSync(join(dir, ".staging", "root.crl"), crl(1n));
    symlinkSync(join(dir, "secret"), join(dir, "link.crl"));
    const targets = [
      "/crl/",
      "/crl",
      "/crl/secret",
      "/crl/unknown.crl",
      "/crl/link.crl",
      "/crl/.staging/root.crl",
      "/crl/../root.crl",
      "/crl/..%2froot.crl",
      "/crl/%2e%2e/root.crl",
      "/crl/..\\root.crl",
      "/crl/root.crl\0",
      "/crl/root%00.crl",
      "/crl/root.crl/",
      "/crl/root.crl?x=1",
      "//crl/root.crl",
      "/CRL/root.crl",
      "/crl/ROOT.crl",
      "/crl/root.crl\n",
      `/crl/${"a".repeat(40)}.crl`,
      "/certs/unknown.cer",
      "/certs/../crl/root.crl",
      "/index.html",
      "*",
      "",
    ];
    for (const target of targets) assert.equal((await get(target)).status, 404, JSON.stringify(target));
  });
});
