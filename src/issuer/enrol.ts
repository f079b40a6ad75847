import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { bytesEqual } from "../core/bytes.js";
import { nowSeconds } from "../core/clock.js";
import { SekishoError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { Turnstile } from "../core/turnstile.js";
import { type Certificate, parseCertificate } from "../x509/certificate.js";
import {
  type CertificationRequest,
  MAX_REQUEST_BYTES,
  parseCertificationRequest,
} from "../x509/certification-request.js";
import { configuredSubject } from "../x509/name.js";
import { decodePem } from "../x509/pem.js";
import { tbsCertificate } from "../x509/profile.js";
import type { Authority } from "./authority.js";
import { certify, type Issued } from "./certify.js";
import { type IssueContext, issuanceTerms } from "./issue.js";

/** A renewal is granted in the second half of a delegate's life, so that no stream of requests becomes certificates. */
const RENEWABLE_AFTER = 1 / 2;
/** Requests of one issuer that are looked at; there is one a responder key. */
const MAX_WAITING = 16;
/** ub-common-name (X.520). */
const MAX_COMMON_NAME = 64;

/** A PKCS#10 request that a responder left in the enrolment directory. */
interface Waiting {
  readonly file: string;
  readonly authority: Authority;
  readonly request: CertificationRequest;
}

/** SHA-256 of the DER SubjectPublicKeyInfo, lower-case hexadecimal: what two operators compare. */
export function fingerprint(subjectPublicKeyInfo: Uint8Array): string {
  return createHash("sha256").update(subjectPublicKeyInfo).digest("hex");
}

/** A delegate certificate and the CA that issued it. */
export type Enrolled = Issued & { readonly authority: Authority };

/** One pass at a time: a request that two of them saw would be certified twice. */
const passes = new Turnstile();

/** Certifies the waiting key that an operator names. Throws ENROL_UNKNOWN. */
export function enrolResponder(
  context: IssueContext,
  log: Log,
  wanted: string,
  issuerId: string | undefined,
): Promise<Enrolled> {
  return passes.run(() => enrolWaiting(context, log, wanted, issuerId));
}

/**
 * Certifies again what is signed by a key in force: the request's own signature is that key's. Returns what was
 * renewed; first keys stay where they are, for an operator. One that fails is logged and keeps nobody else waiting.
 */
export function renewDelegates(context: IssueContext, log: Log): Promise<Enrolled[]> {
  return passes.run(() => renewWaiting(context, log));
}

async function enrolWaiting(
  context: IssueContext,
  log: Log,
  wanted: string,
  issuerId: string | undefined,
): Promise<Enrolled> {
  const waiting = waitingRequests(context, log).find(
    ({ authority, request }) =>
      fingerprint(request.subjectPublicKeyInfo) === wanted &&
      (issuerId === undefined || authority.id === issuerId),
  );
  if (waiting === undefined)
    throw new SekishoError("ENROL_UNKNOWN", `no responder key with fingerprint ${wanted} is waiting`);
  if (hasRevokedCertificate(context, waiting))
    throw new SekishoError("CSR_KEY", "a certificate of that key was revoked: it is never certified again");
  return { ...(await certifyDelegate(context, waiting)), authority: waiting.authority };
}

async function renewWaiting(context: IssueContext, log: Log): Promise<Enrolled[]> {
  const renewed: Enrolled[] = [];
  for (const waiting of waitingRequests(context, log)) {
    const { authority, file } = waiting;
    if (!authority.canSign() || !isRenewable(context, waiting)) continue;
    try {
      renewed.push({ ...(await certifyDelegate(context, waiting)), authority });
    } catch (err) {
      log.error({ issuer: authority.id, file, err }, "an OCSP delegate could not be renewed");
    }
  }
  return renewed;
}

function isRenewable(context: IssueContext, waiting: Waiting): boolean {
  const inForce = delegateInForce(context, waiting);
  if (inForce === undefined) return false;
  const { notBefore, notAfter } = inForce;
  return nowSeconds(context.clock) >= notBefore + RENEWABLE_AFTER * (notAfter - notBefore);
}

async function certifyDelegate(
  context: IssueContext,
  { authority, request, file }: Waiting,
): Promise<Issued> {
  const profile = context.config.profiles[authority.config.ocsp.profile];
  if (profile?.kind !== "ocsp-responder")
    throw new SekishoError(
      "PROFILE_REFUSED",
      `profile ${authority.config.ocsp.profile} is not of kind ocsp-responder`,
    );
  // The issuer names its delegate itself; of the request only the key counts.
  const subjectName = configuredSubject({
    ...authority.config.subject,
    commonName: delegateName(authority.config.subject.commonName),
  });
  const { subjectPublicKeyInfo } = request;
  const issued = await certify(context, authority, "delegate", profile.kind, request.der, (serialNumber) =>
    tbsCertificate(
      { subjectName, subjectPublicKeyInfo, alternativeNames: [] },
      issuanceTerms(context, authority, profile, [], serialNumber),
    ),
  );
  rmSync(file, { force: true });
  return issued;
}

/** The CA's name and " OCSP" within the 64 characters of X.520: cut before the end, or it were the CA's own name. */
function delegateName(issuerName: string): string {
  const suffix = " OCSP";
  return [...issuerName].slice(0, MAX_COMMON_NAME - suffix.length).join("") + suffix;
}

/** True if the key was a delegate's whose certificate is revoked or held (standards P27: compromised keys). */
function hasRevokedCertificate({ status }: IssueContext, { request }: Waiting): boolean {
  return status.reader
    .delegates()
    .some(
      ({ certificate, state }) =>
        state !== "good" &&
        bytesEqual(parseCertificate(certificate).subjectPublicKeyInfo, request.subjectPublicKeyInfo),
    );
}

/** The valid delegate certificate of the issuer for the request's key, if any. A revoked one vouches for nothing. */
function delegateInForce(
  { status, clock }: IssueContext,
  { authority, request }: Waiting,
): Certificate | undefined {
  const now = nowSeconds(clock);
  return status.reader
    .delegates()
    .filter(({ issuer, state }) => issuer === authority.issuer && state === "good")
    .map(({ certificate }) => parseCertificate(certificate))
    .filter(
      ({ notAfter, subjectPublicKeyInfo }) =>
        now < notAfter && bytesEqual(subjectPublicKeyInfo, request.subjectPublicKeyInfo),
    )
    .sort((a, b) => b.notAfter - a.notAfter)[0];
}

/** Requests named ISSUER.KEYIDENTIFIER.csr. The directory is another process's: what is damaged is logged and skipped. */
function waitingRequests({ config, authorities }: IssueContext, log: Log): Waiting[] {
  const dir = config.responder.enrolDir;
  if (!existsSync(dir)) return [];
  const found: Waiting[] = [];
  const named = readdirSync(dir)
    .map((name) => ({ name, id: /^([a-z0-9-]{1,32})\.[0-9a-f]{40}\.csr$/.exec(name)?.[1] }))
    .filter(({ id }) => id !== undefined && authorities.has(id));
  const files = new Set(named.map(({ name }) => join(dir, name)));
  for (const file of seen.keys()) if (!files.has(file)) seen.delete(file);
  const counts = new Map<string, number>();
  for (const { name, id = "" } of named) {
    const count = counts.get(id) ?? 0;
    counts.set(id, count + 1);
    if (count >= MAX_WAITING) continue;
    const file = join(dir, name);
    const request = readRequest(file, log);
    if (request !== undefined) found.push({ file, authority: authorities.get(id), request });
  }
  return found;
}

/** Files as they were read last: a thousand keys that wait would cost a thousand signatures to check, every second. */
const seen = new Map<
  string,
  { readonly identity: string; readonly request: CertificationRequest | undefined }
>();

/** The request in a file; undefined if it is not usable, which is logged once. */
function readRequest(file: string, log: Log): CertificationRequest | undefined {
  const { ino, size, mtimeMs, ctimeMs } = lstatSync(file, { throwIfNoEntry: false }) ?? { ino: 0 };
  const identity = `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  const known = seen.get(file);
  if (known?.identity === identity) return known.request;
  let request: CertificationRequest | undefined;
  try {
    request = parseCertificationRequest(decodePem(readSmallFile(file), "CERTIFICATE REQUEST"));
  } catch (error) {
    log.warn({ file, reason: (error as Error).message }, "an enrolment request is not usable");
  }
  seen.set(file, { identity, request });
  return request;
}

/** Reads a regular file of bounded size, following no link. */
function readSmallFile(file: string): Buffer {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = fstatSync(fd);
    if (!fstatSync(fd).isFile() || size > 2 * MAX_REQUEST_BYTES)
      throw new SekishoError("FILE_ACCESS", `${file}: not a small regular file`);
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readSync(fd, bytes, 0, size, 0));
  } finally {
    closeSync(fd);
  }
}
