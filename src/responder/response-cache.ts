import type { HeaderFields } from "../http/handler.js";
import type { CertIDHash } from "../ocsp/request.js";

/** An answer as it is sent, kept for requests of exactly the same bytes. */
export interface CachedAnswer {
  readonly body: Buffer;
  /** Header fields of the GET form (RFC 9919 section 6). */
  readonly fields: HeaderFields;
  readonly etag: string;
  /** Unix seconds. */
  readonly lastModified: number;
  /** Unix seconds; from then on a newer answer is preferred. */
  readonly freshUntil: number;
  /** Unix seconds; from then on it is never sent: its max-age would reach past nextUpdate (invariant 2). */
  readonly validUntil: number;
  /** Row keys the answer speaks about. */
  readonly rows: readonly string[];
  /** Hash algorithm of its (first) CertID. */
  readonly hash: CertIDHash | undefined;
  /** True once it was sent from the cache. */
  used: boolean;
}

/**
 * Answers by exact request: a client without nonce repeats itself byte for byte. The key is the DER request as latin1,
 * for POST and GET alike, or a GET target in a usual spelling (DER begins with `0`, a target with `/`), which saves the
 * decoding. Bounded; losing it costs time, never correctness.
 */
export class ResponseCache {
  private readonly answers = new Map<string, CachedAnswer>();
  private readonly requestsOf = new Map<string, Set<string>>();

  /** Told of each answer that a change of its certificate has made wrong. */
  onEvicted: (request: string, answer: CachedAnswer) => void = () => {};

  constructor(private readonly maxAnswers: number) {}

  get size(): number {
    return this.answers.size;
  }

  /** The kept answer while it is fresh. */
  get(request: string, now: number): CachedAnswer | undefined {
    const answer = this.answers.get(request);
    if (answer === undefined || now >= answer.freshUntil) return undefined;
    answer.used = true;
    return answer;
  }

  /** What is kept, fresh or not, without counting as use. */
  peek(request: string): CachedAnswer | undefined {
    return this.answers.get(request);
  }

  /** The kept answer while it is valid: what there is when nothing newer can be signed. */
  getValid(request: string, now: number): CachedAnswer | undefined {
    const answer = this.answers.get(request);
    return answer !== undefined && now < answer.validUntil ? answer : undefined;
  }

  set(request: string, answer: CachedAnswer): void {
    this.remove(request);
    if (this.answers.size >= this.maxAnswers) this.removeOldest();
    this.answers.set(request, answer);
    for (const row of answer.rows) {
      const requests = this.requestsOf.get(row);
      if (requests === undefined) this.requestsOf.set(row, new Set([request]));
      else requests.add(request);
    }
  }

  /** Forgets every answer about a row. */
  evict(row: string): void {
    for (const request of [...(this.requestsOf.get(row) ?? [])]) {
      const answer = this.answers.get(request);
      this.remove(request);
      if (answer !== undefined) this.onEvicted(request, answer);
    }
  }

  clear(): void {
    this.answers.clear();
    this.requestsOf.clear();
  }

  private remove(request: string): void {
    const answer = this.answers.get(request);
    if (answer === undefined) return;
    this.answers.delete(request);
    for (const row of answer.rows) {
      const requests = this.requestsOf.get(row);
      requests?.delete(request);
      if (requests?.size === 0) this.requestsOf.delete(row);
    }
  }

  /** Insertion order stands for age: an entry is set anew at least every half validity. */
  private removeOldest(): void {
    for (const request of this.answers.keys()) {
      this.remove(request);
      return;
    }
  }
}
