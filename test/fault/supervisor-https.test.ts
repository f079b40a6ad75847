import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { TLSSocket } from "node:tls";
import type { Certificate } from "../../src/x509/certificate.js";
import { RawClient } from "../support/http-client.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { ocspLoad } from "../support/ocsp-load.js";
import { tryOpenssl, writeInto } from "../support/openssl.js";
import { freePort } from "../support/quickstart.js";
import { makeServedInstallation, RunningResponder, type ServedInstallation } from "../support/responder.js";
import { makeTlsFiles, type TlsFiles } from "../support/tls.js";

const CONNECTIONS = 8;
const RELOADS = 3;
/** Answers a connection between reloads. */
const ANSWERS = 30;

describe("HTTPS on a second port (Q2.1)", () => {
  let installation: ServedInstallation;
  let certificate: Certificate;
  let port: number;
  let tls: TlsFiles;
  let renewed: TlsFiles;
  let responder: RunningResponder;
  const install = (from: { certificateFile: string; keyFile: string }): void => {
    copyFileSync(from.certificateFile, join(installation.dir, "tls.pem"));
    copyFileSync(from.keyFile, join(installation.dir, "secrets", "tls.key"));
  };
  before(async () => {
    port = await freePort();
    installation = await makeServedInstallation((text) =>
      text
        .replace("workers = 2", "workers = 1")
        .replace(
          "[responder]\n",
          `[responder]\ntls_listen = "127.0.0.1:${port}"\ntls_certificate_file = "tls.pem"\ntls_key_file = "secrets/tls.key"\n`,
        ),
    );
    certificate = await installation.issue();
    tls = makeTlsFiles(installation.dir, "first");
    renewed = makeTlsFiles(installation.dir, "second");
    install(tls);
    responder = await RunningResponder.start(installation.dir, "--processes", "2");
  });
  after(async () => {
    await responder?.stop();
    await installation.close();
  });

  const request = (): Buffer => ocspRequest(installation.root.certificate, [certificate.serialNumber]);
  const curl = (...args: string[]): Buffer =>
    execFileSync("curl", ["--silent", "--show-error", "--fail", "--cacert", tls.certificateFile, ...args]);

  test("curl asks by POST and by GET", () => {
    const body = writeInto(installation.dir, "request.der", request());
    const type = ["-H", "Content-Type: application/ocsp-request"];
    const base = `https://localhost:${port}`;
    const resolve = ["--resolve", `localhost:${port}:127.0.0.1`];
    const byPost = curl(...resolve, ...type, "--data-binary", `@${body}`, `${base}/ocsp`);
    const byGet = curl(...resolve, `${base}/ocsp/${encodeURIComponent(request().toString("base64"))}`);
    const byHttp10 = curl(...resolve, "--http1.0", ...type, "--data-binary", `@${body}`, `${base}/ocsp`);
    for (const answer of [byPost, byGet, byHttp10])
      assert.equal(statusIn(answer, certificate.serialNumber), "good");
  });

  test("curl fetches the CA certificate from the repository", () => {
    const url = `https://127.0.0.1:${port}/certs/root.cer`;
    assert.deepEqual(curl(url), Buffer.from(installation.root.certificate.der));
  });

  test("openssl s_client verifies the certificate and is answered", () => {
    const target = `/ocsp/${encodeURIComponent(request().toString("base64"))}`;
    const verify = ["-CAfile", tls.certificateFile, "-verify_return_error", "-verify_hostname", "localhost"];
    const { status, stdout } = tryOpenssl(
      ["s_client", "-quiet", "-ign_eof", "-connect", `127.0.0.1:${port}`, ...verify],
      `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );
    assert.equal(status, 0);
    assert.match(stdout.toString("latin1"), /^HTTP\/1\.1 200 /);
    assert.equal(statusIn(stdout.subarray(stdout.indexOf("\r\n\r\n") + 4), certificate.serialNumber), "good");
  });

  test("the other port speaks no TLS, this one no plain HTTP", async () => {
    const secure = await RawClient.connectTls(installation.port, tls.certificate);
    assert.equal((secure.socket as TLSSocket).getCipher()?.name, undefined);
    await secure.close();
    const plain = await RawClient.connect(port);
    await plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.ok(!(await plain.rest()).startsWith("HTTP"));
    await plain.close();
  });

  /** Clients that trust both certificates; they connect again whenever the server says that it closes. */
  const load = (version: "1.0" | "1.1", names: Set<string>) =>
    ocspLoad(port, version, CONNECTIONS, installation.root.certificate, certificate, async (at) => {
      const client = await RawClient.connectTls(at, tls.certificate + renewed.certificate);
      names.add(String((client.socket as TLSSocket).getPeerCertificate().subject?.CN));
      return client;
    });

  const served = async (): Promise<string> => {
    const client = await RawClient.connectTls(port, tls.certificate + renewed.certificate);
    const { subject } = (client.socket as TLSSocket).getPeerCertificate();
    await client.close();
    return String(subject.CN);
  };

  test("SIGHUP under load takes up the renewed certificate and fails no request", async () => {
    const names = new Set<string>();
    const loads = [load("1.0", names), load("1.1", names)];
    for (let reload = 0; reload < RELOADS; reload++) {
      await Promise.all(loads.map((each) => each.more(ANSWERS)));
      install(reload % 2 === 0 ? renewed : tls);
      await responder.reload(/^responder reloaded$/);
      assert.equal(await served(), reload % 2 === 0 ? "second" : "first");
    }
    await Promise.all(loads.map((each) => each.more(ANSWERS)));
    for (const each of loads) {
      await each.stop();
      assert.deepEqual(each.failures, []);
    }
    assert.deepEqual([...names].sort(), ["first", "second"]);
  });

  const refuses = (what: string, prepare: () => void, outcome: RegExp): void => {
    test(`${what} is refused whole at SIGHUP`, async () => {
      const [before, name] = [responder.processes(), await served()];
      prepare();
      try {
        await responder.reload(outcome);
        // One that the reload before has replaced may have ended meanwhile.
        const after = responder.processes();
        assert.deepEqual(
          after.filter((pid) => !before.includes(pid)),
          [],
        );
        assert.ok(after.length >= 2);
        assert.equal(await served(), name);
      } finally {
        install(renewed);
        installation.write(installation.text);
      }
    });
  };
  refuses(
    "another certificate's key",
    () => install({ certificateFile: tls.certificateFile, keyFile: renewed.keyFile }),
    /^not reloaded: error TLS_FILES: .*tls\.key: the key does not belong/,
  );
  refuses(
    "another address",
    () => installation.write(installation.text.replace(`"127.0.0.1:${port}"`, '"127.0.0.1:1"')),
    /^not reloaded: error CONFIG_INVALID: .*responder\.tls_listen cannot change/,
  );
  refuses(
    "a port without its key",
    () => installation.write(installation.text.replace(/^tls_key_file.*\n/m, "")),
    /^not reloaded: error CONFIG_INVALID: .*responder\.tls_key_file: expected all of/,
  );

  test("a process that is killed is followed by one with the pair that was accepted", async () => {
    const name = await served();
    install({ certificateFile: tls.certificateFile, keyFile: renewed.keyFile });
    const from = responder.lines.length;
    for (const pid of responder.processes()) process.kill(pid, "SIGKILL");
    await responder.logged(/process answers/, from, 2);
    assert.equal(await served(), name);
    install(renewed);
  });

  test("a taken port keeps the responder from starting", async () => {
    const second = new RunningResponder(installation.dir);
    installation.write(installation.text);
    assert.equal(await second.ended, 1);
    assert.match(second.lines.join("\n"), /error PORT_TAKEN/);
  });

  test("SIGTERM: what is under way is answered, then every process ends", async () => {
    const client = await RawClient.connectTls(port, tls.certificate + renewed.certificate);
    assert.equal(await responder.stop(), 0);
    assert.equal(await client.rest(), "");
    await client.close();
    await assert.rejects(RawClient.connect(port), { code: "ECONNREFUSED" });
    assert.ok(!responder.lines.join("\n").includes("PRIVATE KEY"), "no key is logged");
  });
});
