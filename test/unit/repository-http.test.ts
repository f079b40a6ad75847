import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, suite, test } from "node:test";
import { httpDate } from "../../src/http/http-date.js";
import type { HttpServer, TransportName } from "../../src/http/server.js";
import { Repository } from "../../src/repository/repository.js";
import { DownloadClient } from "../support/download-client.js";
import { start } from "../support/http-behaviours.js";
import { RawClient, type WireAnswer } from "../support/http-client.js";
import { silentLog, uwsUnusable } from "../support/http-server.js";
import { TestClock } from "../support/installation.js";
import { largeCrl } from "../support/large-crl.js";
import { TestCa } from "../support/test-ca.js";

/** A CRL of 50 MB as the world downloads it (standards F18 to F20, invariant 9). */

const LARGE = 50_000_000;
const SLOW_READERS = 32;
/** Of them read to their end; the others are aborted. */
const WHOLE_READERS = 4;
const ca = new TestCa();
const clock = new TestClock();

const makeCrl = (number: bigint, octets: number): Buffer =>
  largeCrl(
    {
      issuerName: ca.certificate.subjectName,
      thisUpdate: clock.seconds - 100,
      nextUpdate: clock.seconds + 3_600,
      cRLNumber: number,
      authorityKeyIdentifier: new Uint8Array(20),
    },
    octets,
    ca.signer.privateKey,
  );

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Descriptors of this process that are files of a directory, deleted ones too. */
function openFiles(dir: string): string[] {
  return readdirSync("/proc/self/fd")
    .map(linkTarget)
    .filter((target) => target.startsWith(dir));
}

/** "" for a descriptor that is gone, such as the one that read the list. */
function linkTarget(fd: string): string {
  try {
    return readlinkSync(join("/proc/self/fd", fd));
  } catch {
    return "";
  }
}

const [old, young] = [1n, 2n].map((number) => makeCrl(number, LARGE)) as [Buffer, Buffer];
const small = makeCrl(3n, 1_000);

function repositoryOver(transport: TransportName): void {
  const dir = mkdtempSync(join(tmpdir(), "sekisho-test-"));
  let repository: Repository;
  let server: HttpServer;
  const issuers = [{ issuer: 1, id: "root", certificate: ca.certificate.der, compromisedSince: 0 }];

  const publish = (bytes: Buffer): void => {
    writeFileSync(join(dir, "staged"), bytes);
    renameSync(join(dir, "staged"), join(dir, "root.crl"));
  };
  before(async () => {
    repository = new Repository({
      crlDir: dir,
      publicUrl: "http://ca.example",
      issuers: () => issuers,
      period: () => undefined,
      clock,
      log: silentLog,
    });
    server = await start(transport, repository.handle);
  });
  beforeEach(() => publish(old));
  after(async () => {
    await server.close(0);
    rmSync(dir, { recursive: true });
  });

  const request = (fields = "", method = "GET", target = "/crl/root.crl"): string =>
    `${method} ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
  async function ask(fields = "", method = "GET"): Promise<WireAnswer> {
    const client = await RawClient.connect(server.port);
    await client.send(request(fields, method));
    const answer = await client.answer(method === "HEAD");
    await client.close();
    assert.ok(answer !== undefined);
    return answer;
  }
  const bytesOf = ({ body }: WireAnswer): Buffer => Buffer.from(body, "latin1");
  const untilNoDownload = async (): Promise<void> => {
    while (repository.downloads.underWay > 0) await new Promise(setImmediate);
  };

  async function download(fields = ""): Promise<{ client: DownloadClient; digest: () => string }> {
    const hash = createHash("sha256");
    const client = await DownloadClient.start(server.port, request(fields), (piece) => hash.update(piece));
    return { client, digest: () => hash.digest("hex") };
  }

  test("slow readers share one descriptor, and none gets a mixture when the CRL is replaced (F20)", async () => {
    const readers = await Promise.all(Array.from({ length: SLOW_READERS }, () => download()));
    for (const { client } of readers) {
      await client.until(1);
      client.pause();
    }
    assert.equal(repository.downloads.underWay, SLOW_READERS);
    assert.equal(openFiles(dir).length, 1);
    publish(young);
    const late = await download();
    assert.ok(await late.client.until(young.length));
    assert.equal(late.digest(), sha256(young));
    assert.equal(openFiles(dir).length, 1);
    for (const { client } of readers.splice(WHOLE_READERS)) client.socket.destroy();
    for (const { client, digest } of readers) {
      client.resume();
      assert.ok(await client.until(old.length));
      assert.equal(digest(), sha256(old));
      client.socket.destroy();
    }
    late.client.socket.destroy();
    await untilNoDownload();
    assert.deepEqual(openFiles(dir), []);
  });

  test("an abort in the middle lets go of the file", async () => {
    const { client } = await download();
    await client.until(1_000_000);
    client.socket.resetAndDestroy();
    await untilNoDownload();
    assert.deepEqual(openFiles(dir), []);
  });

  test("a file truncated under its descriptor cuts the connection", async () => {
    const { client } = await download();
    await client.until(1);
    truncateSync(join(dir, "root.crl"), 20_000_000);
    await client.ended;
    assert.equal(client.field("content-length"), String(old.length));
    assert.ok(client.received <= 20_000_000, "nothing is padded");
    await untilNoDownload();
    assert.deepEqual(openFiles(dir), []);
    assert.equal((await ask()).status, 404, "what is left is not served");
  });

  test("HEAD and 304 read nothing of it", async () => {
    const head = await ask("", "HEAD");
    assert.deepEqual([head.status, head.fields.get("content-length")], [200, String(old.length)]);
    assert.equal(head.fields.get("accept-ranges"), "bytes");
    const etag = head.fields.get("etag");
    assert.equal((await ask(`If-None-Match: ${etag}\r\n`)).status, 304);
    assert.equal((await ask(`If-None-Match: ${etag}\r\nRange: bytes=0-0\r\n`)).status, 304);
    const since = head.fields.get("last-modified");
    assert.equal(since, httpDate(clock.seconds - 100));
    assert.equal((await ask(`If-Modified-Since: ${since}\r\n`)).status, 304);
    assert.equal((await ask("Range: bytes=0-0\r\n", "HEAD")).status, 200);
    assert.equal(repository.downloads.underWay, 0);
  });

  test("412 to preconditions that fail (RFC 9110 13.1)", async () => {
    const etag = (await ask("", "HEAD")).fields.get("etag");
    for (const fields of [
      'If-Match: "x"\r\n',
      `If-Match: W/${etag}\r\n`,
      `If-Unmodified-Since: ${httpDate(clock.seconds - 101)}\r\n`,
    ])
      assert.equal((await ask(fields)).status, 412, fields);
    for (const fields of [
      `If-Match: ${etag}\r\n`,
      "If-Match: *\r\n",
      `If-Unmodified-Since: ${httpDate(clock.seconds - 100)}\r\n`,
    ])
      assert.equal((await ask(`${fields}Range: bytes=0-0\r\n`)).status, 206, fields);
  });

  const last = old.length - 1;
  const PARTS: readonly (readonly [range: string, start: number, stop: number])[] = [
    ["0-0", 0, 1],
    ["-1", last, last + 1],
    [`${last}-`, last, last + 1],
    [`${last}-${last + 10}`, last, last + 1],
    ["1000000-1199999", 1_000_000, 1_200_000],
    [`-${"9".repeat(30)}`, 0, old.length],
  ];
  for (const [range, from, to] of PARTS)
    test(`206 to bytes=${range} (F19)`, async () => {
      const answer = await ask(`Range: bytes=${range}\r\n`);
      assert.equal(answer.status, 206);
      assert.equal(answer.fields.get("content-range"), `bytes ${from}-${to - 1}/${old.length}`);
      assert.equal(answer.fields.get("content-length"), String(to - from));
      assert.ok(bytesOf(answer).equals(old.subarray(from, to)));
    });

  for (const range of [`${old.length}-`, "-0", `${"9".repeat(400)}-`])
    test(`416 to bytes=${range.slice(0, 20)}`, async () => {
      const answer = await ask(`Range: bytes=${range}\r\n`);
      assert.deepEqual([answer.status, answer.fields.get("content-range")], [416, `bytes */${old.length}`]);
    });

  for (const range of ["bytes=2-1", "bytes=0-0,5-5", "lines=1-2", "bytes=x"])
    test(`200 to ${range}`, async () => {
      const { client, digest } = await download(`Range: ${range}\r\n`);
      assert.ok(await client.until(old.length));
      assert.deepEqual([client.status, digest()], [200, sha256(old)]);
      client.socket.destroy();
    });

  test("a download goes on with If-Range, and starts over when the CRL was replaced", async () => {
    const first = await ask("Range: bytes=0-999999\r\n");
    const etag = first.fields.get("etag");
    const rest = await ask(`Range: bytes=1000000-\r\nIf-Range: ${etag}\r\n`);
    assert.equal(sha256(Buffer.concat([bytesOf(first), bytesOf(rest)])), sha256(old));
    const date = first.fields.get("last-modified");
    assert.equal((await ask(`Range: bytes=0-9\r\nIf-Range: ${date}\r\n`)).status, 206);
    publish(young);
    const { client, digest } = await download(`Range: bytes=1000000-\r\nIf-Range: ${etag}\r\n`);
    assert.ok(await client.until(young.length));
    assert.deepEqual([client.status, digest()], [200, sha256(young)]);
    assert.notEqual(client.field("etag"), etag);
    client.socket.destroy();
  });

  test("requests behind a download are answered behind it", async () => {
    const client = await RawClient.connect(server.port);
    await client.send(request() + request("", "GET", "/certs/root.cer") + request("Range: bytes=-9\r\n"));
    assert.equal(sha256(bytesOf((await client.answer()) as WireAnswer)), sha256(old));
    assert.equal((await client.answer())?.body.length, ca.certificate.der.length);
    assert.ok(bytesOf((await client.answer()) as WireAnswer).equals(old.subarray(-9)));
    await client.close();
  });

  test("a small CRL has ranges too", async () => {
    publish(small);
    const answer = await ask("Range: bytes=-5\r\n");
    assert.deepEqual([answer.status, bytesOf(answer)], [206, small.subarray(-5)]);
    assert.equal((await ask(`Range: bytes=${small.length}-\r\n`)).status, 416);
  });

  test("a peer has a bounded number of downloads; beyond it 503 with Retry-After", async () => {
    const clients = await Promise.all(
      Array.from({ length: 64 }, async () => {
        const { client } = await download();
        await client.until(1);
        client.pause();
        return client;
      }),
    );
    const refused = await ask();
    assert.deepEqual([refused.status, refused.fields.get("retry-after")], [503, "30"]);
    assert.equal((await ask("", "HEAD")).status, 200, "costs no download");
    const other = await DownloadClient.start(server.port, request(), () => {}, "127.0.0.2");
    await other.until(1);
    assert.equal(other.status, 200);
    assert.equal(repository.downloads.refused, 1);
    for (const client of [...clients, other]) client.socket.destroy();
    await untilNoDownload();
    assert.equal((await ask("Range: bytes=0-0\r\n")).status, 206);
  });

  test("a partition that is large, below a directory", async () => {
    mkdirSync(join(dir, "root"));
    writeFileSync(join(dir, "root", "7.crl"), old);
    const { client, digest } = await download();
    const shard = await DownloadClient.start(server.port, request("", "GET", "/crl/root/7.crl"));
    assert.ok((await client.until(old.length)) && (await shard.until(old.length)));
    assert.deepEqual([shard.status, digest()], [200, sha256(old)]);
    for (const { socket } of [client, shard]) socket.destroy();
    rmSync(join(dir, "root"), { recursive: true });
  });
}

suite("repository over http1 alone", () => repositoryOver("http1"));
suite("repository over acceptor, uWS and http1", { skip: uwsUnusable() }, () => repositoryOver("uws"));
