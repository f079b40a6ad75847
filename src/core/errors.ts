/**
 * The one table of error codes. An operator meets a code as `error CODE: message`; docs/errors.md says the same
 * as this table with the remedy, and a test keeps the two equal.
 */

/** What the process does with an error that reaches its top: 1 = refused or failed, 2 = usage or configuration. */
export type ExitCode = 1 | 2;

interface ErrorEntry {
  readonly exit: ExitCode;
  readonly meaning: string;
  readonly remedy: string;
}

const entry = (exit: ExitCode, meaning: string, remedy: string): ErrorEntry => ({ exit, meaning, remedy });

export const ERRORS = {
  // Usage and configuration
  USAGE: entry(2, "The command line is not one the program knows.", "Read `sekisho COMMAND --help`."),
  CONFIG_MISSING: entry(
    2,
    "The configuration file cannot be read.",
    "Name it with `--config FILE`, or run the quickstart, which writes one.",
  ),
  CONFIG_INVALID: entry(
    2,
    "The configuration file holds something that is not allowed; the message names line, key and what is expected.",
    "Correct that line. Nothing was started or changed.",
  ),
  // Machine
  PORT_TAKEN: entry(
    1,
    "Another process listens on the address.",
    "Stop it, or choose another port (`--port N`, or `listen` in the configuration).",
  ),
  FILE_ACCESS: entry(
    1,
    "A file or directory cannot be read or written.",
    "Check that the path exists and that the service's user may use it.",
  ),
  TLS_FILES: entry(
    1,
    "The certificate chain or the private key of the HTTPS port cannot be used; the message says why.",
    "Correct `tls_certificate_file` and `tls_key_file`: PEM, the server's certificate first, each followed by its issuer's; the key belongs to the first, unencrypted and readable by its owner only.",
  ),
  INSTANCE_RUNNING: entry(
    1,
    "Another process already writes this store: an issuer, or `npm run seed`.",
    "Stop it first, or let it end; one installation has one writer.",
  ),
  INTERNAL: entry(
    1,
    "A fault of the program itself.",
    "Report it with the log lines around it; nothing that was acknowledged is lost.",
  ),
  // Store
  STORE_LAYOUT: entry(
    1,
    "The store has a layout version that this program does not know; it was left untouched.",
    "Use the program version that wrote it, or restore the backup that belongs to this version.",
  ),
  STORE_FOREIGN: entry(
    1,
    "The store belongs to another installation than the configuration says.",
    "Correct `store.dir` or `installation` in the configuration.",
  ),
  STORE_FAILED: entry(
    1,
    "The store or the audit log cannot be read or written. After a failed write the issuer ends.",
    "Check the disk, its space and the permissions of `store.dir` and `audit.dir`, then start again: what was acknowledged is there.",
  ),
  JOURNAL_BROKEN: entry(
    1,
    "A journal record does not chain to the one before it.",
    "Stop writing, keep the disk as evidence and restore from a verified backup.",
  ),
  STORE_DIFFERS: entry(
    1,
    "Two parts of the store contradict each other; the message names the first place.",
    "Stop writing, keep the disk as evidence and restore from a verified backup.",
  ),
  // DER and certificates
  DER_INVALID: entry(
    1,
    "The bytes are not strict DER of the expected structure.",
    "Re-create the file with a conforming tool.",
  ),
  PEM_INVALID: entry(
    1,
    "The file is not exactly one PEM block of the expected label.",
    "Keep one block, nothing around it.",
  ),
  CSR_SIGNATURE: entry(
    1,
    "The certification request's signature does not verify: no proof of possession of the private key.",
    "Create the request again with the private key that belongs to it.",
  ),
  CSR_KEY: entry(
    1,
    "The request's public key is weak, unsupported or already in use.",
    "Use RSA of 2048, 3072 or 4096 bits, or ECDSA P-256 or P-384, with a fresh key.",
  ),
  CSR_FIELD: entry(
    1,
    "The request asks for a field that the profile does not allow, or lacks one it needs.",
    "Create the request with the fields that `[profiles]` lists.",
  ),
  // Signer
  TOKEN_MISSING: entry(
    1,
    "The PKCS#11 module has no token with the configured label.",
    "Check `[tokens]` and the module's own configuration; tokens are found by label.",
  ),
  TOKEN_PIN: entry(
    1,
    "The token refused the PIN, or the PIN file cannot be used.",
    "Check `pin_file`: one line, readable by its owner only.",
  ),
  TOKEN_FAILED: entry(
    1,
    "The PKCS#11 module returned an error; the message names the function and CKR code.",
    "Check the HSM; the operation was not done.",
  ),
  TOKEN_TIMEOUT: entry(
    1,
    "A call to the token did not return in time, or one has not returned for so long.",
    "Check the HSM and its network; the operation was not done. Signing goes on by itself once the token answers; revocations never wait for it.",
  ),
  KEY_MISSING: entry(
    1,
    "The token holds no key pair with the needed label or identifier.",
    "Create it (`sekisho ca create`), or point `token` to the token that holds it.",
  ),
  KEY_ATTRIBUTES: entry(
    1,
    "A private key's attributes do not fulfil the rules (sensitive, not extractable, generated in the token).",
    "Generate the key inside the token; an imported key cannot serve as a CA key.",
  ),
  KEY_REFUSED: entry(
    1,
    "The key provider or token is not allowed in production.",
    "Use an HSM, or set `production = false` for a demonstration.",
  ),
  // Issuer
  ISSUER_UNKNOWN: entry(
    1,
    "No issuer of that id is configured or created.",
    "Name one from `[issuers]`; create it with `sekisho ca create`.",
  ),
  ISSUER_COMPROMISED: entry(
    1,
    "The issuer's key is recorded as compromised.",
    "Nothing is issued under it any more; create another CA with a new key.",
  ),
  ISSUER_EXISTS: entry(
    1,
    "The issuer has been created already.",
    "Nothing to do; `sekisho status` shows it.",
  ),
  PROFILE_REFUSED: entry(
    1,
    "The profile is unknown, or no policy of the issuer allows it.",
    "Name a profile that a policy of the issuer lists.",
  ),
  LINT_FAILED: entry(
    1,
    "What was about to be signed breaks a rule; the key was not touched.",
    "Correct the profile or request that the message names.",
  ),
  SERIAL_INVALID: entry(
    2,
    "The text is not a certificate serial number.",
    "Give hexadecimal digits; 0x, colons and leading zeros are allowed.",
  ),
  SERIAL_UNKNOWN: entry(
    1,
    "The issuer never issued a certificate with that serial number.",
    "Check the serial and `--issuer`.",
  ),
  REASON_INVALID: entry(
    2,
    "The text is not a revocation reason that may be given.",
    "Use the RFC 5280 spelling, for example keyCompromise.",
  ),
  DATE_INVALID: entry(
    2,
    "The text is not a usable date.",
    "Use YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ, not in the future.",
  ),
  SYNTHETIC_REFUSED: entry(
    1,
    "Synthetic certificates are never good in production: nobody issued them.",
    "Use an installation of its own with `production = false` for load tests, and an empty store for production.",
  ),
  CLOCK_UNTRUSTED: entry(
    1,
    "The clock jumped, or stands before a time that was signed already; nothing is signed until it agrees with the time since boot for 60 s.",
    "Correct the clock (NTP); signing resumes by itself.",
  ),
  STATE_CONFLICT: entry(
    1,
    "The certificate's present state does not allow the change; a final revocation cannot be undone.",
    "Look at `sekisho cert show SERIAL`.",
  ),
  CRL_GATE: entry(
    1,
    "A CRL that was built is not fit for publication; the published one stays.",
    "Look at the reason given; report it as a fault.",
  ),
  CRL_DIFFERS: entry(
    1,
    "Relying parties do not get the CRL that is published, or it is out of date.",
    "Look at what stands between: the responder, `responder.public_url`, outer caches; `sekisho status` says when the next CRL is due.",
  ),
  CRL_MISSING: entry(1, "No CRL has been published for the issuer.", "Run `sekisho crl issue`."),
  CRL_INVALID: entry(
    1,
    "The file is not a CRL that may be relied upon; the message says why.",
    "Fetch it again from the issuer's repository.",
  ),
  ENROL_UNKNOWN: entry(
    1,
    "No waiting enrolment request has that fingerprint.",
    "Compare with the fingerprint that the responder prints.",
  ),
  // Control protocol
  CONTROL_UNREACHABLE: entry(
    1,
    "The issuer's control socket does not answer.",
    "Start it with `sekisho issuer --config FILE`.",
  ),
  CONTROL_PROTOCOL: entry(
    1,
    "The peer does not speak this version of the control protocol, or broke its framing.",
    "Use the same program version on both ends.",
  ),
  CONTROL_REFUSED: entry(
    1,
    "The request's operator, signature, challenge or counter is wrong; it was refused and recorded.",
    "Check `--operator` and the key file; every attempt is in the audit log.",
  ),
  OPERATOR_UNKNOWN: entry(
    2,
    "No operator of that name, or no key file for it, is configured.",
    "Name one from `[operators]` with `--operator`.",
  ),
  AUDIT_BROKEN: entry(
    1,
    "The audit log does not chain; the message names the first bad record.",
    "Keep the file as evidence; compare it with the archive copies.",
  ),
  DOCTOR_FAILED: entry(
    1,
    "A check of `sekisho doctor` failed; its lines begin with `fail`.",
    "Correct what the line names and run it again.",
  ),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** A foreseeable fault. `code` is stable and is what callers match on; the message is one line for an operator. */
export class SekishoError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SekishoError";
    this.code = code;
  }

  get exit(): ExitCode {
    return ERRORS[this.code].exit;
  }
}

/** True if `error` is a SekishoError with one of the codes (any code when none is given). */
export function isSekishoError(error: unknown, ...codes: ErrorCode[]): error is SekishoError {
  return error instanceof SekishoError && (codes.length === 0 || codes.includes(error.code));
}

/** System errors that mean a path is not what it should be. */
const FILE_FAULTS = new Set([
  "EACCES",
  "EPERM",
  "ENOENT",
  "EROFS",
  "ENOTDIR",
  "EISDIR",
  "ENOSPC",
  "EDQUOT",
  "EIO",
]);

/** Turns anything thrown into a SekishoError: system errors by their errno, all else INTERNAL. */
export function toSekishoError(error: unknown): SekishoError {
  if (error instanceof SekishoError) return error;
  if (!(error instanceof Error)) return new SekishoError("INTERNAL", String(error), { cause: error });
  const { code, message }: NodeJS.ErrnoException = error;
  if (code === "EADDRINUSE") return new SekishoError("PORT_TAKEN", message, { cause: error });
  if (code !== undefined && FILE_FAULTS.has(code))
    return new SekishoError("FILE_ACCESS", message, { cause: error });
  return new SekishoError("INTERNAL", message, { cause: error });
}

/** The line an operator sees: `error CODE: message`, control characters removed so that foreign text cannot forge lines. */
export function errorLine(error: unknown): string {
  const { code, message } = toSekishoError(error);
  return `error ${code}: ${message.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim()}`;
}
