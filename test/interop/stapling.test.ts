import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type DemoPki, startDemoPki } from "../support/demo-pki.js";
import { apache, nginx } from "../support/programs.js";
import { freePort } from "../support/quickstart.js";
import { StaplingServer } from "../support/stapling-server.js";

/**
 * TLS servers that fetch our answer over HTTP/1.0, verify it and staple it; openssl's client verifies the staple (B3, C1,
 * F1, F5). Both staple only what is good: nginx drops a revoked answer, Apache hands it on.
 */

const KEY = (pki: DemoPki): string => pki.pem("good").replace(/\.pem$/, ".key");

function nginxConfig(pki: DemoPki, port: number, dir: string): string {
  return `daemon off; master_process off; pid ${dir}/pid; error_log ${dir}/error.log info;
events {}
http {
  access_log off;
  client_body_temp_path ${dir}; proxy_temp_path ${dir}; fastcgi_temp_path ${dir}; uwsgi_temp_path ${dir}; scgi_temp_path ${dir};
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${pki.pem("good")};
    ssl_certificate_key ${KEY(pki)};
    ssl_trusted_certificate ${pki.pem("issuer")};
    ssl_stapling on;
    ssl_stapling_verify on;
  }
}
`;
}

const APACHE_MODULES = ["mpm_event", "socache_shmcb", "authz_core", "ssl"];

function apacheConfig(pki: DemoPki, port: number, dir: string): string {
  const modules = APACHE_MODULES.filter((name) => existsSync(`/usr/lib/apache2/modules/mod_${name}.so`));
  return `ServerRoot "${dir}"
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n")}
ServerName localhost
PidFile ${dir}/pid
ErrorLog ${dir}/error.log
DefaultRuntimeDir ${dir}
Mutex file:${dir} default
Listen 127.0.0.1:${port}
SSLStaplingCache shmcb:${dir}/stapling(32768)
<VirtualHost 127.0.0.1:${port}>
  SSLEngine on
  SSLCertificateFile ${pki.pem("good")}
  SSLCertificateKeyFile ${KEY(pki)}
  SSLCACertificateFile ${pki.pem("issuer")}
  SSLUseStapling on
  SSLStaplingReturnResponderErrors off
</VirtualHost>
`;
}

const SERVERS = [
  { name: "nginx", program: nginx(), config: nginxConfig, args: (file: string) => ["-c", file] },
  { name: "Apache", program: apache(), config: apacheConfig, args: (file: string) => ["-X", "-f", file] },
] as const;

for (const { name, program, config, args } of SERVERS) {
  const { path, ...otherwise } = program;
  describe(`${name} staples our answers`, otherwise, () => {
    let pki: DemoPki;
    let server: StaplingServer;
    let errors: string;
    let start: () => Promise<StaplingServer>;
    before(async () => {
      pki = await startDemoPki("p256");
      const port = await freePort();
      const dir = join(pki.home, name);
      mkdirSync(dir);
      const file = join(dir, "server.conf");
      writeFileSync(file, config(pki, port, dir));
      errors = join(dir, "error.log");
      const command: [string, ...string[]] = [path as string, ...args(file)];
      start = () => StaplingServer.start(command, port, pki.pem("issuer"), errors);
      server = await start();
    });
    after(async () => {
      await server.stop();
      await pki.stop();
    });

    test("the staple is there, good, and openssl's client accepts certificate and staple", async () => {
      const said = await server.stapled();
      assert.match(said, /Cert Status: good/);
      assert.match(said, /Verify return code: 0 \(ok\)/);
    });

    test("after a revocation the server learns it with its next fetch", async () => {
      await server.stop();
      await pki.revoke("good");
      server = await start();
      if (name === "Apache") {
        assert.match(await server.stapled(), /Cert Status: revoked[\s\S]*Reason: keyCompromise/);
        return;
      }
      while (!readFileSync(errors, "utf8").includes('certificate status "revoked"'))
        assert.match(server.handshake(), /OCSP response: no response sent/);
    });
  });
}
