import { z } from "zod";
import { KEY_USAGES } from "./key-usages.js";

/** The shape of sekisho.toml. Every field says why it is there; docs/configuration.md explains them to operators. */

const UNITS = { s: 1, m: 60, h: 3600, d: 86400 } as const;

/** "15m", "24h", "7d": a whole number and a unit; the value is in seconds. */
const duration = z
  .string()
  .regex(/^[1-9]\d{0,6}[smhd]$/, 'expected a duration such as "15m", "24h" or "7d"')
  .transform((text) => Number(text.slice(0, -1)) * UNITS[text.slice(-1) as keyof typeof UNITS]);

const NAME = "expected a name of a-z, 0-9 and -, at most 32 characters";

/** Names of issuers, tokens, profiles, policies and operators: they become file names and URL parts. */
const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, NAME);

/** Tables by name, as `[issuers.NAME]`. */
const named = <T extends z.ZodType>(value: T) =>
  z.record(id, value, { error: (issue) => (issue.code === "invalid_key" ? NAME : undefined) });

const path = z.string().min(1, "expected a path");

const address = z
  .string()
  .regex(
    /^(127\.0\.0\.1|\[::1\]|[0-9.]{7,15}|\[[0-9a-fA-F:]+\]):\d{1,5}$/,
    'expected ADDRESS:PORT such as "127.0.0.1:8080"',
  )
  .transform((text) => {
    const colon = text.lastIndexOf(":");
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port <= 65535, "expected a port up to 65535");

/** CDP and AIA URLs use plain http so that a client needs no certificate to check a certificate (standards F22). */
const httpUrl = z
  .string()
  .regex(/^http:\/\/[A-Za-z0-9.:[\]-]+(\/[A-Za-z0-9._~/-]*)?$/, "expected an http:// URL")
  .transform((url) => url.replace(/\/$/, ""));

/** Shards that one issuer may have: a CRL directory and a schedule of that many files. */
export const MAX_SHARDS = 4_096;

/** More than any machine has use for. */
export const MAX_PROCESSES = 64;

const oidText = z.string().regex(/^[0-2](\.(0|[1-9]\d{0,38})){1,31}$/, "expected a dotted object identifier");

const hexBytes = (octets: number) =>
  z
    .string()
    .regex(
      new RegExp(`^[0-9a-f]{${2 * octets}}$`),
      `expected ${octets} octets as ${2 * octets} hexadecimal digits`,
    );

const keyType = z.enum(["rsa2048", "rsa3072", "rsa4096", "p256", "p384"]);

const token = z.discriminatedUnion("provider", [
  z.strictObject({ provider: z.literal("pkcs11"), label: z.string().min(1).max(32), pinFile: path }),
  /** Encrypted PKCS#8 files: demonstrations and tests only, refused in production. */
  z.strictObject({ provider: z.literal("software"), dir: path, pinFile: path }),
]);

const subject = z.strictObject({
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, "expected two letters")
    .optional(),
  organization: z.string().min(1).max(64).optional(),
  organizationalUnit: z.string().min(1).max(64).optional(),
  commonName: z.string().min(1).max(64),
});

const profile = z.strictObject({
  /** What kind of certificate: decides the extensions that the standards fix (sections C and I). */
  kind: z.enum(["root", "subordinate-ca", "ocsp-responder", "end-entity"]),
  validity: duration,
  keyUsage: z.array(z.enum(KEY_USAGES)).min(1),
  extendedKeyUsage: z
    .array(z.union([z.enum(["serverAuth", "clientAuth", "timeStamping", "ocspSigning"]), oidText]))
    .default([]),
  extendedKeyUsageCritical: z.boolean().default(false),
  /** Subject attributes taken from the request; any other refuses it. */
  subjectFields: z
    .array(z.enum(["commonName", "organization", "organizationalUnit", "country", "locality", "state"]))
    .default(["commonName", "organization", "organizationalUnit", "country"]),
  /** Kinds of subjectAltName taken from the request; none listed: a request with names is refused. */
  subjectAltName: z.array(z.enum(["dns", "ip", "email", "uri"])).default([]),
  /** pathLenConstraint of a CA certificate; absent: no limit. */
  pathLength: z.number().int().min(0).max(8).optional(),
});

const policy = z.strictObject({
  /** certificatePolicies OID written into certificates issued under it. */
  oid: oidText,
  profiles: z.array(id).min(1),
  /** A demonstration policy is refused with `production = true`. */
  demo: z.boolean().default(false),
});

const issuer = z.strictObject({
  subject,
  keyType: keyType.default("rsa2048"),
  profile: id,
  /** Issuer that signs this one's certificate; absent: self-signed. */
  parent: id.optional(),
  token: id,
  /** standing: the PIN comes from the token's file. Other modes of DESIGN 4.7 are not built yet. */
  activation: z.enum(["standing"]),
  policies: z.array(id).default([]),
  /** Rules of the world that relies on it: PKIX alone, or the CA/Browser Forum's Baseline Requirements for TLS. */
  ruleProfile: z.enum(["pkix", "cabf-br"]).default("pkix"),
  crl: z.strictObject({
    /** A new complete CRL at least this often. */
    period: duration,
    /** nextUpdate - thisUpdate; longer than the period, so that a late CRL is not an outage. */
    validity: duration,
    /** A change of status is on a CRL within this time; absent: on the next one by schedule. */
    onRevocation: duration.optional(),
    /** Delta CRLs between the complete ones, as period and validity of those; absent: none. */
    delta: z.strictObject({ period: duration, validity: duration }).optional(),
    /** CRLs that the end-entity certificates issued from now on are spread over; absent: the complete CRL serves all. */
    shards: z.number().int().min(1).max(MAX_SHARDS).optional(),
    /** Keeps certificates on the CRL for ever, and says so (expiredCertsOnCRL). */
    keepExpired: z.boolean().default(false),
  }),
  ocsp: z.strictObject({
    token: id,
    /** One delegated key of each type; the first signs for clients that prefer no other (RFC 6960 4.4.7). */
    keyType: z
      .union([keyType, z.array(keyType).min(1).max(5)], "expected a key type or a list of them")
      .default("rsa2048")
      .transform((types) => [types].flat()),
    profile: id,
    /** responderID: SHA-1 of the key, or the delegate's subject. */
    responderId: z.enum(["key", "name"]).default("key"),
    /** What becomes of a client's nonce. */
    nonce: z.enum(["ignore", "optional", "required", "forbidden"]).default("optional"),
    /** Whose signature a request must carry: certificate holders of these issuers; absent: anybody, signatures are ignored. */
    requestors: z.array(id).min(1).optional(),
    /** Answer about a serial number that nobody issued (standards B14). */
    unknownCertificate: z.enum(["unknown", "unauthorized", "extended-revoked"]).default("unknown"),
    /** How long records of expired certificates are said to be kept; absent: the extension is not sent. */
    archiveCutoff: z.union([z.literal("issuer"), duration]).optional(),
    /** Names the CRL in answers about revoked certificates. */
    crlReferences: z.boolean().default(false),
    /** nextUpdate - thisUpdate of an answer. 4 d, renewed by half, satisfies BR, Mozilla and Microsoft (standards K2). */
    validity: duration,
    /** How long outer HTTP caches may keep an answer: a revocation reaches them this much later. */
    maxAge: duration,
  }),
});

const operator = z.strictObject({
  /** Raw Ed25519 public key. */
  publicKey: hexBytes(32),
  roles: z.array(z.enum(["administrator", "registration", "manager", "inspector"])).min(1),
  /** Where the CLI finds the private key (PKCS#8 PEM). The issuer never reads it. */
  keyFile: path.optional(),
});

export const configSchema = z.strictObject({
  version: z.literal(1, "expected 1: this program knows no other configuration version"),
  /** Refuses what is for demonstrations only: software keys, SoftHSM2, demo policies, standing activation of a root. */
  production: z.boolean(),
  /** Random identity of the installation; part of every signed control request, so that none works elsewhere. */
  installation: hexBytes(16),
  store: z.strictObject({
    dir: path,
    /** Fixed size of each memory map: lmdb otherwise remaps under readers. Address space, not disk. */
    mapSizeGib: z.number().int().min(1).max(4096).default(64),
  }),
  crl: z.strictObject({ dir: path }),
  control: z.strictObject({
    socket: path.max(100, "expected a path of at most 100 characters (unix socket limit)"),
  }),
  audit: z.strictObject({ dir: path }),
  responder: z.strictObject({
    listen: address,
    metricsListen: address,
    /** The same over HTTPS on a port of its own, with the PEM files below; absent: http only (CPS 2.1). */
    tlsListen: address.optional(),
    tlsCertificateFile: path.optional(),
    tlsKeyFile: path.optional(),
    /** Where the world reaches this listener: written into certificates (AIA, CDP). */
    publicUrl: httpUrl,
    /** Responder processes on the one listening socket. */
    processes: z.number().int().min(1).max(MAX_PROCESSES).default(1),
    /** Signing threads of each process. */
    workers: z.number().int().min(1).max(64).default(2),
    /**
     * Token sessions of each signing thread, opened when batches are large enough to need them: a network HSM with 3 ms
     * a signature makes 5,300 a second with 16.
     */
    sessions: z.number().int().min(1).max(256).default(16),
    /** uws: the uWebSockets.js transport for HTTP/1.1 behind the acceptor; http1: our own for everything. */
    transport: z.enum(["uws", "http1"]).default("uws"),
    /** Connections of one address to each process; a proxy in front needs more than a client. */
    peerConnections: z.number().int().min(1).max(1_000_000).default(1_024),
    /** Requests of one address that may wait for a signature in each process; the rest gets what needs none. */
    peerWaiting: z.number().int().min(1).max(1_000_000).default(256),
    /** CertIDs of one request; more are malformedRequest (standards A10). */
    maxCertIds: z.number().int().min(1).max(256).default(16),
    /** Issuer whose delegate says "unknown" about CAs that are not served here; absent: unauthorized, unsigned (B12). */
    unknownIssuer: id.optional(),
    /** hot: kept answers that are asked for are signed anew before they stop being fresh; all: about every certificate. */
    presign: z.enum(["off", "hot", "all"]).default("hot"),
    /** Where the responder leaves enrolment requests for the issuer. */
    enrolDir: path,
  }),
  pkcs11: z.strictObject({ module: path, softhsm2Conf: path.optional() }).optional(),
  tokens: named(token),
  /** Token and key type of the key that signs journal checkpoints and nothing else. */
  journal: z.strictObject({ token: id, keyType: keyType.default("p256") }),
  operators: named(operator),
  policies: named(policy).default({}),
  profiles: named(profile),
  issuers: named(issuer),
});

/** What the schema gives out; config-rules.ts says what must hold between its parts. */
export type ConfigFields = z.output<typeof configSchema>;
