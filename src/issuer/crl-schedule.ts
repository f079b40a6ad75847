import { type Clock, nowSeconds } from "../core/clock.js";
import type { Log } from "../core/log.js";
import { Turnstile } from "../core/turnstile.js";
import type { Authorities, Authority } from "./authority.js";
import type { CrlPublisher } from "./crl-publisher.js";
import type { PublishedCrl } from "./published-crl.js";

/** Why and when the next complete CRL comes. `at` is unix seconds. */
export interface CrlDue {
  readonly at: number;
  readonly why: string;
}

/** After a failed build the next attempt waits this long, so that a fault does not become a storm. */
const RETRY_SECONDS = 30;

/**
 * Keeps every issuer's complete CRL fresh: a new one each `crl.period`, at once when there is none. What is due
 * follows from the published file itself, so that a restart neither skips nor repeats.
 */
export class CrlSchedule {
  private readonly turnstiles = new Map<string, Turnstile>();
  /** Unix seconds before which a failed issuer is left alone, by issuer id. */
  private readonly retryAt = new Map<string, number>();

  constructor(
    private readonly authorities: Authorities,
    private readonly publisher: CrlPublisher,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly onPublished: (authority: Authority, crl: PublishedCrl, why: string) => Promise<void>,
  ) {}

  due(authority: Authority): CrlDue {
    const published = this.publisher.published(authority);
    if (published === undefined) return { at: 0, why: "no CRL is published" };
    return { at: published.thisUpdate + authority.config.crl.period, why: "crl.period has passed" };
  }

  /** Publishes what is due. Faults are logged and tried again. */
  async tick(): Promise<void> {
    this.authorities.reload();
    for (const authority of this.authorities.all()) {
      if (!authority.canSign() || !this.mayTry(authority.id)) continue;
      try {
        await this.through(authority, () => this.publishDue(authority));
      } catch (error) {
        this.failed(authority.id, error, "no new CRL could be published; the old one stays");
      }
    }
  }

  /** Resolves when no publication is under way. */
  async idle(): Promise<void> {
    await Promise.all([...this.turnstiles.values()].map((turnstile) => turnstile.run(async () => undefined)));
  }

  /** Publishes a complete CRL now, after any that is under way for the issuer. */
  publish(authority: Authority, why: string): Promise<PublishedCrl> {
    return this.through(authority, () => this.publishNow(authority, why));
  }

  /** Asked once it is this job's turn: an operator's CRL that was under way makes a scheduled one needless. */
  private async publishDue(authority: Authority): Promise<void> {
    const { at, why } = this.due(authority);
    if (nowSeconds(this.clock) >= at) await this.publishNow(authority, why);
  }

  private async publishNow(authority: Authority, why: string): Promise<PublishedCrl> {
    const crl = await this.publisher.publish(authority);
    await this.onPublished(authority, crl, why);
    return crl;
  }

  private through<T>({ id }: Authority, job: () => Promise<T>): Promise<T> {
    const turnstile = this.turnstiles.get(id) ?? new Turnstile();
    this.turnstiles.set(id, turnstile);
    return turnstile.run(job);
  }

  private mayTry(issuer: string): boolean {
    return nowSeconds(this.clock) >= (this.retryAt.get(issuer) ?? 0);
  }

  private failed(issuer: string, err: unknown, what: string): void {
    this.retryAt.set(issuer, nowSeconds(this.clock) + RETRY_SECONDS);
    this.log.error({ issuer, err }, what);
  }
}
