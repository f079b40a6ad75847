import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fetchOnce } from "../support/fetch-once.js";
import { tryOpenssl } from "../support/openssl.js";
import { freePort, type RunningQuickstart, startQuickstart } from "../support/quickstart.js";

/** The openssl client as judge of the whole responder: POST, GET, nonce, CertID hashes, several serials (A3 to A11, D1, F1). */

for (const [signer, key] of [
  ["pkcs11", "rsa2048"],
  ["software", "p256"],
] as const)
  describe(`openssl ocsp against ${signer} ${key}`, () => {
    const home = mkdtempSync(join(tmpdir(), "sekisho-interop-"));
    const dir = join(home, "demo");
    const pem = (name: string): string => join(dir, "pki", `${name}.pem`);
    let running: RunningQuickstart;
    before(async () => {
      running = await startQuickstart(dir, [
        "--port",
        String(await freePort()),
        "--signer",
        signer,
        "--key",
        key,
      ]);
    });
    after(async () => {
      await running.stop();
      rmSync(home, { recursive: true, force: true });
    });

    const openssl = (...args: string[]): string => {
      const { status, stdout, stderr } = tryOpenssl(args);
      assert.equal(status, 0, stderr);
      return `${stderr}${stdout}`;
    };
    const ask = (...args: string[]): string =>
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
    /** The request that openssl would send, as bytes. */
    const requestBytes = (...args: string[]): Buffer => {
      const file = join(home, "request.der");
      openssl("ocsp", "-issuer", pem("issuer"), ...args, "-reqout", file);
      return readFileSync(file);
    };
    /** What openssl says of an answer that came by other means. */
    const judge = (response: Buffer, ...args: string[]): string => {
      const file = join(home, "response.der");
      writeFileSync(file, response);
      return openssl("ocsp", "-issuer", pem("issuer"), "-CAfile", pem("issuer"), "-respin", file, ...args);
    };
    const get = (
      path: string,
    ): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }> =>
      new Promise((resolve, reject) => {
        // node:http sends the path as it is; fetch would normalise it.
        const request = httpRequest(running.base, { path }, (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part) => parts.push(part));
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(parts),
            }),
          );
        });
        request.on("error", reject).end();
      });

    for (const digest of ["sha1", "sha256", "sha384", "sha512"])
      test(`POST with ${digest} CertID is verified and echoed`, () => {
        const said = ask(`-${digest}`, "-cert", pem("good"), "-resp_text");
        assert.match(said, /Response verify OK/);
        assert.match(said, /good\.pem: good/);
        assert.match(said, new RegExp(`Hash Algorithm: ${digest}`));
      });

    test("the nonce comes back; without one there is none", () => {
      assert.doesNotMatch(ask("-nonce", "-cert", pem("good")), /WARNING: no nonce/);
      assert.doesNotMatch(ask("-no_nonce", "-cert", pem("good"), "-resp_text"), /OCSP Nonce/);
    });

    test("several certificates in one request", () => {
      const said = ask(
        "-cert",
        pem("good"),
        "-cert",
        pem("revoked"),
        "-cert",
        pem("hold"),
        "-serial",
        "0x4242",
      );
      assert.match(said, /good\.pem: good/);
      assert.match(said, /revoked\.pem: revoked/);
      assert.match(said, /hold\.pem: revoked/);
      assert.match(said, /0x4242: unknown/);
    });

    test("good, revoked with reason, on hold, unknown by GET, without a nonce and with (B8, D1, F1)", async () => {
      const said = {
        good: /: good\n/,
        revoked: /: revoked\n[\s\S]*Reason: keyCompromise\n\s+Revocation Time: /,
        hold: /: revoked\n[\s\S]*Reason: certificateHold\n/,
        unknown: /: unknown\n/,
      };
      for (const [name, status] of Object.entries(said))
        for (const nonce of ["-no_nonce", "-nonce"]) {
          const id = name === "unknown" ? ["-serial", "0x4242"] : ["-cert", pem(name)];
          const request = requestBytes(nonce, ...id);
          const { body } = await get(`/ocsp/${encodeURIComponent(request.toString("base64"))}`);
          assert.match(
            judge(body, "-no_nonce", ...id),
            new RegExp(`Response verify OK\n[\\s\\S]*${status.source}`),
          );
          // With the request as it was sent openssl refuses another nonce and warns about none.
          assert.doesNotMatch(judge(body, "-reqin", join(home, "request.der")), /nonce/i);
        }
    });

    test("GET in every common spelling gives the same verified answer (F1, F3, P15)", async () => {
      const args = ["-no_nonce", "-cert", pem("revoked")];
      const base64 = requestBytes(...args).toString("base64");
      const spellings = [
        `/ocsp/${encodeURIComponent(base64)}`,
        `/ocsp/${base64}`,
        `/${encodeURIComponent(base64)}`,
        `//${base64}`,
        `/ocsp/${base64.replace(/=+$/, "")}`,
        `/ocsp/${base64.replaceAll("+", "-").replaceAll("/", "_")}`,
      ];
      for (const path of spellings) {
        const { status, body } = await get(path);
        assert.equal(status, 200, path);
        assert.match(judge(body, "-cert", pem("revoked")), /Response verify OK[\s\S]*revoked\.pem: revoked/);
      }
    });

    test("GET answers carry the header fields of RFC 9919 section 6", async () => {
      const base64 = requestBytes("-no_nonce", "-cert", pem("good")).toString("base64");
      const { headers, body } = await get(`/ocsp/${encodeURIComponent(base64)}`);
      assert.equal(headers["content-type"], "application/ocsp-response");
      assert.equal(headers["content-length"], String(body.length));
      assert.match(String(headers["cache-control"]), /^max-age=\d+, public, no-transform, must-revalidate$/);
      for (const name of ["date", "last-modified", "expires"])
        assert.equal(
          new Date(String(headers[name])).toUTCString(),
          headers[name],
          `${name} is an IMF-fixdate`,
        );
      const maxAge = Number(/max-age=(\d+)/.exec(String(headers["cache-control"]))?.[1]);
      assert.ok(Date.now() / 1000 + maxAge < Date.parse(String(headers.expires)) / 1000, "F9");
      assert.match(String(headers.etag), /^"[0-9a-f]{64}"$/);
    });

    test("what is not an OCSP request is malformedRequest, and the responder goes on (P1 to P4)", async () => {
      const good = requestBytes("-no_nonce", "-cert", pem("good"));
      const bad = [
        Buffer.from("not DER"),
        Buffer.concat([good, Buffer.of(0)]),
        Buffer.concat(Array.from({ length: 40 }, () => Buffer.of(0x30, 0x80))),
        Buffer.concat([Buffer.of(0x30, 0x82, 0x80, 0x00), Buffer.alloc(32_768)]),
        Buffer.of(),
      ];
      for (const body of bad) {
        const response = await fetchOnce(`${running.base}/ocsp`, {
          method: "POST",
          body: new Uint8Array(body),
        });
        assert.equal(response.status, 200);
        assert.deepEqual(Buffer.from(await response.arrayBuffer()), Buffer.from("30030a0101", "hex"));
      }
      const huge = await fetchOnce(`${running.base}/ocsp`, { method: "POST", body: new Uint8Array(70_000) });
      assert.equal(huge.status, 413);
      assert.match(ask("-cert", pem("good")), /good\.pem: good/);
    });
  });
