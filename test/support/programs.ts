import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Programs of others that judge our answers. Each is a path, or undefined with the reason why its tests are skipped;
 * `npm test` has tools/setup-judges.mjs install what it can, in the same places.
 */
export type Program = { readonly path: string } | { readonly path: undefined; readonly skip: string };

function program(path: string, debianPackage: string, ...version: string[]): Program {
  const works = spawnSync(path, version, { stdio: "ignore" }).status === 0;
  return works ? { path } : { path: undefined, skip: `${path} does not run; Debian's ${debianPackage}` };
}

/** Runs a single source file; a runtime without the compiler does not. */
export const java = (): Program => {
  const compiler = program("javac", "default-jdk-headless", "-version");
  return compiler.path === undefined ? compiler : { path: "java" };
};

/** As a class path. */
export const bouncyCastle = (): Program => {
  const jars = ["bcprov", "bcutil", "bcpkix"].map((name) => `/usr/share/java/${name}.jar`);
  const missing = jars.find((jar) => !existsSync(jar));
  if (missing !== undefined)
    return { path: undefined, skip: `${missing} is missing; Debian's libbcpkix-java` };
  const compiler = java();
  return compiler.path === undefined ? compiler : { path: jars.join(":") };
};

export const python = (): Program =>
  program("/usr/bin/python3", "python3-cryptography", "-c", "import cryptography.x509.ocsp");

export const gnutls = (): Program => program("gnutls-cli", "gnutls-bin", "--version");

export const apache = (): Program => program("/usr/sbin/apache2", "apache2-bin", "-v");

/** As set-up unpacks it, unless it is installed: the package would start a service. */
export const nginx = (): Program => {
  const unpacked = fileURLToPath(new URL("../../programs/nginx/usr/sbin/nginx", import.meta.url));
  return program(existsSync("/usr/sbin/nginx") ? "/usr/sbin/nginx" : unpacked, "nginx", "-v");
};
