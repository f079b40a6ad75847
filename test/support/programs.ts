import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** nginx as set-up unpacks it: installed, it would start a service. */
const UNPACKED_NGINX = fileURLToPath(new URL("../../programs/nginx/usr/sbin/nginx", import.meta.url));

const works = (program: string, ...args: string[]): boolean =>
  spawnSync(program, args, { stdio: "ignore" }).status === 0;

/** Path of a program that a test compares with, or why the test is skipped. */
export type Program = { readonly path: string } | { readonly path: undefined; readonly skip: string };

function program(path: string, ...version: string[]): Program {
  return works(path, ...version) ? { path } : { path: undefined, skip: `${path} is not installed` };
}

export const java = (): Program => program("java", "-version");
export const python = (): Program => program("python3", "-c", "import cryptography.x509.ocsp");
export const apache = (): Program =>
  program(existsSync("/usr/sbin/apache2") ? "/usr/sbin/apache2" : "apache2", "-v");
export const nginx = (): Program => program(existsSync(UNPACKED_NGINX) ? UNPACKED_NGINX : "nginx", "-v");
