import type { CrlFacts, IssuerStatus } from "../control/messages.js";
import { type Clock, nowSeconds } from "../core/clock.js";
import type { Config } from "../core/config.js";
import type { KeyAccess } from "../signer/signer.js";
import type { StatusWriter } from "../store/status-writer.js";
import { parseCertificate } from "../x509/certificate.js";
import { nameText } from "../x509/name-text.js";
import type { Authorities } from "./authority.js";
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

export function crlFacts(crl: PublishedCrl): CrlFacts {
  const { number, thisUpdate, nextUpdate, entries, bytes, sha256, file } = crl;
  return {
    number: String(number),
    thisUpdate: isoTime(thisUpdate),
    nextUpdate: isoTime(nextUpdate),
    entries,
    bytes,
    sha256,
    file,
  };
}

/** What `sekisho status` says of every configured issuer. */
export function issuerStatuses(sources: ReportSources): IssuerStatus[] {
  return Object.entries(sources.config.issuers).map(([id, config]) => {
    const { token, activation } = config;
    const common = {
      id,
      token,
      ...tokenFault(sources.keyStore(token)),
      activation,
      fulfilsCps: false,
    };
    if (!sources.authorities.has(id))
      return {
        ...common,
        created: sources.authorities.exists(id),
        subject: config.subject.commonName,
        delegates: [],
      };
    const authority = sources.authorities.get(id);
    const since = sources.status.reader.issuers().find((stored) => stored.id === id)?.compromisedSince ?? 0;
    const crl = sources.publisher.published(authority);
    const { at, why } = sources.schedule.due(authority);
    return {
      ...common,
      created: true,
      ...(since === 0 ? {} : { compromisedSince: isoTime(since) }),
      subject: nameText(authority.certificate.subjectName),
      ...(crl === undefined ? {} : { crl: crlFacts(crl) }),
      crlDue: { at: isoTime(at), why },
      delegates: delegates(sources, authority.issuer),
      ...synthetic(sources, authority.issuer),
    };
  });
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
