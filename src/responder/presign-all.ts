import { latin1 } from "../core/bytes.js";
import { type Clock, nowSeconds } from "../core/clock.js";
import type { Log } from "../core/log.js";
import { plainRequest } from "../ocsp/plain-request.js";
import { splitRowKey } from "../store/layout.js";
import type { StatusReader } from "../store/status-reader.js";
import { type IssuerIdentity, issuerIdentity } from "../x509/issuer-identity.js";
import type { PresignScope } from "./pre-signer.js";
import type { CachedAnswer } from "./response-cache.js";
import type { Trust } from "./trust.js";

/** Rows read in one turn of the event loop. */
const PAGE = 1_000;
/** What an answer takes in memory, with its headers and indexes. */
const ANSWER_OCTETS = 2_048;

/** What keeping an answer about every certificate costs a responder process. */
export interface PresignPlan {
  /** Certificates, expired ones included: at most as many signatures in each half of `ocsp.validity`. */
  readonly signatures: number;
  /** Hours that they take in one worker. */
  readonly hours: number;
  readonly bytes: number;
  /** False if they take longer than half of the time for which their answers are fresh. */
  readonly feasible: boolean;
}

/**
 * The questions whose answers are signed before anybody asks: about every certificate that has not expired, in the form
 * of nearly all clients without nonce: one CertID of SHA-1 hashes with NULL parameters. Other forms are kept once asked.
 */
export class PresignAll implements PresignScope {
  constructor(
    private readonly status: StatusReader,
    private readonly trust: Trust,
    private readonly clock: Clock,
  ) {}

  /** `signatureMs` is what one signature takes. */
  plan(signatureMs: number): PresignPlan {
    this.trust.refresh();
    const signatures = this.status.issuedCount();
    const seconds = (signatures * signatureMs) / 1_000;
    const shortest = Math.min(...Array.from(this.trust.issuers(), ({ validity }) => validity));
    return {
      signatures,
      hours: seconds / 3_600,
      bytes: signatures * ANSWER_OCTETS,
      feasible: seconds < shortest / 4,
    };
  }

  /** The DER requests (latin1). Between two of them other work may run and the store may change. */
  *requests(): Generator<string> {
    for (const page of this.pages()) yield* page;
  }

  /** The DER request (latin1) about a row (latin1 of its key); undefined if its issuer is not served or it has expired. */
  request(row: string): string | undefined {
    const { issuer: number, serial } = splitRowKey(Buffer.from(row, "latin1"));
    for (const issuer of this.trust.issuers())
      if (issuer.issuer === number)
        return this.isLive(number, serial)
          ? about(issuerIdentity(issuer.certificate, "sha1"), serial)
          : undefined;
    return undefined;
  }

  /** False once a certificate that the answer speaks about has expired: then nobody keeps asking. */
  isWanted({ rows }: CachedAnswer): boolean {
    return rows.every((row) => {
      const { issuer, serial } = splitRowKey(Buffer.from(row, "latin1"));
      return this.isLive(issuer, serial);
    });
  }

  private isLive(issuer: number, serial: Uint8Array): boolean {
    return (this.status.row(issuer, serial)?.notAfter ?? 0) > nowSeconds(this.clock);
  }

  private *pages(): Generator<string[]> {
    for (const issuer of [...this.trust.issuers()]) {
      const identity = issuerIdentity(issuer.certificate, "sha1");
      for (let after: Uint8Array | undefined; ; ) {
        this.status.refresh();
        const rows = this.status.rowsAfter(issuer.issuer, after, PAGE);
        const now = nowSeconds(this.clock);
        yield rows.filter(({ row }) => row.notAfter > now).map(({ serial }) => about(identity, serial));
        if (rows.length < PAGE) break;
        after = rows.at(-1)?.serial;
      }
    }
  }
}

export interface Presigned {
  readonly scope: PresignAll;
  readonly signatures: number;
}

/** What `presign = "all"` signs, once its cost is logged; undefined where the token cannot keep up. */
export function planned(scope: PresignAll, signatureMs: number, log: Log): Presigned | undefined {
  const { feasible, ...plan } = scope.plan(signatureMs);
  if (feasible) log.info(plan, "answers about every certificate are signed ahead");
  else log.error(plan, 'the token cannot sign about every certificate in time: presign = "hot" is used');
  return feasible ? { scope, signatures: plan.signatures } : undefined;
}

function about(identity: IssuerIdentity, serial: Uint8Array): string {
  return latin1(plainRequest(identity, serial, "null"));
}
