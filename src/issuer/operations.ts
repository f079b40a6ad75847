import type {
  Changed,
  ControlOp,
  ControlRequest,
  Reason,
  RequestOf,
  ResultOf,
  Unchanged,
} from "../control/messages.js";
import { nowSeconds } from "../core/clock.js";
import type { ClockGuard } from "../core/clock-guard.js";
import type { Config } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { Turnstile } from "../core/turnstile.js";
import { parseRevokeReason, reasonName } from "../crl/reason.js";
import { ALL } from "../crl/scope.js";
import type { KeyAccess } from "../signer/signer.js";
import type { CaStore } from "../store/ca-store.js";
import type { StatusRow } from "../store/layout.js";
import type { StatusWriter } from "../store/status-writer.js";
import { encodePem } from "../x509/pem.js";
import { parseSerial, serialText } from "../x509/serial.js";
import { assertAllowed } from "./allowed-reason.js";
import type { Authorities } from "./authority.js";
import { changeStatus, type StatusChange, type StatusOutcome } from "./change-status.js";
import { createCa } from "./create-ca.js";
import type { CrlPublisher } from "./crl-publisher.js";
import type { CrlSchedule } from "./crl-schedule.js";
import { enrolResponder } from "./enrol.js";
import { isCompromised, issueCertificate } from "./issue.js";
import type { PublishedCrl } from "./published-crl.js";
import { crlFacts, crlReport, isoTime, issuerStatuses, tokenFault } from "./report.js";
import { seedStore } from "./seed-store.js";

/** Everything the operations work on; put together once in main. */
export interface IssuerContext {
  readonly config: Config;
  readonly clock: ClockGuard;
  readonly log: Log;
  readonly status: StatusWriter;
  readonly ca: CaStore;
  readonly authorities: Authorities;
  readonly publisher: CrlPublisher;
  readonly schedule: CrlSchedule;
  readonly keyStore: (token: string) => KeyAccess;
  readonly startedAt: number;
}

type Operation<Op extends ControlOp> = (
  context: IssuerContext,
  request: RequestOf<Op>,
) => Promise<ResultOf<Op>>;

/** One CA is created at a time: two requests for one id must not both find it missing. */
const creation = new Turnstile();

const OPERATIONS: { readonly [Op in ControlOp]: Operation<Op> } = {
  "ca.create": async (context, { issuer }) => {
    const config = context.config.issuers[issuer];
    if (config === undefined) throw new SekishoError("ISSUER_UNKNOWN", `issuer ${issuer} is not configured`);
    const created = await creation.run(() => createCa(context, context.keyStore(config.token), issuer));
    return {
      issuer,
      certificate: encodePem(created.certificate.der, "CERTIFICATE"),
      journal: created.journal,
    };
  },

  "ca.compromised": async ({ authorities, status, clock }, { issuer: id, since }) => {
    const authority = authorities.get(id);
    const now = nowSeconds(clock);
    const seconds = since === undefined ? now : Date.parse(since) / 1000;
    if (seconds > now || seconds < authority.certificate.notBefore)
      throw new SekishoError("DATE_INVALID", "the date lies before the CA's certificate, or in the future");
    const { issuer } = authority;
    const journal = await status.transact((transaction) => {
      if (isCompromised({ status }, authority))
        throw new SekishoError(
          "ISSUER_COMPROMISED",
          `the key of issuer ${id} is recorded as compromised already`,
        );
      return transaction.append({ kind: "compromise", issuer, since: seconds });
    });
    return { issuer: id, since: isoTime(seconds), journal };
  },

  "cert.issue": async (context, { issuer, csr, profile }) => {
    const { certificate, journal } = await issueCertificate(
      context,
      context.authorities.get(issuer),
      csr,
      profile,
    );
    return {
      serial: serialText(certificate.serialNumber),
      certificate: encodePem(certificate.der, "CERTIFICATE"),
      journal,
    };
  },

  "cert.revoke": async (context, { issuer, changes }) => {
    const wanted = changes.map(
      ({ serial, reason, invalidityDate }): StatusChange => ({
        act: "revoke",
        serial: parseSerial(serial),
        reason: parseRevokeReason(reason),
        invalidityDate: invalidityDate === undefined ? 0 : Date.parse(invalidityDate) / 1000,
      }),
    );
    const outcomes = await change(context, issuer, wanted);
    const acknowledged = context.clock.nowMs();
    return { changes: outcomes.map((outcome) => describe(outcome, acknowledged)) };
  },

  "cert.hold": (context, { issuer, serial }) =>
    changeOne(context, issuer, { act: "hold", serial: parseSerial(serial) }),

  "cert.release": (context, { issuer, serial }) =>
    changeOne(context, issuer, { act: "release", serial: parseSerial(serial) }),

  "cert.show": async ({ authorities, status, ca }, { issuer, serial: text }) => {
    const authority = authorities.get(issuer);
    const serial = parseSerial(text);
    const row = status.reader.row(authority.issuer, serial);
    if (row === undefined)
      throw new SekishoError("SERIAL_UNKNOWN", `serial ${serialText(serial)} was never issued by ${issuer}`);
    const certificate = ca.certificate(authority.issuer, serial);
    return {
      ...describeRow(serial, row),
      ...(row.invalidityDate === 0 ? {} : { invalidityDate: isoTime(row.invalidityDate) }),
      notAfter: isoTime(row.notAfter),
      ...(certificate === undefined ? {} : { certificate: encodePem(certificate, "CERTIFICATE") }),
      ...(row.synthetic ? { synthetic: true } : {}),
    };
  },

  "crl.issue": async ({ authorities, schedule, clock }, { issuer, delta }) => {
    const authority = authorities.get(issuer);
    if (delta && authority.config.crl.delta === undefined)
      throw new SekishoError("USAGE", `issuer ${issuer} has no delta CRLs: its crl.delta is not configured`);
    const scopes = delta ? [ALL] : schedule.scopes(authority);
    const published: PublishedCrl[] = [];
    for (const scope of scopes)
      published.push(
        ...(await schedule.publish(
          authority,
          { scope, delta, cause: "operator" },
          "an operator asked for it",
        )),
      );
    return { issuer, delta, crl: crlFacts(published[0] as PublishedCrl, nowSeconds(clock)) };
  },

  "crl.show": async (context, { issuer }) => ({
    issuer,
    ...(await crlReport(context, context.authorities.get(issuer))),
  }),

  status: async (context) => {
    const { position, hash } = context.status.reader.head();
    return {
      installation: context.config.installation,
      production: context.config.production,
      started: isoTime(context.startedAt),
      issuers: await issuerStatuses(context),
      journal: {
        position,
        head: Buffer.from(hash).toString("hex"),
        ...tokenFault(context.keyStore(context.config.journal.token)),
      },
    };
  },

  "store.seed": (context, request) => seedStore(context, request),

  "responder.enrol": async (context, { issuer, fingerprint }) => {
    const { certificate, journal, authority } = await enrolResponder(
      context,
      context.log,
      fingerprint,
      issuer,
    );
    return {
      issuer: authority.id,
      fingerprint,
      certificate: encodePem(certificate.der, "CERTIFICATE"),
      journal,
    };
  },
};

/** What makes a CA key sign a time. A revocation is not among them: it is never refused for the clock's sake. */
const SIGNING: readonly ControlOp[] = ["ca.create", "cert.issue", "crl.issue", "responder.enrol"];

/**
 * Executes one verified request. What it says is on disk when it resolves (invariant 3). Throws SekishoError,
 * CLOCK_UNTRUSTED for one that would sign by a clock that jumped (invariant 11).
 */
export async function execute(context: IssuerContext, request: ControlRequest): Promise<ResultOf<ControlOp>> {
  const { fault } = context.clock;
  if (fault !== undefined && SIGNING.includes(request.op)) throw new SekishoError("CLOCK_UNTRUSTED", fault);
  const operation = OPERATIONS[request.op] as Operation<ControlOp>;
  return operation(context, request);
}

function change(
  context: IssuerContext,
  issuer: string,
  wanted: readonly StatusChange[],
): Promise<StatusOutcome[]> {
  const authority = context.authorities.get(issuer);
  for (const each of wanted) assertAllowed(authority.config, each);
  return changeStatus(context.status, authority.issuer, wanted, nowSeconds(context.clock));
}

async function changeOne(context: IssuerContext, issuer: string, wanted: StatusChange): Promise<Changed> {
  const [outcome] = await change(context, issuer, [wanted]);
  if (outcome === undefined || "error" in outcome) throw outcome?.error;
  return { ...describeRow(outcome.serial, outcome.row), acknowledged: context.clock.nowMs() };
}

function describe(outcome: StatusOutcome, acknowledged: number): Changed | Unchanged {
  const { serial } = outcome;
  if ("row" in outcome) return { ...describeRow(serial, outcome.row), acknowledged };
  const { error, present } = outcome;
  return {
    serial: serialText(serial),
    error: { code: error.code, message: error.message },
    ...(present === undefined ? {} : { present: { state: present.state, ...reasonOf(present) } }),
  };
}

function describeRow(serial: Uint8Array, row: StatusRow): Omit<Changed, "acknowledged"> {
  const { state, revocationTime, position } = row;
  return {
    serial: serialText(serial),
    state,
    ...reasonOf(row),
    ...(revocationTime === 0 ? {} : { revocationTime: isoTime(revocationTime) }),
    journal: position,
  };
}

const reasonOf = ({ state, reason }: StatusRow): { reason?: Reason } =>
  state === "good" ? {} : { reason: reasonName(reason) as Reason };
