import { createHash } from "node:crypto";
import { asBuffer } from "../core/bytes.js";
import type { Config } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import { plainRequest } from "../ocsp/plain-request.js";
import { StatusReader } from "../store/status-reader.js";
import { parseCertificate } from "../x509/certificate.js";
import { issuerIdentities } from "../x509/issuer-identity.js";

/** What HTTP caches in front of the responder may hold about one certificate. */
export interface PurgeList {
  /** URLs of GET requests, in the spellings that clients use. */
  readonly urls: readonly string[];
  /** POST requests, for caches that key by body. */
  readonly posts: readonly { readonly body: string; readonly sha256: string }[];
}

/** Hash algorithms that clients use in CertIDs. */
const HASHES = ["sha1", "sha256"] as const;

/**
 * The list for a serial number (magnitude), issued or not. Reads the store, no issuer need run.
 * Throws ISSUER_UNKNOWN for a CA that was not created, STORE_* as every reader of the store.
 */
export async function purgeList(config: Config, issuer: string, serial: Uint8Array): Promise<PurgeList> {
  const certificate = await issuerCertificate(config, issuer);
  const requests = issuerIdentities(parseCertificate(certificate))
    .filter(({ hash }) => (HASHES as readonly string[]).includes(hash))
    .flatMap((identity) =>
      (["null", "absent"] as const).map((parameters) => asBuffer(plainRequest(identity, serial, parameters))),
    );
  const { publicUrl } = config.responder;
  const paths = new Set(requests.flatMap((request) => spellings(request.toString("base64"))));
  return {
    urls: [...paths].flatMap((path) => [`${publicUrl}/ocsp/${path}`, `${publicUrl}/${path}`]),
    posts: requests.map((request) => ({
      body: request.toString("base64"),
      sha256: createHash("sha256").update(request).digest("hex"),
    })),
  };
}

/** Escaped with capital or small digits, or only what a path cannot hold, or not at all (standards F1, F3). */
function spellings(base64: string): string[] {
  const escaped = encodeURIComponent(base64);
  const small = escaped.replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase());
  return [escaped, small, base64.replaceAll("+", "%2B"), base64];
}

async function issuerCertificate(config: Config, id: string): Promise<Uint8Array> {
  const status = StatusReader.open({ ...config.store, installation: config.installation });
  try {
    const stored = status.issuers().find((issuer) => issuer.id === id);
    if (stored === undefined)
      throw new SekishoError("ISSUER_UNKNOWN", `issuer ${id} is configured but not created`);
    return stored.certificate;
  } finally {
    await status.close();
  }
}
