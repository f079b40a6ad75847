import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type DemoPki, startDemoPki } from "../support/demo-pki.js";
import { openssl } from "../support/openssl.js";
import { gnutls } from "../support/programs.js";
import { freePort } from "../support/quickstart.js";
import { gnutlsHandshake, opensslHandshake, StaplingServer } from "../support/stapling-server.js";

/** GnuTLS: ocsptool, which asks by HTTP/1.0 POST, and gnutls-cli, which verifies staples (A3, B3 to B8, C1, F5). */

const { path: _, ...otherwise } = gnutls();
const STATUS = { good: "good", revoked: "revoked", hold: "revoked", unknown: "unknown" } as const;
const NAMES = Object.keys(STATUS) as (keyof typeof STATUS)[];

for (const key of ["rsa2048", "p256"] as const)
  describe(`GnuTLS with a ${key} delegate`, otherwise, () => {
    let pki: DemoPki;
    before(async () => {
      pki = await startDemoPki(key);
    });
    after(() => pki.stop());

    const ocsptool = (name: string, ...args: string[]): string => {
      const certificates = ["--load-cert", pki.pem(name), "--load-issuer", pki.pem("issuer")];
      const { status, stdout, stderr } = spawnSync(
        "ocsptool",
        ["--ask", ...certificates, "--load-trust", pki.pem("issuer"), ...args],
        { encoding: "utf8" },
      );
      assert.equal(status, 0, stderr);
      return stdout;
    };

    for (const [option, echoed] of [
      ["--nonce", 1],
      ["--no-nonce", 0],
    ] as const)
      test(`ocsptool ${option}: good, revoked, on hold, unknown are verified (B8, D1)`, async () => {
        const before = await pki.answered("POST");
        for (const name of NAMES) {
          const said = ocsptool(name, option);
          assert.match(said, new RegExp(`Certificate Status: ${STATUS[name]}\n`));
          assert.match(said, /Verifying OCSP Response: Success\./);
          assert.equal(said.match(/Nonce: /g)?.length ?? 0, echoed);
        }
        assert.equal((await pki.answered("POST")) - before, NAMES.length);
      });

    for (const name of NAMES)
      test(`a TLS server staples our answer about "${name}": gnutls-cli acts on it, openssl's client shows it`, async () => {
        const staple = join(pki.home, `${name}.der`);
        const ids = ["-issuer", pki.pem("issuer"), "-cert", pki.pem(name), "-CAfile", pki.pem("issuer")];
        openssl(["ocsp", ...ids, "-url", `${pki.base}/ocsp`, "-no_nonce", "-respout", staple]);
        const port = await freePort();
        const own = ["-cert", pki.pem(name), "-key", pki.key(name), "-status_file", staple];
        const command = ["openssl", "s_server", "-accept", `127.0.0.1:${port}`, ...own, "-quiet"];
        const server = await StaplingServer.start(command, port, join(pki.home, `${name}.log`));
        try {
          const { accepted, said } = gnutlsHandshake(port, pki.pem("issuer"));
          // GnuTLS takes unknown for not revoked.
          assert.equal(accepted, STATUS[name] !== "revoked", said);
          assert.match(said, accepted ? /Options: .*OCSP status request/ : /certificate chain is revoked/);
          assert.match(
            opensslHandshake(port, pki.pem("issuer")),
            new RegExp(`Cert Status: ${STATUS[name]}\n`),
          );
        } finally {
          await server.stop();
        }
      });
  });
