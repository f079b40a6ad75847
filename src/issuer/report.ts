import type { CrlFacts, IssuerStatus } from "../control/messages.js";
import { nowSeconds } from "../core/clock.js";
import { parseCertificate } from "../x509/certificate.js";
import { nameText } from "../x509/name-text.js";
import { fingerprint } from "./enrol.js";
import type { IssuerContext } from "./operations.js";
import type { PublishedCrl } from "./published-crl.js";

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
export function issuerStatuses(context: IssuerContext): IssuerStatus[] {
  return Object.entries(context.config.issuers).map(([id, config]) => {
    const common = { id, token: config.token, activation: config.activation, fulfilsCps: false };
    if (!context.authorities.has(id))
      return {
        ...common,
        created: context.authorities.exists(id),
        subject: config.subject.commonName,
        delegates: [],
      };
    const authority = context.authorities.get(id);
    const crl = context.publisher.published(authority);
    const { at, why } = context.schedule.due(authority);
    return {
      ...common,
      created: true,
      subject: nameText(authority.certificate.subjectName),
      ...(crl === undefined ? {} : { crl: crlFacts(crl) }),
      crlDue: { at: isoTime(at), why },
      delegates: delegates(context, authority.issuer),
    };
  });
}

function delegates({ status, clock }: IssuerContext, issuer: number): IssuerStatus["delegates"] {
  const now = nowSeconds(clock);
  return status.reader
    .delegates()
    .filter((delegate) => delegate.issuer === issuer)
    .map(({ certificate }) => {
      const { subjectPublicKeyInfo, notBefore, notAfter } = parseCertificate(certificate);
      const state = now < notBefore ? "not yet valid" : now < notAfter ? "valid" : "expired";
      return { fingerprint: fingerprint(subjectPublicKeyInfo), notAfter: isoTime(notAfter), state };
    });
}
