import { ControlServer } from "../control/server.js";
import { nowSeconds, systemClock } from "../core/clock.js";
import { bootClock, ClockGuard, clockWatch } from "../core/clock-guard.js";
import { type Config, loadConfig } from "../core/config.js";
import type { SekishoError } from "../core/errors.js";
import { type Log, openLog } from "../core/log.js";
import { stopSignal } from "../core/stop-signal.js";
import { auditedHandler, auditRefusal } from "./audited.js";
import { type IssuerCore, openIssuerCore, openKeys } from "./core.js";
import { CrlSchedule } from "./crl-schedule.js";
import { renewDelegates } from "./enrol.js";
import type { IssuerContext } from "./operations.js";

const TICK_MS = 1_000;
const READER_CHECK_MS = 60_000;
const CHECKPOINT_MS = 600_000;
const CHECKPOINT_RETRY_MS = 5_000;
const LAST_ANSWERS_MS = 200;

/**
 * Runs the issuer until SIGINT or SIGTERM. Throws what keeps it from starting; ends the process when a write fails,
 * because only a restart knows what reached the disk.
 */
export async function runIssuer(configFile: string): Promise<void> {
  const config = loadConfig(configFile);
  const log = openLog("issuer");
  const stop = stopSignal();
  const core = await openIssuerCore(config, new ClockGuard(systemClock, bootClock()), log);
  core.failed.then((failure) => endAfterFailure(log, failure));
  try {
    await openKeys(core);
    await serve(core, stop);
  } finally {
    if (await core.close()) endPastCall(log);
  }
}

async function serve(core: IssuerCore, stop: Promise<NodeJS.Signals>): Promise<void> {
  const { config, audit, authorities, log } = core;
  // What is published or revoked is so without it.
  const checkpoint = (): Promise<void> =>
    core.checkpointer.checkpoint().catch((err) => log.error({ err }, "no checkpoint could be signed"));
  const schedule = crlSchedule(core, checkpoint);
  const context: IssuerContext = { ...core, schedule, startedAt: nowSeconds(core.clock) };
  await audit.append("service.start", { service: "issuer" });
  const control = await ControlServer.start({
    socket: config.control.socket,
    installation: config.installation,
    operators: config.operators,
    handle: auditedHandler(context, audit),
    onRefused: auditRefusal(audit),
    onFault: (err) => log.error({ err }, "a control connection failed"),
  });
  warnOfStandingKeys(config, log);
  const timers = startTimers(context, core, checkpoint);
  log.info(
    { socket: config.control.socket, issuers: authorities.all().map(({ id }) => id) },
    "issuer serves",
  );

  log.info({ signal: await stop }, "issuer stops");
  for (const timer of timers) clearInterval(timer);
  await control.stop();
  await schedule.end();
  await checkpoint();
  await audit.append("service.stop", { service: "issuer" });
}

/** Publishes, and leaves a record and a checkpoint of what it published. */
function crlSchedule(
  { authorities, publisher, status, clock, audit, log }: IssuerCore,
  checkpoint: () => Promise<void>,
): CrlSchedule {
  return new CrlSchedule(authorities, publisher, status.reader, clock, log, async (authority, crl, why) => {
    const { file, number, base, entries, sha256 } = crl;
    await audit.append("crl.published", {
      issuer: authority.id,
      file,
      number: String(number),
      ...(base === undefined ? {} : { base: String(base) }),
      entries,
      sha256,
      why,
    });
    await checkpoint();
    log.info({ issuer: authority.id, file, number: String(number), entries, why }, "CRL published");
  });
}

/**
 * Answers that are on their way say STORE_FAILED, then the process ends as if killed: after a failed commit lmdb's
 * writing thread may hold an orderly exit for ever.
 */
function endAfterFailure(log: Log, failure: SekishoError): void {
  log.fatal({ err: failure }, "a write failed; the issuer ends and must be started again");
  setTimeout(() => process.kill(process.pid, "SIGKILL"), LAST_ANSWERS_MS);
}

/**
 * A thread that is in a token cannot be ended, and an orderly exit waits for it. Whoever reports why the service ended
 * comes first.
 */
function endPastCall(log: Log): void {
  log.warn("a call to a token has not returned; everything is on disk, and the process ends by SIGKILL");
  setTimeout(() => process.kill(process.pid, "SIGKILL"), LAST_ANSWERS_MS);
}

function startTimers(
  context: IssuerContext,
  { audit, checkpointer }: IssuerCore,
  checkpoint: () => Promise<void>,
): NodeJS.Timeout[] {
  const { clock, log, schedule, status } = context;
  const lookAtClock = clockWatch(clock, async (fault) => {
    if (fault === undefined) log.warn("the clock is trusted again; signing goes on");
    else log.error({ fault }, "the clock is not trusted; nothing is signed");
    await (fault === undefined
      ? audit.append("clock.restored")
      : audit.append("clock.fault", { reason: fault }));
  });
  return [
    every(TICK_MS, log, async () => {
      if ((await lookAtClock()) !== undefined) return;
      await schedule.tick();
      for (const { authority, certificate } of await renewDelegates(context, log)) {
        await audit.append("delegate.issued", {
          issuer: authority.id,
          notAfter: certificate.notAfter,
          why: "renewal signed by the key in force",
        });
        log.info({ issuer: authority.id, notAfter: certificate.notAfter }, "OCSP delegate renewed");
      }
    }),
    every(CHECKPOINT_MS, log, checkpoint),
    every(CHECKPOINT_RETRY_MS, log, async () => {
      if (checkpointer.isOverdue) await checkpoint();
    }),
    every(READER_CHECK_MS, log, async () => {
      const stale = status.checkReaders();
      if (stale > 0) log.warn({ stale }, "reader slots of dead processes were freed");
    }),
  ];
}

/** Repeats a job, never two at once; a failure is logged and the next turn comes. */
function every(ms: number, log: Log, job: () => Promise<void>): NodeJS.Timeout {
  let running = false;
  return setInterval(() => {
    if (running) return;
    running = true;
    job()
      .catch((err) => log.error({ err }, "a scheduled job failed"))
      .finally(() => {
        running = false;
      });
  }, ms);
}

function warnOfStandingKeys(config: Config, log: Log): void {
  for (const [issuer, { activation }] of Object.entries(config.issuers))
    log.warn(
      { issuer, activation },
      "PIN from a file: does not fulfil CPS 6.2.8 and 6.2.9; demonstrations and subordinate CAs only",
    );
}
