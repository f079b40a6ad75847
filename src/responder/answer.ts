import { hash } from "node:crypto";
import { latin1 } from "../core/bytes.js";
import type { Clock } from "../core/clock.js";
import { nowSeconds } from "../core/clock.js";
import type { Log } from "../core/log.js";
import { certIDHash, isMalformed, type OcspRequest, parseOcspRequest } from "../ocsp/request.js";
import {
  type ErrorStatus,
  encodeOcspResponse,
  encodeResponseData,
  errorResponse,
  type SingleResponse,
} from "../ocsp/response.js";
import { EXTENDED_REVOKE, nonceExtension } from "../ocsp/response-extensions.js";
import type { Signer, ToBeSigned } from "../signer/signer.js";
import { rowKey } from "../store/layout.js";
import type { StatusReader } from "../store/status-reader.js";
import {
  type Answer,
  type BatchResult,
  type BatchTask,
  type Outcome,
  pack,
  packed,
  unsignedAnswer,
} from "./batch.js";
import { breaksNonceRule, certStatus, echoedNonce, singleExtensions } from "./policy.js";
import { requestorRefusal } from "./requestor.js";
import { chooseResponder, type Responder, type Trust } from "./trust.js";

/**
 * HOT PATH, worker side: a batch of requests in, a batch of answers out.
 *
 *   refresh the snapshot -> parse each request -> find issuer and delegate -> read rows -> ResponseData
 *   -> one `sign` a delegate key -> OCSPResponse
 *
 * All reads happen before the first await, so that a batch shows one snapshot.
 */
export class BatchAnswerer {
  constructor(
    private readonly status: StatusReader,
    private readonly trust: Trust,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  async answer(task: BatchTask): Promise<BatchResult> {
    this.status.refresh();
    this.trust.refresh();
    const { position } = this.status.head();
    const now = nowSeconds(this.clock);
    const drafts = Array.from(task.ends, (_, i) => this.draft(packed(task.requests, task.ends, i), now));
    // The worker may be parked after this batch: an open snapshot would keep LMDB from reusing pages.
    this.status.refresh();
    const started = performance.now();
    const signed = task.probe === true ? await this.probe(now) : await this.sign(drafts);
    const { bytes, ends } = pack(drafts.map((draft) => draft.response));
    const answers = drafts.map((draft) => draft.answer);
    const signingMs = performance.now() - started;
    const delegates = task.ends.length === 0 ? { delegates: this.delegates(now) } : {};
    return { position, responses: bytes, ends, answers, ...signed, signingMs, ...delegates };
  }

  private delegates(now: number): Map<string, number> {
    return new Map(Array.from(this.trust.issuers(), (issuer) => [issuer.id, issuer.usableUntil(now)]));
  }

  /** Signs one message that is no OCSP structure with a delegate key of each token that could answer now. */
  private async probe(now: number): Promise<Signed> {
    let signatures = 0;
    const signed = new Set<string>();
    for (const issuer of this.trust.issuers()) {
      const responder = signed.has(issuer.token) ? undefined : chooseResponder(issuer.responders, [], now);
      if (responder === undefined) continue;
      signed.add(issuer.token);
      try {
        await responder.signer.sign([toBeSigned(PROBE_MESSAGE, responder.signer)]);
        signatures++;
      } catch (error) {
        return { signatures, signingFault: reasonOf(error) };
      }
    }
    return { signatures, signingFault: undefined };
  }

  private draft(request: Uint8Array, now: number): Draft {
    try {
      return this.draftFor(parseOcspRequest(request), now);
    } catch (error) {
      if (isMalformed(error)) return unsigned("malformedRequest");
      this.log.error({ err: error }, "a request could not be answered");
      return unsigned("internalError");
    }
  }

  private draftFor(request: OcspRequest, now: number): Draft {
    const { certIDs } = request;
    const issuer = this.trust.authority(certIDs[0]?.issuerKey);
    if (issuer === undefined) return unsigned("unauthorized");
    const { policy } = issuer;
    if (breaksNonceRule(policy, request)) return unsigned("malformedRequest");
    const refusal = requestorRefusal(policy, request, this.trust, this.status, now);
    if (refusal !== undefined) return unsigned(refusal);
    const responder = chooseResponder(issuer.responders, request.preferredSignatureAlgorithms, now);
    if (responder === undefined) return unsigned("tryLater");

    const responses: SingleResponse[] = [];
    const rows: string[] = [];
    let outcome: Outcome = "good";
    for (const { issuerKey, serial, encoded } of certIDs) {
      // One signature cannot be authorised for two CAs (standards A12); name and key count together (A4).
      if (this.trust.authority(issuerKey) !== issuer) return unsigned("unauthorized");
      if (this.trust.issuer(issuerKey) === undefined) {
        responses.push({ certID: encoded, status: { kind: "unknown" } });
        outcome = "unknown";
        continue;
      }
      const row = serial === undefined ? undefined : this.status.row(issuer.issuer, serial);
      if (row === undefined && policy.unknownCertificate === "unauthorized") return unsigned("unauthorized");
      const status = certStatus(policy, row);
      responses.push({ certID: encoded, status, extensions: singleExtensions(policy, row, now) });
      if (serial !== undefined && row !== undefined) rows.push(latin1(rowKey(issuer.issuer, serial)));
      if (row === undefined) outcome = "unknown";
      else if (outcome === "good") outcome = status.kind;
    }
    const nonce = echoedNonce(policy, request);
    const extensions = nonce === undefined ? [] : [nonceExtension(nonce)];
    if (policy.unknownCertificate === "extended-revoked") extensions.push(EXTENDED_REVOKE);
    const nextUpdate = Math.min(now + issuer.validity, responder.notAfter, issuer.notAfter);
    const responseData = encodeResponseData(responder.template, responses, now, nextUpdate, extensions);
    // Kept is what is asked again in the same bytes: serials that nobody issued and extensions are as many as one likes.
    const cacheable = request.isPlain && outcome !== "unknown";
    const maxAge = Math.min(issuer.maxAge, Math.floor((nextUpdate - now) / 2));
    return new Draft(
      { outcome, cacheable, thisUpdate: now, nextUpdate, maxAge, rows, hash: certIDHash(certIDs[0]) },
      { responder, responseData },
    );
  }

  /** Signs what is to be signed, one batch a delegate key. */
  private async sign(drafts: readonly Draft[]): Promise<Signed> {
    const groups = new Map<Responder, Draft[]>();
    for (const draft of drafts) {
      if (draft.unsigned === undefined) continue;
      const group = groups.get(draft.unsigned.responder);
      if (group === undefined) groups.set(draft.unsigned.responder, [draft]);
      else group.push(draft);
    }
    let signatures = 0;
    let signingFault: string | undefined;
    for (const [{ signer }, group] of groups) {
      try {
        const results = await signer.sign(group.map((draft) => draft.toBeSigned(signer)));
        group.forEach((draft, i) => {
          draft.complete(results[i] as Uint8Array);
        });
        signatures += group.length;
      } catch (error) {
        this.log.error({ err: error }, "signing failed");
        for (const draft of group) draft.fail("tryLater");
        signingFault = reasonOf(error);
      }
    }
    return { signatures, signingFault };
  }
}

type Signed = Pick<BatchResult, "signatures" | "signingFault">;

const PROBE_MESSAGE = Buffer.from("sekisho token probe v1\0", "latin1");

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function toBeSigned(message: Uint8Array, { digestName }: Signer): ToBeSigned {
  return { digest: hash(digestName, message, "buffer"), chunks: () => [message] };
}

/** An answer on its way: finished from the start when unsigned, else waiting for its signature. */
class Draft {
  answer: Answer;
  response: Uint8Array = errorResponse("internalError");
  unsigned: { readonly responder: Responder; readonly responseData: Uint8Array } | undefined;

  constructor(answer: Answer, unsigned: Draft["unsigned"]) {
    this.answer = answer;
    this.unsigned = unsigned;
  }

  toBeSigned(signer: Signer): ToBeSigned {
    const { responseData } = this.unsigned as NonNullable<Draft["unsigned"]>;
    return toBeSigned(responseData, signer);
  }

  complete(signature: Uint8Array): void {
    const { responder, responseData } = this.unsigned as NonNullable<Draft["unsigned"]>;
    this.response = encodeOcspResponse(responder.template, responseData, signature);
  }

  fail(status: ErrorStatus & Outcome): void {
    this.answer = unsignedAnswer(status);
    this.response = errorResponse(status);
    this.unsigned = undefined;
  }
}

function unsigned(status: ErrorStatus & Outcome): Draft {
  const draft = new Draft(unsignedAnswer(status), undefined);
  draft.response = errorResponse(status);
  return draft;
}
