import { hash } from "node:crypto";
import { asBuffer, latin1 } from "../core/bytes.js";
import { type Clock, nowSeconds } from "../core/clock.js";
import { isNotModified } from "../http/conditional.js";
import {
  type HeaderFields,
  type HttpHandler,
  type HttpReply,
  type HttpRequest,
  prepared,
} from "../http/handler.js";
import { httpDate } from "../http/http-date.js";
import type { PeerBudget } from "../http/peer-budget.js";
import { decodeGetPath } from "../ocsp/get-path.js";
import type { CertIDHash } from "../ocsp/request.js";
import { type ErrorStatus, errorResponse } from "../ocsp/response.js";
import type { Admission } from "./admission.js";
import type { Answer, Outcome } from "./batch.js";
import type { Batcher, Deliver } from "./batcher.js";
import type { JournalFollower } from "./journal-follower.js";
import type { CachedAnswer, ResponseCache } from "./response-cache.js";

/** Longer requests are malformed (standards P7); no client comes near it with 16 CertIDs. */
const MAX_REQUEST_OCTETS = 16 * 1024;
/** Tag of a SEQUENCE. */
const DER_SEQUENCE = 0x30;

const EMPTY = Buffer.alloc(0);
const OCSP_REQUEST = "application/ocsp-request";
const OCSP_TYPE = ["content-type", "application/ocsp-response"] as const;
/** Answers to POST are not cacheable by HTTP, so they carry no validators. */
const POST_FIELDS: HeaderFields = prepared([OCSP_TYPE]);
/** Unsigned answers (standards F10). */
const ERROR_FIELDS: HeaderFields = [OCSP_TYPE, ["cache-control", "no-cache, no-store"]];
const TEXT_FIELDS: HeaderFields = [["content-type", "text/plain; charset=utf-8"]];

const MALFORMED: Admission = { refused: "malformedRequest" };
type Admitted = Extract<Admission, { readonly refused: undefined }>;

/** What is counted for metrics. */
export interface FrontendEvents {
  /** `hash` of an answer about certificates of ours: what its CertID was made with. */
  answered(method: "GET" | "POST", outcome: Outcome | "cached", hash?: CertIDHash): void;
  /** A request could not be judged: the store or its journal is damaged. */
  failed?(error: unknown): void;
  /** An answer is kept for a DER request (latin1). */
  kept?(key: string, answer: CachedAnswer): void;
}

/**
 * HOT PATH, front end: every request passes here.
 *
 *   route -> is the cache behind the journal? catch up -> cached answer for exactly these bytes? send
 *   -> else judge it: malformed or not ours is answered at once, the rest has a class -> into the batcher
 *   -> the worker's answer comes back -> still true? keep it -> send
 *
 * `repository` answers whatever is not OCSP.
 */
export class Frontend {
  constructor(
    private readonly cache: ResponseCache,
    private readonly follower: JournalFollower,
    private readonly admit: (request: Uint8Array) => Admission,
    private readonly batcher: Batcher,
    private readonly peers: PeerBudget,
    private readonly repository: HttpHandler,
    private readonly clock: Clock,
    private readonly events: FrontendEvents,
  ) {}

  /** What the store cannot say is put off, never answered from memory (standards P24). */
  readonly handle: HttpHandler = (request, reply) => {
    try {
      this.route(request, reply);
    } catch (error) {
      if (request.method !== "POST" && ocspPath(request.target) === undefined) throw error;
      this.events.failed?.(error);
      reply.send(200, ERROR_FIELDS, errorResponse("tryLater"));
    }
  };

  private route(request: HttpRequest, reply: HttpReply): void {
    const { method, target } = request;
    if (method === "POST") {
      if (target === "/ocsp" || target === "/" || target === "/ocsp/") this.post(request, reply);
      else reply.send(404, TEXT_FIELDS, Buffer.from("no such resource\n"));
    } else if (method === "OPTIONS") {
      reply.send(204, [["allow", "GET, HEAD, POST"]], EMPTY);
    } else if (method !== "GET" && method !== "HEAD") {
      reply.send(405, [...TEXT_FIELDS, ["allow", "GET, HEAD, POST"]], Buffer.from("method not allowed\n"));
    } else {
      const path = ocspPath(target);
      if (path === undefined) this.repository(request, reply);
      else this.get(path, request, reply);
    }
  }

  private post(request: HttpRequest, reply: HttpReply): void {
    const fault = mediaFault(request);
    if (fault !== undefined) {
      reply.send(415, TEXT_FIELDS, Buffer.from(`expected ${fault}\n`));
      return;
    }
    // Also keeps DER keys apart from targets, which begin with a slash.
    if (request.body[0] !== DER_SEQUENCE) {
      this.events.answered("POST", "malformedRequest");
      reply.send(200, ERROR_FIELDS, errorResponse("malformedRequest"));
      return;
    }
    const key = latin1(request.body);
    const cached = this.lookUp(key);
    if (cached !== undefined) {
      this.events.answered("POST", "cached", cached.hash);
      reply.send(200, POST_FIELDS, cached.body);
    } else
      this.ask("POST", key, request.body, request.peer, (body, answer) => {
        reply.send(200, answer === undefined ? ERROR_FIELDS : POST_FIELDS, body);
      });
  }

  private get(path: string, request: HttpRequest, reply: HttpReply): void {
    const { target } = request;
    const cached = this.lookUp(target);
    if (cached !== undefined) {
      this.events.answered("GET", "cached", cached.hash);
      this.sendCacheable(request, reply, cached);
      return;
    }
    const der = decodeGetPath(path);
    if (der === undefined) {
      this.events.answered("GET", "malformedRequest");
      reply.send(400, ERROR_FIELDS, errorResponse("malformedRequest"));
      return;
    }
    // Also keeps DER keys apart from targets, which begin with a slash.
    if (der[0] !== DER_SEQUENCE) {
      this.events.answered("GET", "malformedRequest");
      reply.send(200, ERROR_FIELDS, errorResponse("malformedRequest"));
      return;
    }
    const key = latin1(der);
    const same = this.lookUp(key);
    if (same !== undefined) {
      this.events.answered("GET", "cached", same.hash);
      this.keepSpelling(target, path, der, same);
      this.sendCacheable(request, reply, same);
      return;
    }
    // Header fields are gone once this call returns.
    const conditions = keepHeaders(request, "if-none-match", "if-modified-since");
    this.ask("GET", key, der, request.peer, (body, answer) => {
      if (answer === undefined) reply.send(200, ERROR_FIELDS, body);
      else this.sendCacheable(conditions, reply, answer());
    });
  }

  /** The spellings that clients use find their answer by the target next time; the countless others are decoded each time. */
  private keepSpelling(target: string, path: string, der: Uint8Array, answer: CachedAnswer): void {
    const base64 = asBuffer(der).toString("base64");
    if (path === encodeURIComponent(base64) || path === base64) this.cache.set(target, answer);
  }

  /** Has the kept answer to a DER request signed anew at the lowest priority; says whether it is kept. */
  refresh(key: string, done: (kept: boolean) => void): void {
    const deliver: Deliver = (body, answer, position) => {
      const renewed = answer.cacheable ? cachedAnswer(body, answer) : undefined;
      if (renewed !== undefined) this.keep(key, renewed, position);
      done(renewed !== undefined);
    };
    if (!this.batcher.add("refresh", key, Buffer.from(key, "latin1"), deliver)) done(false);
  }

  /** The kept answer for a DER request or a GET target, once every acknowledged change has been applied (invariant 1). */
  private lookUp(key: string): CachedAnswer | undefined {
    this.follower.catchUp();
    return this.cache.get(key, nowSeconds(this.clock));
  }

  private sendCacheable(request: HttpRequest, reply: HttpReply, answer: CachedAnswer): void {
    const now = nowSeconds(this.clock);
    const unchanged = isNotModified(request, answer.etag, answer.lastModified, now);
    reply.send(unchanged ? 304 : 200, answer.fields, unchanged ? EMPTY : answer.body);
  }

  /** Has a request answered by a worker. `send` gets what makes the signed answer with its fields, or undefined with an unsigned one's bytes. */
  private ask(
    method: "GET" | "POST",
    key: string,
    request: Uint8Array,
    peer: string,
    send: (body: Buffer, answer: (() => CachedAnswer) | undefined) => void,
  ): void {
    const unsigned = (outcome: ErrorStatus & Outcome): void => {
      this.events.answered(method, outcome);
      send(errorResponse(outcome), undefined);
    };
    const fits = request.length > 0 && request.length <= MAX_REQUEST_OCTETS;
    // Copied: the transport's buffer ends with this call.
    const own = fits ? Uint8Array.prototype.slice.call(request) : request;
    const admission = fits ? this.admit(own) : MALFORMED;
    if (admission.refused !== undefined) {
      unsigned(admission.refused);
      return;
    }
    const instead = (): void => {
      const kept = this.keptInstead(key, admission);
      if (kept === undefined) unsigned(admission.class === "unknown" ? "unauthorized" : "tryLater");
      else {
        this.events.answered(method, "cached", kept.hash);
        send(kept.body, () => kept);
      }
    };
    const deliver: Deliver = (body, answer, position) => {
      this.peers.giveBack(peer);
      // It may have waited for the worker until its end (invariant 2).
      const expired = answer.nextUpdate > 0 && nowSeconds(this.clock) >= answer.nextUpdate;
      if (expired || answer.outcome === "tryLater") {
        instead();
        return;
      }
      this.events.answered(method, answer.outcome, answer.hash);
      let made: CachedAnswer | undefined;
      // An answer to a POST that is not kept needs no header fields of its own.
      const signed = (): CachedAnswer => {
        made ??= cachedAnswer(body, answer);
        return made;
      };
      if (answer.cacheable) this.keep(key, signed(), position);
      send(body, answer.nextUpdate > 0 ? signed : undefined);
    };
    if (!this.peers.take(peer)) {
      instead();
    } else if (!this.batcher.add(admission.class, key, own, deliver)) {
      this.peers.giveBack(peer);
      instead();
    }
  }

  /**
   * What can be said without a signature, when none is to be had: an older answer to the same bytes that is still
   * valid, or the one to the same question without nonce (invariant 9, standards D5).
   */
  private keptInstead(key: string, admission: Admitted): CachedAnswer | undefined {
    this.follower.catchUp();
    const now = nowSeconds(this.clock);
    if (admission.class === "nonce") return this.cache.getValid(latin1(admission.plain()), now);
    return this.cache.getValid(key, now);
  }

  /** Caches an answer unless a certificate in it changed after its snapshot; same turn as the check (invariant 1). */
  private keep(key: string, answer: CachedAnswer, position: number): void {
    this.follower.catchUp();
    if (this.follower.touchedSince(answer.rows, position)) return;
    this.cache.set(key, answer);
    this.events.kept?.(key, answer);
  }
}

/**
 * The base64 part of an OCSP GET target, undefined if the target is something else. Base64 of a DER SEQUENCE begins
 * with M; `/` and `//` are legal in it, so nothing is split, collapsed or resolved (standards F4).
 */
function ocspPath(target: string): string | undefined {
  if (target.startsWith("/ocsp/")) return target.slice("/ocsp/".length);
  if (target.startsWith("/M") || target.startsWith("//M")) return target.slice(1);
  return undefined;
}

/** What a POST should have been, undefined if it is right. A missing Content-Type is taken for right (standards P17, P20). */
function mediaFault(request: HttpRequest): string | undefined {
  const contentType = request.header("content-type");
  if (contentType !== OCSP_REQUEST && contentType !== "" && mediaTypeOf(contentType) !== OCSP_REQUEST)
    return OCSP_REQUEST;
  return request.header("content-encoding") === "" ? undefined : "no content coding";
}

/** type/subtype of a Content-Type, without parameters, in lower case. */
function mediaTypeOf(contentType: string): string {
  return (contentType.split(";")[0] as string).trim().toLowerCase();
}

function keepHeaders(request: HttpRequest, ...names: string[]): HttpRequest {
  const values = new Map(names.map((name) => [name, request.header(name)]));
  const { method, target, peer } = request;
  return { method, target, peer, body: EMPTY, header: (name) => values.get(name) ?? "" };
}

/**
 * The answer with the header fields of RFC 9919 section 6. An answer that must not be kept (nonce, unknown) says
 * max-age=0: no-store is for unsigned answers only (standards F10).
 */
function cachedAnswer(body: Buffer, answer: Answer): CachedAnswer {
  const { thisUpdate, nextUpdate, rows, hash: certIDHash } = answer;
  const maxAge = answer.cacheable ? answer.maxAge : 0;
  const etag = `"${hash("sha256", body, "hex")}"`;
  const fields: HeaderFields = [
    OCSP_TYPE,
    ["last-modified", httpDate(thisUpdate)],
    ["etag", etag],
    ["expires", httpDate(nextUpdate)],
    ["cache-control", `max-age=${maxAge}, public, no-transform, must-revalidate`],
  ];
  // now + max-age stays before nextUpdate while the answer is served (standards F9), and it is renewed by half its life.
  const validUntil = nextUpdate - maxAge;
  const freshUntil = Math.min(validUntil, thisUpdate + Math.ceil((nextUpdate - thisUpdate) / 2));
  return {
    body,
    // What is sent once, with a nonce or about an unknown serial, is not worth preparing.
    fields: answer.cacheable ? prepared(fields) : fields,
    etag,
    lastModified: thisUpdate,
    freshUntil,
    validUntil,
    rows,
    hash: certIDHash,
    used: false,
  };
}
