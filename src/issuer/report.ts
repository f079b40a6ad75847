import type { CrlFacts, CrlReport, IssuerStatus } from "../control/messages.js";
import { type Clock, nowSeconds } from "../core/clock.js";
import type { Config, IssuerConfig } from "../core/config.js";
import { ALL, scopeText } from "../crl/scope.js";
import type { KeyAccess } from "../signer/signer.js";
import type { CrlCause } from "../store/journal-record.js";
import type { StatusWriter } from "../store/status-writer.js";
import { parseCertificate } from "../x509/certificate.js";
import { nameText } from "../x509/name-text.js";
import type { Authorities, Authority } from "./authority.js";
import type { CrlPublisher } from "./crl-publisher.js";
import type { CrlSchedule } from "./crl-schedule.js";
import { fingerprint } from "./enrol.js";
import type { PublishedCrl } from "./published-crl.js";

/** Where the facts come from. */
export interface ReportSources {
  readonly config: Config;
  readonly clock: Clock;
  readonly status: StatusWriter;
  readonly authorities: Authorities;
  readonly publisher: CrlPublisher;
  readonly schedule: CrlSchedule;
  readonly keyStore: (token: string) => KeyAccess;
}

/** ISO 8601 in UTC with whole seconds. */
export function isoTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** Why a CRL was made, as an operator reads it. */
const CAUSES: Readonly<Record<CrlCause, string>> = {
  schedule: "its time had come",
  change: "a change of status was to be shown",
  operator: "an operator asked for it",
};

export function crlFacts(crl: PublishedCrl, now: number): CrlFacts {
  const { number, base, cause, thisUpdate, nextUpdate, entries, bytes, sha256, file } = crl;
  return {
    number: String(number),
    ...(base === undefined ? {} : { base: String(base) }),
    ...(cause === undefined ? {} : { why: CAUSES[cause] }),
    thisUpdate: isoTime(thisUpdate),
    nextUpdate: isoTime(nextUpdate),
    remaining: Math.max(0, nextUpdate - now),
    entries,
    bytes,
    sha256,
    file,
  };
}

/** The CRLs of an issuer: why the last was made, how long it is still valid, when the next comes and why. */
export async function crlReport(
  { publisher, schedule, clock }: ReportSources,
  authority: Authority,
): Promise<CrlReport> {
  const now = nowSeconds(clock);
  const due = await schedule.due(authority);
  const slot = async (scope: number, delta: boolean) => {
    const crl = await publisher.published(authority, { scope, delta });
    const next = due
      .filter((one) => one.scope === scope && one.delta === delta)
      .sort((a, b) => a.at - b.at)[0];
    return {
      ...(crl === undefined ? {} : { crl: crlFacts(crl, now) }),
      ...(next === undefined ? {} : { due: { at: isoTime(next.at), why: next.why } }),
    };
  };
  const { crl, due: crlDue } = await slot(ALL, false);
  const { crl: delta, due: deltaDue } = await slot(ALL, true);
  const partitions = schedule.scopes(authority).filter((scope) => scope !== ALL);
  const shards = await Promise.all(
    partitions.map(async (scope) => ({ scope: scopeText(scope).trim(), ...(await slot(scope, false)) })),
  );
  return {
    ...(crl && { crl }),
    ...(crlDue && { crlDue }),
    ...(delta && { delta }),
    ...(deltaDue && { deltaDue }),
    ...(shards.length > 0 && { shards }),
  };
}

/** What `sekisho status` says of every configured issuer. */
export async function issuerStatuses(sources: ReportSources): Promise<IssuerStatus[]> {
  const statuses: IssuerStatus[] = [];
  for (const id of Object.keys(sources.config.issuers)) statuses.push(await issuerStatus(sources, id));
  return statuses;
}

async function issuerStatus(sources: ReportSources, id: string): Promise<IssuerStatus> {
  const { token, activation, subject } = sources.config.issuers[id] as IssuerConfig;
  const common = {
    id,
    token,
    ...tokenFault(sources.keyStore(token)),
    activation,
    fulfilsCps: false,
  };
  if (!sources.authorities.has(id))
    return { ...common, created: sources.authorities.exists(id), subject: subject.commonName, delegates: [] };
  const authority = sources.authorities.get(id);
  const since = sources.status.reader.issuers().find((stored) => stored.id === id)?.compromisedSince ?? 0;
  return {
    ...common,
    created: true,
    ...(since === 0 ? {} : { compromisedSince: isoTime(since) }),
    subject: nameText(authority.certificate.subjectName),
    ...(await crlReport(sources, authority)),
    delegates: delegates(sources, authority.issuer),
    ...synthetic(sources, authority.issuer),
  };
}

/** As the report says it of a token; nothing while it works. */
export function tokenFault({ fault }: KeyAccess): { tokenFault?: string } {
  return fault === undefined ? {} : { tokenFault: fault };
}

function synthetic({ status }: ReportSources, issuer: number): Pick<IssuerStatus, "synthetic"> {
  const count = status.reader.syntheticCount(issuer);
  return count === 0 ? {} : { synthetic: count };
}

function delegates({ status, clock }: ReportSources, issuer: number): IssuerStatus["delegates"] {
  const now = nowSeconds(clock);
  return status.reader
    .delegates()
    .filter((delegate) => delegate.issuer === issuer)
    .map(({ certificate, state: rowState }) => {
      const { subjectPublicKeyInfo, notBefore, notAfter } = parseCertificate(certificate);
      const inTime = now < notBefore ? "not yet valid" : now < notAfter ? "valid" : "expired";
      const state = rowState === "good" ? inTime : rowState;
      return { fingerprint: fingerprint(subjectPublicKeyInfo), notAfter: isoTime(notAfter), state };
    });
}
