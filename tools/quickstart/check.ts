import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SekishoError } from "../../src/core/errors.js";
import { serialOf } from "./population.js";

/** One question to the real openssl client and what its answer has to hold. */
interface Check {
  readonly title: string;
  readonly args: readonly string[];
  readonly expected: readonly RegExp[];
}

/**
 * Asks with the openssl command what a relying party would ask: OCSP for each certificate and a serial never issued,
 * then the CRL. Prints what it saw; true if all of it is right.
 */
export async function runChecks(base: string, pki: string): Promise<boolean> {
  const work = mkdtempSync(join(tmpdir(), "sekisho-check-"));
  try {
    const crl = join(work, "root.crl");
    const response = await fetch(`${base}/crl/root.crl`);
    writeFileSync(crl, Buffer.from(await response.arrayBuffer()));
    return checks(base, pki, crl).map(runCheck).every(Boolean);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function checks(base: string, pki: string, crl: string): Check[] {
  const issuer = join(pki, "issuer.pem");
  const ocsp = ["ocsp", "-issuer", issuer, "-CAfile", issuer, "-url", `${base}/ocsp`];
  const cert = (name: string): string[] => [...ocsp, "-cert", join(pki, `${name}.pem`)];
  const verified = /Response verify OK/;
  const listed = (name: string): RegExp => new RegExp(`Serial Number: ${serialOf(pki, name)}`, "i");
  return [
    { title: "good", args: cert("good"), expected: [verified, /good\.pem: good/] },
    {
      title: "revoked",
      args: cert("revoked"),
      expected: [verified, /revoked\.pem: revoked/, /Reason: keyCompromise/, /Revocation Time: /],
    },
    {
      title: "on hold",
      args: cert("hold"),
      expected: [verified, /hold\.pem: revoked/, /Reason: certificateHold/],
    },
    {
      title: "never issued",
      args: [...ocsp, "-serial", `0x${randomBytes(16).toString("hex")}`],
      expected: [verified, /: unknown/],
    },
    {
      title: "CRL",
      args: ["crl", "-inform", "DER", "-in", crl, "-CAfile", issuer, "-noout"],
      expected: [/verify OK/],
    },
    {
      title: "CRL entries",
      args: ["crl", "-inform", "DER", "-in", crl, "-noout", "-text"],
      expected: [listed("revoked"), listed("hold")],
    },
  ];
}

function runCheck({ title, args, expected }: Check): boolean {
  const { stdout, stderr, error } = spawnSync("openssl", args, { encoding: "utf8", timeout: 20_000 });
  if (error !== undefined) throw new SekishoError("FILE_ACCESS", `openssl cannot be run: ${error.message}`);
  const output = `${stdout}${stderr}`;
  const missing = expected.filter((pattern) => !pattern.test(output));
  const seen = output.split("\n").filter((line) => expected.some((pattern) => pattern.test(line)));
  console.log(
    `${missing.length === 0 ? "ok  " : "FAIL"} ${title}: ${seen.map((line) => line.trim()).join("; ")}`,
  );
  if (missing.length > 0)
    console.log(`     openssl ${args.join(" ")}\n     missing ${missing.join(", ")} in:\n${output}`);
  return missing.length === 0;
}
