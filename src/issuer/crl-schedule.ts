import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { type Clock, nowSeconds } from "../core/clock.js";
import type { Log } from "../core/log.js";
import { Turnstile } from "../core/turnstile.js";
import { ALL, CA_CERTIFICATES } from "../crl/scope.js";
import type { StatusReader } from "../store/status-reader.js";
import type { Authorities, Authority } from "./authority.js";
import type { CrlPublisher } from "./crl-publisher.js";
import { type CrlOrder, lastScheduled, newest, type ScopeState } from "./crl-state.js";
import type { PublishedCrl } from "./published-crl.js";

/** Why and when a CRL comes next. `at` is unix seconds. */
export interface CrlDue extends CrlOrder {
  readonly at: number;
  readonly why: string;
}

/** After a failed build the next attempt waits this long, so that a fault does not become a storm. */
const RETRY_SECONDS = 30;

/** Changes that no CRL needs are dropped for so long in each tick, a small share of the time: revocations come first. */
const FORGET_MS = 900;
const FORGET_REST = 4;

/** A change is on a CRL between these parts of `crl.on_revocation`: the rest is for making the CRL. */
const EARLIEST = 0.5;
const LATEST = 0.9;

/**
 * Keeps every issuer's CRLs fresh: new complete and delta CRLs each period, at once when there is none, and within
 * `crl.on_revocation` after the first change that no CRL shows, with all that come until then. What is due follows from
 * the journal and the published files, so that a restart neither skips nor repeats.
 */
export class CrlSchedule {
  private readonly turnstiles = new Map<string, Turnstile>();
  /** The CRL that was last warned about, by issuer id. */
  private readonly warned = new Map<string, string>();
  private readonly forgetting = new Turnstile();
  private isEnding = false;
  /** Unix seconds before which a failed issuer is left alone, by issuer id. */
  private readonly retryAt = new Map<string, number>();

  constructor(
    private readonly authorities: Authorities,
    private readonly publisher: CrlPublisher,
    private readonly status: StatusReader,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly onPublished: (authority: Authority, crl: PublishedCrl, why: string) => Promise<void>,
  ) {}

  /** What comes next of each of the issuer's CRLs. */
  async due(authority: Authority): Promise<CrlDue[]> {
    const due: CrlDue[] = [];
    for (const scope of this.scopes(authority))
      due.push(...this.dueIn(authority, scope, await this.publisher.state(authority, scope)));
    return due;
  }

  /** Publishes what is due. Faults are logged and tried again. */
  async tick(): Promise<void> {
    this.authorities.reload();
    for (const authority of this.authorities.all()) {
      if (!this.mayTry(authority.id)) continue;
      try {
        if (!authority.canSign()) {
          await this.warnOfDue(authority);
          continue;
        }
        for (const scope of this.scopes(authority)) {
          if (this.isEnding) return;
          await this.through(authority, () => this.publishDue(authority, scope));
          await this.forget(authority, scope);
        }
      } catch (error) {
        this.failed(authority.id, error, "no new CRL could be published; the old one stays");
      }
    }
  }

  /** Begins nothing any more. Resolves when nothing is under way. */
  async end(): Promise<void> {
    this.isEnding = true;
    const all = [...this.turnstiles.values(), this.forgetting];
    await Promise.all(all.map((turnstile) => turnstile.run(async () => undefined)));
  }

  /**
   * A little at a time, and beside publications, which need none of what goes: there may be millions of changes, and
   * nobody who asks for a CRL waits for this.
   */
  private async forget(authority: Authority, scope: number): Promise<void> {
    const until = performance.now() + FORGET_MS;
    let more = true;
    while (more && !this.isEnding && performance.now() < until) {
      const begun = performance.now();
      more = await this.forgetting.run(() => this.publisher.forget(authority, scope));
      if (more) await wait((performance.now() - begun) * FORGET_REST);
    }
  }

  /** Publishes what an operator asks for now, after any that is under way for the issuer; the one asked for comes first. */
  publish(authority: Authority, order: CrlOrder, why: string): Promise<PublishedCrl[]> {
    return this.through(authority, async () => {
      // One that was due anyway is the scheduled one, and does not come again.
      const state = await this.publisher.state(authority, order.scope);
      const isDue = this.isDue(
        this.dueIn(authority, order.scope, state).find(
          ({ delta, cause }) => delta === order.delta && cause === "schedule",
        ),
      );
      return this.publishNow(authority, isDue ? { ...order, cause: "schedule" } : order, why);
    });
  }

  /** ALL, the shards that are configured or were ever used, and that of CA certificates beside them. */
  scopes({ issuer, config }: Authority): number[] {
    const { shards = 0 } = config.crl;
    const configured = Array.from({ length: shards }, (_, index) => index + 1);
    const used = this.status.crls(issuer).map(({ scope }) => scope);
    const all = new Set([ALL, ...configured, ...(shards > 0 ? [CA_CERTIFICATES] : []), ...used]);
    return [...all].sort((a, b) => a - b);
  }

  /** Asked once it is this job's turn: an operator's CRL that was under way makes a scheduled one needless. */
  private async publishDue(authority: Authority, scope: number): Promise<void> {
    const state = await this.publisher.state(authority, scope);
    const due = this.dueIn(authority, scope, state).find((one) => this.isDue(one));
    if (due !== undefined) await this.publishNow(authority, due, due.why);
  }

  /** Once for each: without the key nothing is signed, and somebody has to know that a CRL is missing. */
  private async warnOfDue(authority: Authority): Promise<void> {
    const [due] = (await this.due(authority)).filter((one) => this.isDue(one));
    const name = due && `${due.scope} ${due.delta} ${due.at}`;
    if (due === undefined || this.warned.get(authority.id) === name) return;
    this.warned.set(authority.id, name as string);
    const { scope, delta, why } = due;
    this.log.warn(
      { issuer: authority.id, scope, delta, why },
      "a CRL is due, and the issuer's key cannot sign",
    );
  }

  private isDue(due: CrlDue | undefined): boolean {
    return due !== undefined && nowSeconds(this.clock) >= due.at;
  }

  /** A complete CRL comes before a delta CRL: it brings one along. */
  private dueIn(authority: Authority, scope: number, state: ScopeState): CrlDue[] {
    const { crl } = authority.config;
    const due: CrlDue[] = [completeDue(crl.period, scope, state)];
    const deltas = scope === ALL ? crl.delta : undefined;
    const hasComplete = newest(state.records, false) !== undefined;
    if (deltas !== undefined && hasComplete) due.push(deltaDue(deltas.period, scope, state));
    const change = this.changeDue(authority, scope, deltas !== undefined);
    if (change !== undefined && hasComplete) due.push(change);
    return due;
  }

  private changeDue({ id, issuer, config }: Authority, scope: number, delta: boolean): CrlDue | undefined {
    const { onRevocation } = config.crl;
    const awaiting = onRevocation === undefined ? undefined : this.status.awaiting(issuer, scope);
    if (onRevocation === undefined || awaiting === undefined) return undefined;
    const since = (this.status.record(awaiting.first)?.timeMs ?? 0) / 1_000;
    const share = EARLIEST + (LATEST - EARLIEST) * chance(`${id} ${scope} ${awaiting.first}`);
    const at = Math.ceil(since + onRevocation * share);
    return {
      scope,
      delta,
      cause: "change",
      at,
      why: "a change of status is to be shown within crl.on_revocation",
    };
  }

  private async publishNow(authority: Authority, order: CrlOrder, why: string): Promise<PublishedCrl[]> {
    const crls = await this.publisher.publish(authority, order);
    for (const crl of crls) await this.onPublished(authority, crl, why);
    return crls;
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

function completeDue(period: number, scope: number, { complete, records }: ScopeState): CrlDue {
  const order = { scope, delta: false, cause: "schedule" } as const;
  if (complete.published === undefined) return { ...order, at: 0, why: "no CRL is published" };
  const last = lastScheduled(records)?.thisUpdate ?? complete.published.thisUpdate;
  return { ...order, at: last + period, why: "crl.period has passed" };
}

function deltaDue(period: number, scope: number, { delta, records }: ScopeState): CrlDue {
  const order = { scope, delta: true, cause: "schedule" } as const;
  if (delta.published === undefined) return { ...order, at: 0, why: "no delta CRL is published" };
  const last = newest(records, true)?.thisUpdate ?? delta.published.thisUpdate;
  return { ...order, at: last + period, why: "crl.delta.period has passed" };
}

/** From 0 up to 1, always the same for the same text, so that a restart comes to the same time. */
function chance(text: string): number {
  return createHash("sha256").update(text).digest().readUInt32BE(0) / 2 ** 32;
}
