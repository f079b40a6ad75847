import { AuditLog } from "../audit/audit-log.js";
import { ControlServer } from "../control/server.js";
import { nowSeconds, systemClock } from "../core/clock.js";
import { bootClock, ClockGuard } from "../core/clock-guard.js";
import { type Config, loadConfig } from "../core/config.js";
import { type Log, openLog } from "../core/log.js";
import { stopSignal } from "../core/stop-signal.js";
import { openKeyStore } from "../signer/open.js";
import type { KeyStore } from "../signer/signer.js";
import { CaStore } from "../store/ca-store.js";
import { StatusWriter } from "../store/status-writer.js";
import { auditedHandler, auditRefusal } from "./audited.js";
import { Authorities } from "./authority.js";
import { completePending } from "./certify.js";
import { Checkpointer } from "./checkpoint.js";
import { CrlPublisher } from "./crl-publisher.js";
import { CrlSchedule } from "./crl-schedule.js";
import { renewDelegates } from "./enrol.js";
import type { IssuerContext } from "./operations.js";

const TICK_MS = 1_000;
const READER_CHECK_MS = 60_000;
const CHECKPOINT_MS = 600_000;

/** Runs the issuer until SIGINT or SIGTERM. Throws what keeps it from starting. */
export async function runIssuer(configFile: string): Promise<void> {
  const config = loadConfig(configFile);
  const log = openLog("issuer");
  const stop = stopSignal();
  const clock = new ClockGuard(systemClock, bootClock);
  const store = { ...config.store, installation: config.installation };
  const status = new StatusWriter(store, clock);
  const ca = new CaStore(store);
  // The journal's newest record is the latest time that was signed or promised.
  const { reader } = status;
  clock.signed(reader.record(reader.head().position)?.timeMs ?? 0);
  const audit = await AuditLog.open(config.audit.dir, clock);
  const keyStore = keyStores(config);

  const completed = await completePending({ status, ca });
  if (completed > 0)
    log.warn({ completed }, "certificates that a crash left without a status row were completed");
  const authorities = new Authorities(config, status.reader, keyStore);
  const checkpointer = new Checkpointer(config, status, keyStore(config.journal.token), clock);
  const publisher = new CrlPublisher(config, status, ca, log);
  const schedule = new CrlSchedule(authorities, publisher, clock, log, async (authority, crl, why) => {
    const { number, entries, sha256 } = crl;
    await audit.append("crl.published", {
      issuer: authority.id,
      number: String(number),
      entries,
      sha256,
      why,
    });
    await checkpointer.checkpoint();
    log.info({ issuer: authority.id, number: String(number), entries, why }, "CRL published");
  });
  const context: IssuerContext = {
    config,
    clock,
    log,
    status,
    ca,
    authorities,
    publisher,
    schedule,
    keyStore,
    startedAt: nowSeconds(clock),
  };
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
  const timers = startTimers(context, checkpointer, audit);
  log.info(
    { socket: config.control.socket, issuers: authorities.all().map(({ id }) => id) },
    "issuer serves",
  );

  log.info({ signal: await stop }, "issuer stops");
  for (const timer of timers) clearInterval(timer);
  await control.stop();
  await schedule.idle();
  await checkpointer.checkpoint();
  await audit.append("service.stop", { service: "issuer" });
  await audit.close();
  await ca.close();
  await status.close();
}

/** Opens each token once. */
function keyStores(config: Config): (token: string) => KeyStore {
  const open = new Map<string, KeyStore>();
  return (token) => {
    const keyStore = open.get(token) ?? openKeyStore(config, token);
    open.set(token, keyStore);
    return keyStore;
  };
}

function startTimers(context: IssuerContext, checkpointer: Checkpointer, audit: AuditLog): NodeJS.Timeout[] {
  const { log, schedule, status } = context;
  const clockIsTrusted = clockWatch(context, audit);
  return [
    every(TICK_MS, log, async () => {
      if (!(await clockIsTrusted())) return;
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
    every(CHECKPOINT_MS, log, () => checkpointer.checkpoint()),
    every(READER_CHECK_MS, log, async () => {
      const stale = status.checkReaders();
      if (stale > 0) log.warn({ stale }, "reader slots of dead processes were freed");
    }),
  ];
}

/** Asks whether the clock may be signed by (invariant 11); records when that changes. */
function clockWatch({ clock, log }: IssuerContext, audit: AuditLog): () => Promise<boolean> {
  let known: string | undefined;
  return async () => {
    const { fault } = clock;
    if (fault === undefined && known !== undefined) {
      log.warn("the clock is trusted again; signing goes on");
      await audit.append("clock.restored");
    } else if (fault !== undefined && known === undefined) {
      log.error({ fault }, "the clock is not trusted; nothing is signed");
      await audit.append("clock.fault", { reason: fault });
    }
    known = fault;
    return fault === undefined;
  };
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
