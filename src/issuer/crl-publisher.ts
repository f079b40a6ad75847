import { fork } from "node:child_process";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hex } from "../core/bytes.js";
import type { Config } from "../core/config.js";
import { isSekishoError, SekishoError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { fileChunks } from "../crl/file-chunks.js";
import { certificateListEnvelope } from "../crl/tbs-cert-list.js";
import { lintCrl } from "../lint/crl.js";
import type { CaStore } from "../store/ca-store.js";
import type { StatusWriter } from "../store/status-writer.js";
import { keyIdentifier } from "../x509/issuer-identity.js";
import type { Authority } from "./authority.js";
import type { BuiltCrl, CrlTask } from "./crl-builder.js";
import { type PublishedCrl, readPublishedCrl } from "./published-crl.js";

/** Twenty times what 10 million entries take: a builder that is not done by then hangs. */
const BUILD_DEADLINE_MS = 10 * 60_000;

const BUILDER = fileURLToPath(new URL("./crl-builder.js", import.meta.url));

/** Path of an issuer's complete CRL: what the repository serves. */
export function crlPath(config: Config, id: string): string {
  return join(config.crl.dir, `${id}.crl`);
}

/** Writes the tbsCertList that a task asks for. */
export type CrlBuild = (task: CrlTask) => Promise<BuiltCrl>;

/**
 * Builds, signs and publishes complete CRLs. Commit protocol: reserve the number (on disk) -> a child process writes
 * the tbsCertList -> lint -> sign its digest -> stage the file, fsync -> gate: read the staged bytes back and check them
 * (invariant 5) -> journal record -> rename, fsync the directory. A crash before the rename leaves the old CRL in
 * place and skips a number. The record comes first, so that no CRL is ever in the world whose number a journal does
 * not know (invariant 3).
 */
export class CrlPublisher {
  /** Published files by issuer id, so that asking again does not read them again. */
  private readonly known = new Map<string, { ino: number; mtimeMs: number; crl: PublishedCrl | undefined }>();

  constructor(
    private readonly config: Config,
    private readonly status: StatusWriter,
    private readonly ca: CaStore,
    private readonly log: Log,
    private readonly build: CrlBuild = runBuilder,
  ) {}

  /** The CRL that is published now; undefined before the first, or if the file is damaged: then the next one replaces it. */
  published(authority: Authority): PublishedCrl | undefined {
    const file = crlPath(this.config, authority.id);
    const { ino, mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { ino: 0, mtimeMs: 0 };
    const known = this.known.get(authority.id);
    if (known?.ino === ino && known.mtimeMs === mtimeMs) return known.crl;
    let crl: PublishedCrl | undefined;
    try {
      crl = readPublishedCrl(file, authority.certificate);
    } catch (error) {
      if (!isSekishoError(error, "CRL_INVALID")) throw error;
      this.log.error({ issuer: authority.id, reason: error.message }, "the published CRL is damaged");
    }
    this.known.set(authority.id, { ino, mtimeMs, crl });
    return crl;
  }

  /** Publishes a new complete CRL. Throws CRL_GATE or CRL_INVALID, and the old one stays, if it is not fit. */
  async publish(authority: Authority): Promise<PublishedCrl> {
    const previous = this.published(authority);
    const number = await this.ca.nextCrlNumber(authority.issuer, Number(previous?.number ?? 0n));
    const staging = emptyDirectory(join(this.config.crl.dir, ".staging", authority.id));
    const tbsFile = join(staging, `${number}.tbs`);
    const stagedFile = join(staging, `${number}.crl`);
    try {
      const built = await this.build(this.task(authority, number, tbsFile));
      lint(authority, tbsFile);
      await stage(authority, built, tbsFile, stagedFile);
      const staged = this.gate(authority, stagedFile, built, number, previous);
      await this.record(authority, built, staged);
      const file = crlPath(this.config, authority.id);
      renameSync(stagedFile, file);
      syncDirectory(this.config.crl.dir);
      return { ...staged, file };
    } finally {
      rmSync(staging, { recursive: true, force: true });
    }
  }

  private task(authority: Authority, number: number, file: string): CrlTask {
    const { certificate, signer, config } = authority;
    return {
      store: { ...this.config.store, installation: this.config.installation },
      issuer: authority.issuer,
      issuerName: hex(certificate.subjectName),
      signatureAlgorithm: hex(signer.signatureAlgorithm),
      authorityKeyIdentifier: hex(
        certificate.subjectKeyIdentifier ?? keyIdentifier(certificate.subjectPublicKeyBits),
      ),
      cRLNumber: number,
      validity: config.crl.validity,
      notAfter: certificate.notAfter,
      digestName: signer.digestName,
      file,
    };
  }

  /** What the staged bytes say must be what was meant, and newer than what is published. */
  private gate(
    authority: Authority,
    file: string,
    built: BuiltCrl,
    number: number,
    previous: PublishedCrl | undefined,
  ): PublishedCrl {
    const staged = readPublishedCrl(file, authority.certificate);
    const refuse = (why: string): never => {
      throw new SekishoError("CRL_GATE", `CRL ${number} of ${authority.id} is not published: ${why}`);
    };
    if (staged === undefined) return refuse("the staged file is missing");
    if (staged.number !== BigInt(number)) refuse(`it carries number ${staged.number}`);
    if (previous !== undefined && staged.number <= previous.number)
      refuse(`number ${previous.number} is published already`);
    if (previous !== undefined && staged.thisUpdate < previous.thisUpdate)
      refuse("its thisUpdate lies before the published one's");
    if (staged.entries !== built.entries)
      refuse(`it has ${staged.entries} entries where ${built.entries} were built`);
    return staged;
  }

  private async record(authority: Authority, built: BuiltCrl, staged: PublishedCrl): Promise<void> {
    const { issuer } = authority;
    const { thisUpdate, nextUpdate, covers } = built;
    const digest = Buffer.from(staged.sha256, "hex");
    await this.status.transact(({ append }) =>
      append({ kind: "crl", issuer, number: Number(staged.number), thisUpdate, nextUpdate, covers, digest }),
    );
  }
}

/** Invariant 6: what fails a lint never reaches the key. Throws LINT_FAILED naming every rule that is broken. */
function lint(authority: Authority, tbsFile: string): void {
  const issuer = authority.certificate;
  const findings = lintCrl(fileChunks(tbsFile), {
    form: "tbsCertList",
    profile: "pkix",
    subjects: "ca",
    issuer,
  });
  if (findings.length > 0)
    throw new SekishoError("LINT_FAILED", findings.map(({ rule, text }) => `${rule}: ${text}`).join("; "));
}

/** Runs the builder in a child process that ends with its answer. */
function runBuilder(task: CrlTask): Promise<BuiltCrl> {
  return new Promise((resolve, reject) => {
    const child = fork(BUILDER, {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      timeout: BUILD_DEADLINE_MS,
      killSignal: "SIGKILL",
    });
    let built: BuiltCrl | undefined;
    let complaint = "";
    child.stderr?.on("data", (text: Buffer) => {
      complaint = (complaint + text.toString()).slice(-2_000);
    });
    child.once("message", (message) => {
      built = message as BuiltCrl;
    });
    child.on("error", reject);
    child.once("close", (code, signal) => {
      if (built !== undefined && code === 0) resolve(built);
      else
        reject(
          new SekishoError(
            "CRL_GATE",
            `the CRL builder ended with ${signal ?? code}: ${complaint.split("\n").find((line) => /Error/.test(line)) ?? complaint}`,
          ),
        );
    });
    child.send(task);
  });
}

/** Signs the built list and writes the CertificateList around it; on disk when it resolves. */
async function stage(
  authority: Authority,
  built: BuiltCrl,
  tbsFile: string,
  stagedFile: string,
): Promise<void> {
  const { signer } = authority;
  const out = openSync(stagedFile, "wx", 0o644);
  try {
    const [signature] = await signer.sign([
      { digest: Buffer.from(built.digest, "hex"), chunks: () => fileChunks(tbsFile) },
    ]);
    const { header, trailer } = certificateListEnvelope(
      built.length,
      signer.signatureAlgorithm,
      signature as Uint8Array,
    );
    writeSync(out, header);
    for (const chunk of fileChunks(tbsFile)) writeSync(out, chunk);
    writeSync(out, trailer);
    fsyncSync(out);
  } finally {
    closeSync(out);
  }
}

/** Makes the directory, without what a killed process left in it. */
function emptyDirectory(dir: string): string {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  return dir;
}

function syncDirectory(dir: string): void {
  const fd = openSync(dir, "r");
  fsyncSync(fd);
  closeSync(fd);
}
