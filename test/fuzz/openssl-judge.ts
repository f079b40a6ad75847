import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryOpenssl } from "../support/openssl.js";

/** What openssl makes of DER; it works on files, so these lie in a directory of their own. */
export class OpensslJudge {
  private readonly directory = mkdtempSync(join(tmpdir(), "sekisho-fuzz-"));

  constructor() {
    process.once("exit", () => rmSync(this.directory, { recursive: true, force: true }));
  }

  /** The OCSPRequest as openssl reads and writes it again; undefined if it reads none. */
  ocspRequest(der: Uint8Array): Uint8Array | undefined {
    return this.again(der, "ocsp", "-reqin", IN, "-reqout", OUT);
  }

  certificateList(der: Uint8Array): Uint8Array | undefined {
    return this.again(der, "crl", "-inform", "DER", "-in", IN, "-outform", "DER", "-out", OUT);
  }

  certificationRequest(der: Uint8Array): Uint8Array | undefined {
    return this.again(der, "req", "-inform", "DER", "-in", IN, "-outform", "DER", "-out", OUT);
  }

  private again(der: Uint8Array, ...args: string[]): Uint8Array | undefined {
    const paths: Record<string, string> = {
      [IN]: join(this.directory, "in.der"),
      [OUT]: join(this.directory, "out.der"),
    };
    writeFileSync(paths[IN] as string, der);
    const { status } = tryOpenssl(args.map((arg) => paths[arg] ?? arg));
    return status === 0 ? readFileSync(paths[OUT] as string) : undefined;
  }
}

const IN = "<in>";
const OUT = "<out>";
