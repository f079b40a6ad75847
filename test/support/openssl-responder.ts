import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openssl } from "./openssl.js";

const DAY_MS = 86_400_000;
const DELEGATE = "extendedKeyUsage=OCSPSigning\nkeyUsage=critical,digitalSignature\nnoCheck=ignored";

/** A CA of openssl's own making with a delegate, a good and a revoked certificate, and `openssl ocsp` to serve it. */
export class OpensslResponder {
  readonly directory = mkdtempSync(join(tmpdir(), "sekisho-openssl-"));

  constructor() {
    const root = ["-subj", "/CN=Demo CA", "-days", "30", "-addext", "keyUsage=critical,keyCertSign,cRLSign"];
    openssl(["req", "-x509", ...this.newKey("issuer"), "-out", this.path("issuer.pem"), ...root]);
    this.issue("good", "1001", "basicConstraints=CA:FALSE");
    this.issue("revoked", "1002", "basicConstraints=CA:FALSE");
    this.issue("delegate", "1003", DELEGATE);
    const line = (...fields: string[]): string => `${fields.join("\t")}\n`;
    const notAfter = indexTime(Date.now() + 10 * DAY_MS);
    const revocation = `${indexTime(Date.now() - 3_600_000)},keyCompromise`;
    writeFileSync(
      this.path("index.txt"),
      line("V", notAfter, "", "1001", "unknown", "/CN=good") +
        line("R", notAfter, revocation, "1002", "unknown", "/CN=revoked"),
    );
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Serves while `use` runs. `openssl ocsp` binds every address; it is asked over loopback. */
  async serve<T>(use: (url: URL) => Promise<T>): Promise<T> {
    const files = [
      "-index",
      "index.txt",
      "-CA",
      "issuer.pem",
      "-rsigner",
      "delegate.pem",
      "-rkey",
      "delegate.key",
    ];
    const child = spawn("openssl", ["ocsp", "-port", "0", "-nmin", "60", "-ignore_err", ...files], {
      cwd: this.directory,
      env: { ...process.env, OPENSSL_CONF: "/dev/null" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = once(child, "exit");
    try {
      return await use(new URL(`http://127.0.0.1:${await listening(child)}/`));
    } finally {
      // What it does with SIGTERM depends on what it is busy with.
      child.kill("SIGKILL");
      await ended;
    }
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private newKey(name: string): string[] {
    const p256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    return [...p256, "-nodes", "-keyout", this.path(`${name}.key`)];
  }

  private issue(name: string, serial: string, extensions: string): void {
    writeFileSync(this.path(`${name}.ext`), extensions);
    openssl(["req", "-new", ...this.newKey(name), "-subj", `/CN=${name}`, "-out", this.path(`${name}.csr`)]);
    const issuer = ["-CA", this.path("issuer.pem"), "-CAkey", this.path("issuer.key")];
    const terms = ["-set_serial", `0x${serial}`, "-days", "10", "-extfile", this.path(`${name}.ext`)];
    openssl([
      "x509",
      "-req",
      "-in",
      this.path(`${name}.csr`),
      ...issuer,
      ...terms,
      "-out",
      this.path(`${name}.pem`),
    ]);
  }
}

/** The port in the line `ACCEPT [::]:PORT PID=N`. */
async function listening(child: ChildProcess): Promise<number> {
  child.stderr?.resume();
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const port = /^ACCEPT .*:(\d+)\b/.exec(line)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error("openssl ocsp ended before it listened");
}

/** UTCTime as index.txt has it. */
function indexTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(2, 19).replace(/[-:T]/g, "")}Z`;
}
