import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nginx } from "../../test/support/programs.js";
import { Server, unusedPort } from "../harness/processes.js";
import type { Endpoint } from "../load/rate.js";
import type { FixedAnswer } from "./fixed-answer.js";

const PATH = "/answer.ors";
export const NGINX_GET = Buffer.from(`GET ${PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n`);

/** nginx as a static file server for one answer: one worker, set up as fast as it goes. Undefined where it is not installed. */
export async function startNginx(dir: string, answer: FixedAnswer): Promise<Endpoint | undefined> {
  const program = nginx();
  if (program.path === undefined) return undefined;
  const port = await unusedPort();
  const root = join(dir, "nginx");
  mkdirSync(root);
  writeFileSync(join(root, PATH), Buffer.from(answer.body, "base64"), { mode: 0o644 });
  const file = join(root, "nginx.conf");
  writeFileSync(file, config(root, port, answer));
  const server = await Server.start([program.path, "-c", file], { port });
  return { port, pid: server.pid, stop: () => server.stop() };
}

/** Last-Modified, ETag and Content-Type are nginx's own; the other fields of the answer are added. */
function config(root: string, port: number, { getFields }: FixedAnswer): string {
  const own = new Set(["content-type", "last-modified", "etag"]);
  const added = getFields
    .filter(([name]) => !own.has(name.toLowerCase()))
    .map(([name, value]) => `add_header ${name} "${value}";`);
  return `daemon off; master_process off; pid ${root}/pid; error_log ${root}/error.log;
worker_processes 1;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on;
  keepalive_requests 10000000; keepalive_timeout 3600s;
  open_file_cache max=100; open_file_cache_valid 3600s;
  types { application/ocsp-response ors; }
  client_body_temp_path ${root}; proxy_temp_path ${root}; fastcgi_temp_path ${root}; uwsgi_temp_path ${root}; scgi_temp_path ${root};
  server { listen 127.0.0.1:${port}; root ${root}; ${added.join(" ")} }
}
`;
}
