import { loadBindings } from "../../native-bindings/binding.js";
import { type Clock, nowSeconds, systemClock } from "../core/clock.js";
import { bootClock, ClockGuard, clockWatch } from "../core/clock-guard.js";
import type { Config } from "../core/config.js";
import type { Log } from "../core/log.js";
import { PeerBudget } from "../http/peer-budget.js";
import { Repository } from "../repository/repository.js";
import { Tokens } from "../signer/tokens.js";
import { mappedPosition, POSITION_OCTETS, positionPath } from "../store/position-file.js";
import { StatusReader } from "../store/status-reader.js";
import { admit } from "./admission.js";
import { Batcher } from "./batcher.js";
import { Enrolment } from "./enrolment.js";
import { Frontend } from "./frontend.js";
import type { Report } from "./ipc.js";
import { JournalFollower } from "./journal-follower.js";
import { type Inherited, serveInherited } from "./listeners.js";
import { Metrics } from "./metrics.js";
import { PreSigner, type PresignScope } from "./pre-signer.js";
import { PresignAll, planned } from "./presign-all.js";
import { ResponseCache } from "./response-cache.js";
import { SigningPool, TokenUnavailable } from "./signing-pool.js";
import { TokenBreaker } from "./token-breaker.js";
import { Trust } from "./trust.js";
import { NO_REQUESTS, startWorkers } from "./worker-pool.js";

/** About 2 KiB an answer with its headers and indexes: some 200 MiB. */
const MAX_CACHED_ANSWERS = 100_000;
/**
 * At 1.5 ms a signature and two workers the known and the nonce requests together are a wait of under 3 s, where the
 * batcher gives up; questions about serials that nobody issued get what little is left.
 */
const MAX_WAITING = { known: 2_048, nonce: 1_024, unknown: 256, refresh: 64 };
const PRE_SIGN_MS = 100;
/** What a key of a DER request begins with; a GET target begins with a slash. */
const DER = "0";
const ENROLMENT_CHECK_MS = 2_000;
const CLOCK_WATCH_MS = 1_000;

/** The part of the responder that one process runs. */
export interface ResponderService {
  /** From now on looks after OCSP keys and their certificates: only one process at a time may. */
  enrol(): void;
  report(): Promise<Report>;
  /** Milliseconds for which the longest call to the token has been out past its deadline; 0 when none is. */
  hungMs(): number;
  /** Drains and closes everything; resolves with the last report. Milliseconds as for HttpServer.close. */
  stop(drainMs: number, idleMs: number): Promise<Report>;
}

/** Starts to serve from the sockets that the supervisor has bound. Throws what keeps it from starting. */
export async function startService(
  config: Config,
  inherited: Inherited,
  log: Log,
): Promise<ResponderService> {
  const tokens = new Tokens(config, log);
  // Login counts for the whole process, so it comes before the workers open their sessions: a wrong PIN is tried once.
  await Promise.all(ocspTokens(config).map((token) => tokens.open(token)));
  const status = StatusReader.open({ ...config.store, installation: config.installation });
  const trust = new Trust(status, config, undefined, log);

  const clock = guardedClock(status, log);
  // A key that is there but cannot be used shows here, before the process takes over from another.
  const { workers, delegates: atStart, signatureMs } = await startWorkers(config);
  let delegates = atStart;
  const presigned =
    config.responder.presign === "all"
      ? planned(new PresignAll(status, trust, systemClock), signatureMs, log)
      : undefined;
  const maxAnswers = MAX_CACHED_ANSWERS + (presigned?.signatures ?? 0);
  const cache = new ResponseCache(maxAnswers);
  const evicting = {
    evict: (row: string) => {
      cache.evict(row);
      preSigner?.changed(row);
    },
    clear: () => {
      cache.clear();
      preSigner?.cleared();
    },
  };
  const follower = new JournalFollower(status, positionProbe(config, status, log), evicting);
  // Not the wall clock: a jump of it must not put probes off.
  const breaker = new TokenBreaker({ nowMs: () => performance.now() }, (state, reason) => {
    log[state === "open" ? "error" : "info"]({ state, reason }, "token breaker");
  });
  const signing = new SigningPool(workers, breaker);
  const batcher = new Batcher(
    async (task) => {
      const { fault } = clock.guard;
      if (fault !== undefined) throw new TokenUnavailable(fault);
      const result = await signing.run(task);
      if (result.signatures > 0) clock.guard.signed(clock.guard.nowMs());
      metrics.batchSigned(result.signatures);
      return result;
    },
    { workers: config.responder.workers, maxWaiting: MAX_WAITING },
    (err) => {
      if (!(err instanceof TokenUnavailable)) log.error({ err }, "a batch failed");
    },
  );
  let storeFault: string | undefined;
  const metrics: Metrics = new Metrics(
    {
      pending: () => batcher.pending,
      cachedAnswers: () => cache.size,
      tokenAnswers: () => breaker.state === "closed",
      clockIsTrusted: () => clock.guard.fault === undefined,
      delegateLife: () => delegateLife(delegates),
    },
    (err) => {
      const { message } = err as Error;
      if (message !== storeFault) log.error({ err }, "the store could not be read: requests are put off");
      storeFault = message;
    },
  );
  const issuers = () => {
    follower.catchUp();
    return status.issuers();
  };
  const repository = new Repository({
    crlDir: config.crl.dir,
    publicUrl: config.responder.publicUrl,
    issuers,
    period: (id, kind) => {
      const crl = config.issuers[id]?.crl;
      return kind === "delta" ? crl?.delta?.period : crl?.period;
    },
    clock: systemClock,
    log,
  });
  const frontend = new Frontend(
    cache,
    follower,
    (request) => admit(request, trust, status, follower.position, config.responder.maxCertIds),
    batcher,
    new PeerBudget(config.responder.peerWaiting),
    repository.handle,
    clock.guard,
    metrics,
  );

  const preSigner =
    config.responder.presign === "off"
      ? undefined
      : makePreSigner(frontend, cache, 2 * maxAnswers, clock.guard, presigned?.scope);
  if (preSigner !== undefined) metrics.follow(preSigner, clock.guard);
  metrics.observe(repository);
  const preSigning = setInterval(() => preSigner?.tick(), PRE_SIGN_MS);
  const http = await serveInherited(config, inherited, frontend.handle, log);
  log.info({ transport: http.transport }, "responder process answers");

  // A worker knows; while none can tell, what was known stands, and a report does not wait for it.
  const survey = async (): Promise<void> => {
    const result = await signing.run(NO_REQUESTS).catch(() => undefined);
    delegates = result?.delegates ?? delegates;
  };
  const report = async (): Promise<Report> => {
    void survey();
    return {
      usable: [...delegateLife(delegates).values()].every((life) => life > 0),
      metrics: await metrics.registry.getMetricsAsJSON(),
    };
  };
  let enrolment: NodeJS.Timeout | undefined;
  return {
    enrol: () => {
      enrolment = startEnrolment(new Enrolment(status, config, tokens.access, systemClock, log), log);
    },
    report,
    hungMs: () => signing.hungMs,
    stop: async (drainMs, idleMs) => {
      clearInterval(enrolment);
      clearInterval(clock.watch);
      clearInterval(preSigning);
      await http.close(drainMs, idleMs);
      signing.close();
      await workers.close();
      // Not waited for: a call may be out, and the process ends.
      void tokens.close();
      const last = await report();
      await status.close();
      return last;
    },
  };
}

/**
 * The clock that answers are signed by, watched once a second (invariant 11). What an earlier run signed at the latest
 * is not kept by responders: the journal's newest record stands for it.
 */
function guardedClock(status: StatusReader, log: Log): { guard: ClockGuard; watch: NodeJS.Timeout } {
  const guard = new ClockGuard(systemClock, bootClock(), status.record(status.head().position)?.timeMs ?? 0);
  const look = clockWatch(guard, (fault) => {
    if (fault === undefined) log.warn("the clock is trusted again; signing goes on");
    else log.error({ fault }, "the clock is not trusted; nothing is signed");
  });
  const watch = setInterval(look, CLOCK_WATCH_MS);
  return { guard, watch };
}

const ocspTokens = ({ issuers }: Config): string[] => [
  ...new Set(Object.values(issuers).map(({ ocsp }) => ocsp.token)),
];

function makePreSigner(
  frontend: Frontend,
  cache: ResponseCache,
  maxEntries: number,
  clock: Clock,
  scope: PresignScope | undefined,
): PreSigner {
  const preSigner = new PreSigner(
    maxEntries,
    (key) => cache.peek(key),
    (key, done) => frontend.refresh(key, done),
    clock,
    scope,
  );
  cache.onEvicted = (key, answer) => {
    if (key.startsWith(DER)) preSigner.evicted(key, answer);
  };
  return preSigner;
}

/** Reads the position file through a mapping, a memory read; without the addon, the journal head itself. */
function positionProbe(config: Config, status: StatusReader, log: Log): () => number {
  const loaded = loadBindings();
  const file = positionPath(config.store.dir);
  if (loaded.bindings === undefined) {
    log.info(
      { reason: loaded.reason },
      "slower: the journal head is read instead of the mapped position file, and each worker signs one at a time",
    );
    return () => {
      status.refresh();
      return status.head().position;
    };
  }
  return mappedPosition(loaded.bindings.mapFile(file, POSITION_OCTETS, false));
}

/** Never two checks at once: both would generate the key that is missing. */
function startEnrolment(enrolment: Enrolment, log: Log): NodeJS.Timeout {
  let running = false;
  let fault: string | undefined;
  const check = async (): Promise<void> => {
    if (running) return;
    running = true;
    try {
      await enrolment.check();
      fault = undefined;
    } catch (err) {
      const { message } = err as Error;
      if (message !== fault) log.error({ err }, "the OCSP certificates could not be checked");
      fault = message;
    }
    running = false;
  };
  void check();
  return setInterval(check, ENROLMENT_CHECK_MS);
}

/** Seconds that each served issuer's delegate is still valid; 0 without one. */
function delegateLife(delegates: ReadonlyMap<string, number>): Map<string, number> {
  const now = nowSeconds(systemClock);
  return new Map([...delegates].map(([id, notAfter]) => [id, Math.max(0, notAfter - now)]));
}
