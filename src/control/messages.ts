import { z } from "zod";
import { ERRORS, type ErrorCode } from "../core/errors.js";

/**
 * What the admin CLI may ask of the issuer and what it answers: JSON in UTF-8, parsed strictly on both ends. Serial
 * numbers are lower-case hexadecimal, two digits an octet, without leading zero octets; times are ISO 8601 in UTC with
 * whole seconds; CRL numbers are decimal text (they may have 20 octets, RFC 5280 5.2.3).
 */

/** Most changes in one cert.revoke: they become one journal record. */
export const MAX_CHANGES = 4_096;

/** Most certificates of a synthetic population; its numbers are multiplied with each other and stay whole. */
export const MAX_POPULATION = 2 ** 26;

/** Most of them in one store.seed: a fifth of a second, so that other requests do not wait for long. */
export const MAX_SEED = 65_536;

/** Reasons of a final revocation by their RFC 5280 5.3.1 spelling; certificateHold has its own operation. */
export const REVOKE_REASONS = [
  "unspecified",
  "keyCompromise",
  "cACompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
  "privilegeWithdrawn",
  "aACompromise",
] as const;

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/);
const serial = z.string().regex(/^(?!00)(?:[0-9a-f]{2}){1,20}$/);
const time = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/);
const pem = z.string().max(256 * 1024);
const fingerprint = z.string().regex(/^[0-9a-f]{64}$/);
const decimal = z.string().regex(/^\d{1,49}$/);
const count = z.number().int().min(0);
const text = z.string().max(1_000);
const reason = z.enum([...REVOKE_REASONS, "certificateHold"]);

/** Every request names the role its operator acts in; `approvals` stays empty until approvals exist. */
const common = {
  role: z.enum(["administrator", "registration", "manager", "inspector"]),
  approvals: z.tuple([]),
};

const change = z.strictObject({ serial, reason: z.enum(REVOKE_REASONS), invalidityDate: time.optional() });

export const requestSchema = z.discriminatedUnion("op", [
  z.strictObject({ op: z.literal("ca.create"), issuer: name, ...common }),
  z.strictObject({ op: z.literal("ca.compromised"), issuer: name, since: time.optional(), ...common }),
  z.strictObject({ op: z.literal("cert.issue"), issuer: name, csr: pem, profile: name, ...common }),
  z.strictObject({
    op: z.literal("cert.revoke"),
    issuer: name,
    changes: z.array(change).min(1).max(MAX_CHANGES),
    ...common,
  }),
  z.strictObject({ op: z.literal("cert.hold"), issuer: name, serial, ...common }),
  z.strictObject({ op: z.literal("cert.release"), issuer: name, serial, ...common }),
  z.strictObject({ op: z.literal("cert.show"), issuer: name, serial, ...common }),
  z.strictObject({ op: z.literal("crl.issue"), issuer: name, delta: z.boolean(), ...common }),
  z.strictObject({ op: z.literal("crl.show"), issuer: name, ...common }),
  z.strictObject({ op: z.literal("status"), ...common }),
  z.strictObject({
    op: z.literal("store.seed"),
    issuer: name,
    population: z
      .strictObject({
        certificates: z.number().int().min(1).max(MAX_POPULATION),
        revoked: count,
      })
      .refine(({ certificates, revoked }) => revoked <= certificates),
    /** The first of the population's numbers that are wanted, and how many. */
    from: count,
    count: z.number().int().min(1).max(MAX_SEED),
    ...common,
    role: z.literal("administrator"),
  }),
  z.strictObject({ op: z.literal("responder.enrol"), issuer: name.optional(), fingerprint, ...common }),
]);

export const errorReplySchema = z.strictObject({
  code: z.string().refine((code): code is ErrorCode => Object.hasOwn(ERRORS, code)),
  message: text,
});

const state = z.enum(["good", "held", "revoked"]);

/** A change that is durable. `reason` and `revocationTime` are those of the row after it; absent once released. */
const changed = z.strictObject({
  serial,
  state,
  reason: reason.optional(),
  revocationTime: time.optional(),
  journal: count,
  /** Unix time in milliseconds at which the issuer acknowledged. */
  acknowledged: count,
});

/** A change that was not made. `present` is given with STATE_CONFLICT: what the row says instead. */
const unchanged = z.strictObject({
  serial,
  error: errorReplySchema,
  present: z.strictObject({ state, reason: reason.optional() }).optional(),
});

const crlFacts = z.strictObject({
  number: decimal,
  /** Number of the complete CRL that a delta CRL starts from. */
  base: decimal.optional(),
  /** Why it was made. */
  why: text.optional(),
  thisUpdate: time,
  nextUpdate: time,
  /** Seconds until nextUpdate; 0 once it has passed. */
  remaining: count,
  entries: count,
  bytes: count,
  sha256: fingerprint,
  file: text,
});

/** When the next CRL is due, and what makes it due. */
const due = z.strictObject({ at: time, why: text });

const crlReport = {
  crl: crlFacts.optional(),
  crlDue: due.optional(),
  delta: crlFacts.optional(),
  deltaDue: due.optional(),
  /** CRLs that cover a part of the issuer's certificates. */
  shards: z.array(z.strictObject({ scope: text, crl: crlFacts.optional(), due: due.optional() })).optional(),
};

const issuerStatus = z.strictObject({
  id: name,
  created: z.boolean(),
  subject: text,
  token: text,
  activation: text,
  /** Since when its key is compromised; absent while it is not. */
  compromisedSince: time.optional(),
  /** Why its token does not work, and for how long; absent while it does. */
  tokenFault: text.optional(),
  /** Whether the activation mode fulfils the practice statement (CPS 6.2.8, 6.2.9). */
  fulfilsCps: z.boolean(),
  ...crlReport,
  /** Certificates that were made up for load tests; absent if there are none. */
  synthetic: count.optional(),
  delegates: z.array(z.strictObject({ fingerprint, notAfter: time, state: text })),
});

const results = {
  "ca.compromised": z.strictObject({ issuer: name, since: time, journal: count }),
  "ca.create": z.strictObject({ issuer: name, certificate: pem, journal: count }),
  "cert.issue": z.strictObject({ serial, certificate: pem, journal: count }),
  "cert.revoke": z.strictObject({ changes: z.array(z.union([changed, unchanged])).max(MAX_CHANGES) }),
  "cert.hold": changed,
  "cert.release": changed,
  "cert.show": z.strictObject({
    serial,
    state,
    reason: reason.optional(),
    revocationTime: time.optional(),
    invalidityDate: time.optional(),
    notAfter: time,
    journal: count,
    certificate: pem.optional(),
    /** Present if it was made up for load tests. */
    synthetic: z.literal(true).optional(),
  }),
  "crl.issue": z.strictObject({ issuer: name, delta: z.boolean(), crl: crlFacts }),
  "crl.show": z.strictObject({ issuer: name, ...crlReport }),
  status: z.strictObject({
    installation: z.string().regex(/^[0-9a-f]{32}$/),
    production: z.boolean(),
    started: time,
    issuers: z.array(issuerStatus),
    journal: z.strictObject({
      position: count,
      head: fingerprint,
      /** As of an issuer: nothing can sign checkpoints. */
      tokenFault: text.optional(),
    }),
  }),
  "store.seed": z.strictObject({
    issuer: name,
    imported: count,
    /** Were there before; stay as they are. */
    present: count,
    journal: count,
  }),
  "responder.enrol": z.strictObject({ issuer: name, fingerprint, certificate: pem, journal: count }),
};

type Results = { [Op in keyof typeof results]: z.output<(typeof results)[Op]> };

/** Shape of each operation's result. */
export const resultSchemas: { readonly [Op in keyof Results]: z.ZodType<Results[Op]> } = results;

/** A request that waits for approval. */
export const filedSchema = z.strictObject({ request: z.string().regex(/^[A-Za-z0-9-]{1,64}$/) });

export type ControlRequest = z.output<typeof requestSchema>;
export type ControlOp = ControlRequest["op"];
export type RequestOf<Op extends ControlOp> = Extract<ControlRequest, { op: Op }>;
export type ResultOf<Op extends ControlOp> = Results[Op];
export type Change = z.output<typeof change>;
/** Reason of a revoked or held certificate. */
export type Reason = z.output<typeof reason>;
export type Role = ControlRequest["role"];
export type Changed = z.output<typeof changed>;
export type Unchanged = z.output<typeof unchanged>;
export type CrlFacts = z.output<typeof crlFacts>;
export type CrlReport = Omit<ResultOf<"crl.show">, "issuer">;
export type IssuerStatus = z.output<typeof issuerStatus>;
export type Filed = z.output<typeof filedSchema>;

/** How a request that was accepted ended; a failure is thrown as SekishoError instead. */
export type Outcome<Op extends ControlOp> =
  | { readonly result: ResultOf<Op>; readonly filed?: never }
  | { readonly filed: Filed; readonly result?: never };
