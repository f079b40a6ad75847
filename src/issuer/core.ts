import { AuditLog } from "../audit/audit-log.js";
import type { ClockGuard } from "../core/clock-guard.js";
import type { Config } from "../core/config.js";
import { isSekishoError, SekishoError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { within } from "../core/within.js";
import type { KeyAccess } from "../signer/signer.js";
import { Tokens } from "../signer/tokens.js";
import { CaStore } from "../store/ca-store.js";
import type { StatusReader } from "../store/status-reader.js";
import { StatusWriter } from "../store/status-writer.js";
import { WriterLock } from "../store/writer-lock.js";
import { Authorities } from "./authority.js";
import { completePending } from "./certify.js";
import { Checkpointer } from "./checkpoint.js";
import { CrlPublisher, type StartCrlWork } from "./crl-publisher.js";

/** The issuer without its control socket and timers: everything that reads and writes. */
export interface IssuerCore {
  readonly config: Config;
  readonly clock: ClockGuard;
  readonly log: Log;
  readonly status: StatusWriter;
  readonly ca: CaStore;
  readonly audit: AuditLog;
  /** Access to each token. */
  readonly keyStore: (token: string) => KeyAccess;
  readonly authorities: Authorities;
  readonly checkpointer: Checkpointer;
  readonly publisher: CrlPublisher;
  /** Resolves once a write has failed. Then nothing more is acknowledged, and only a restart goes on. */
  readonly failed: Promise<SekishoError>;
  /**
   * Resolves when everything is on disk: with true if a call to a token is out that may never return, so that the process
   * can end only by SIGKILL.
   */
  close(): Promise<boolean>;
}

/**
 * Opens the installation and completes what a crash interrupted, by the functions of the live path. `startCrlWork` makes
 * the CRLs; by default in a child process. Throws INSTANCE_RUNNING if another process writes the store, SYNTHETIC_REFUSED.
 */
export async function openIssuerCore(
  config: Config,
  clock: ClockGuard,
  log: Log,
  startCrlWork?: StartCrlWork,
): Promise<IssuerCore> {
  const lock = WriterLock.take(config.store.dir);
  try {
    return await openLocked(lock, config, clock, log, startCrlWork);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openLocked(
  lock: WriterLock,
  config: Config,
  clock: ClockGuard,
  log: Log,
  startCrlWork: StartCrlWork | undefined,
): Promise<IssuerCore> {
  const store = { ...config.store, installation: config.installation };
  const status = new StatusWriter(store, clock);
  if (config.production) refuseSynthetic(status.reader);
  // The journal's newest record is the latest time that was signed or promised.
  clock.signed(status.reader.record(status.reader.head().position)?.timeMs ?? 0);
  const ca = new CaStore(store);
  const audit = await AuditLog.open(config.audit.dir, clock);
  const completed = await completePending({ status, ca });
  if (completed > 0)
    log.warn({ completed }, "certificates that a crash left without a status row were completed");
  const tokens = new Tokens(config, log);
  const keyStore = tokens.access;
  const authorities = new Authorities(config, status.reader, keyStore);
  const checkpointer = new Checkpointer(config, status, keyStore(config.journal.token), clock);
  return {
    config,
    clock,
    log,
    status,
    ca,
    audit,
    keyStore,
    authorities,
    checkpointer,
    publisher: new CrlPublisher(config, status, ca, log, startCrlWork),
    failed: Promise.race([status.failed, ca.failed, audit.failed]),
    async close() {
      await audit.close();
      await ca.close();
      await status.close();
      lock.release();
      return tokens.close();
    },
  };
}

/** Good is only what was issued (invariant 4): a store that load tests have filled does not go into production. */
function refuseSynthetic(status: StatusReader): void {
  for (const { issuer, id } of status.issuers())
    if (status.syntheticCount(issuer) > 0)
      throw new SekishoError("SYNTHETIC_REFUSED", `the store holds synthetic certificates of issuer ${id}`);
}

/** A token in order has answered by then. */
const KEYS_MS = 2_000;

/**
 * Looks for the keys, so that what is wrong with them shows at once. The issuer starts all the same, and does not wait for
 * a token that hangs: revocations need none. Throws KEY_REFUSED, and KEY_ATTRIBUTES for a key that may not be used.
 */
export async function openKeys({ authorities, checkpointer, log }: IssuerCore): Promise<void> {
  const tolerate = (what: string) => (err: unknown) => {
    if (!isSekishoError(err, "KEY_MISSING", "TOKEN_FAILED", "TOKEN_MISSING", "TOKEN_PIN", "TOKEN_TIMEOUT"))
      throw err;
    log.error({ err }, `${what} is not to be had: nothing is signed with it until it is`);
  };
  const opened = Promise.all([
    checkpointer.open().catch(tolerate("the journal key")),
    ...authorities.all().map(({ id, open }) => open().catch(tolerate(`the key of issuer ${id}`))),
  ]);
  await within(opened, KEYS_MS);
}
