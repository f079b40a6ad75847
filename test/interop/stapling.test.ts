import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type DemoPki, startDemoPki } from "../support/demo-pki.js";
import { apache, nginx } from "../support/programs.js";
import { freePort } from "../support/quickstart.js";
import { gnutlsHandshake, opensslHandshake, StaplingServer } from "../support/stapling-server.js";

/**
 * TLS servers that fetch our answer over HTTP/1.0 and staple it; openssl's client shows the staple, GnuTLS's verifies it
 * (B3, B8, C1, F1, F5). nginx asks by GET, verifies the signature, and what is not good it logs and does not staple. Apache
 * asks by POST, checks CertID and times alone, and hands on what it got.
 */

const DELEGATE_KEYS = ["rsa2048", "p256"] as const;
const NAMES = ["good", "revoked", "hold", "unknown"] as const;

/** A certificate that is served on a port. */
interface Site {
  readonly pki: DemoPki;
  readonly name: (typeof NAMES)[number];
  readonly port: number;
}

const nginxSite = ({ pki, name, port }: Site): string => `
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${pki.pem(name)};
    ssl_certificate_key ${pki.key(name)};
    ssl_trusted_certificate ${pki.pem("issuer")};
    ssl_stapling on;
    ssl_stapling_verify on;
  }`;

const nginxConfig = (sites: readonly Site[], dir: string): string => `
daemon off; master_process off; pid ${dir}/pid; error_log ${dir}/error.log info;
events {}
http {
  access_log off;
  client_body_temp_path ${dir}; proxy_temp_path ${dir}; fastcgi_temp_path ${dir}; uwsgi_temp_path ${dir}; scgi_temp_path ${dir};
  ${sites.map(nginxSite).join("")}
}
`;

const apacheSite = ({ pki, name, port }: Site): string => `
Listen 127.0.0.1:${port}
<VirtualHost 127.0.0.1:${port}>
  SSLEngine on
  SSLCertificateFile ${pki.pem(name)}
  SSLCertificateKeyFile ${pki.key(name)}
  SSLCACertificateFile ${pki.pem("issuer")}
  SSLUseStapling on
</VirtualHost>`;

const apacheConfig = (sites: readonly Site[], dir: string): string => `
ServerRoot ${dir}
${["mpm_event", "socache_shmcb", "authz_core", "ssl"]
  .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
  .join("\n")}
ServerName localhost
PidFile ${dir}/pid
ErrorLog ${dir}/error.log
DefaultRuntimeDir ${dir}
Mutex file:${dir} default
SSLStaplingCache shmcb:${dir}/stapling(65536)
SSLStaplingResponderTimeout 10
SSLStaplingReturnResponderErrors off
${sites.map(apacheSite).join("")}
`;

const SERVERS = [
  {
    name: "nginx",
    program: nginx(),
    method: "GET",
    config: nginxConfig,
    args: (file: string) => ["-c", file],
  },
  {
    name: "Apache",
    program: apache(),
    method: "POST",
    config: apacheConfig,
    args: (file: string) => ["-X", "-f", file],
  },
] as const;

for (const { name: serverName, program, method, config, args } of SERVERS) {
  const { path, ...otherwise } = program;
  describe(`${serverName} staples our answers`, otherwise, () => {
    const sites: Site[] = [];
    let server: StaplingServer;
    let start: () => Promise<StaplingServer>;
    before(async () => {
      const ports = new Set<number>();
      while (ports.size < DELEGATE_KEYS.length * NAMES.length) ports.add(await freePort());
      const unused = ports.values();
      for (const pki of await Promise.all(DELEGATE_KEYS.map(startDemoPki)))
        for (const name of NAMES) sites.push({ pki, name, port: unused.next().value as number });
      const [{ pki, port }] = sites as [Site];
      const dir = join(pki.home, serverName);
      mkdirSync(dir);
      const file = join(dir, "server.conf");
      writeFileSync(file, config(sites, dir));
      start = () => StaplingServer.start([path as string, ...args(file)], port, join(dir, "error.log"));
      server = await start();
    });
    after(async () => {
      await server?.stop();
      for (const pki of new Set(sites.map((site) => site.pki))) await pki.stop();
    });

    const of = (wanted: string): Site[] => sites.filter(({ name }) => name === wanted);
    const handshake = ({ pki, port }: Site): string => opensslHandshake(port, pki.pem("issuer"));
    const stapled = (site: Site): Promise<string> =>
      server.until("a staple", () => {
        const said = handshake(site);
        return said.includes("OCSP Response Status: successful") ? said : undefined;
      });

    /** The server has got this answer; nginx says so in its log alone, Apache to its clients. */
    async function learnt(site: Site, status: string, reason: RegExp): Promise<void> {
      if (serverName === "nginx") {
        const line = `certificate status "${status}" in the OCSP response`;
        const known = (text: string): boolean =>
          text.includes(line) && text.includes(site.pki.pem(site.name));
        await server.until(line, () => {
          assert.match(handshake(site), /OCSP response: no response sent/);
          return server.errors.split("\n").some(known);
        });
        return;
      }
      const said = await stapled(site);
      assert.match(said, new RegExp(`Cert Status: ${status}\n`));
      assert.match(said, reason);
    }

    test(`good: openssl's and GnuTLS's clients accept certificate and staple; asked once, by ${method}`, async () => {
      for (const site of of("good")) {
        const before = await site.pki.answered(method);
        assert.match(await stapled(site), /Cert Status: good[\s\S]*Verify return code: 0 \(ok\)/);
        const { accepted, said } = gnutlsHandshake(site.port, site.pki.pem("issuer"));
        assert.ok(accepted, said);
        assert.match(said, /Options: .*OCSP status request/);
        assert.equal((await site.pki.answered(method)) - before, 1);
      }
    });

    test("revoked, on hold, unknown are never stapled as good", async () => {
      for (const site of of("revoked")) await learnt(site, "revoked", /Reason: keyCompromise/);
      for (const site of of("hold")) await learnt(site, "revoked", /Reason: certificateHold/);
      for (const site of of("unknown")) await learnt(site, "unknown", /This Update/);
    });

    test("after a revocation the restarted server learns it with its next question", async () => {
      await server.stop();
      for (const { pki } of of("good")) await pki.revoke("good");
      server = await start();
      for (const site of of("good")) await learnt(site, "revoked", /Reason: keyCompromise/);
    });
  });
}
