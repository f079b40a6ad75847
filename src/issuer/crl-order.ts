import { hex } from "../core/bytes.js";
import type { Config } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import type { DistributionScope } from "../crl/extensions.js";
import { ALL, CA_CERTIFICATES, crlName, deltaName } from "../crl/scope.js";
import type { CrlRecord } from "../store/journal-record.js";
import type { Authority } from "./authority.js";
import { type CrlOrder, lastScheduled, newest, type ScopeState } from "./crl-state.js";
import type { CompleteTask, CrlTask, DeltaTask, ListTask } from "./crl-task.js";

/** What the builder has to make for an order. Throws CRL_MISSING for a delta CRL without a complete one. */
export function crlTask(
  config: Config,
  authority: Authority,
  order: CrlOrder,
  state: ScopeState,
  cRLNumber: number,
  directory: string,
): CrlTask {
  const { certificate, signer, issuer } = authority;
  return {
    store: { ...config.store, installation: config.installation },
    issuer,
    scope: order.scope,
    certificate: hex(certificate.der),
    signatureAlgorithm: hex(signer.signatureAlgorithm),
    digestName: signer.digestName,
    cRLNumber,
    profile: authority.config.ruleProfile,
    subjects: order.scope === CA_CERTIFICATES || issuesOnlyCas(config, authority) ? "ca" : "subscriber",
    directory,
    lists: listsOf(config, authority, order, state),
  };
}

/** True if no policy of the issuer allows a certificate that is not a CA's. */
export function issuesOnlyCas({ policies, profiles }: Config, { config }: Authority): boolean {
  const allowed = config.policies.flatMap((name) => policies[name]?.profiles ?? []);
  return allowed.every((name) => profiles[name]?.kind !== "end-entity");
}

function listsOf(config: Config, authority: Authority, order: CrlOrder, state: ScopeState): ListTask[] {
  const complete = completeTask(config, authority, order, state);
  const delta = deltaTask(authority, order, state);
  if (!order.delta) return delta === undefined ? [complete] : [complete, delta];
  if (delta === undefined)
    throw new SekishoError("CRL_MISSING", "a delta CRL starts from a complete one that is published");
  return [delta];
}

function completeTask(
  config: Config,
  { id, config: { crl }, certificate }: Authority,
  { scope }: CrlOrder,
  { complete: { published, covers }, records, dropped }: ScopeState,
): CompleteTask {
  const spent = lastScheduled(records);
  return {
    kind: "complete",
    validity: crl.validity,
    dropped,
    notBefore: published?.thisUpdate ?? 0,
    notEndingBefore: published?.nextUpdate ?? 0,
    ...(published && {
      previous: {
        file: published.file,
        sha256: published.sha256,
        number: Number(published.number),
        covers,
      },
    }),
    ...(crl.keepExpired
      ? { expiredSince: certificate.notBefore }
      : spent && { spent: { thisUpdate: spent.thisUpdate, covers: spent.covers } }),
    ...(scope === ALL && crl.delta && { freshest: `${config.responder.publicUrl}/crl/${deltaName(id)}` }),
    ...(scope !== ALL && { distribution: distributionScope(config, id, scope) }),
  };
}

/** The part of its issuer's certificates that a CRL covers, as its certificates name it (standards H11, H12). */
function distributionScope({ responder }: Config, id: string, scope: number): DistributionScope {
  const only = scope === CA_CERTIFICATES ? "cas" : "users";
  return { url: `${responder.publicUrl}/crl/${crlName(id, scope)}`, only };
}

function deltaTask(
  authority: Authority,
  { scope }: CrlOrder,
  { delta, records, dropped }: ScopeState,
): DeltaTask | undefined {
  const { crl } = authority.config;
  const base = baseOf(records, dropped);
  if (crl.delta === undefined || !hasDeltas(authority, scope) || base === undefined) return undefined;
  return {
    kind: "delta",
    validity: crl.delta.validity,
    notBefore: delta.published?.thisUpdate ?? 0,
    notEndingBefore: delta.published?.nextUpdate ?? 0,
    base: { number: base.number, covers: base.covers },
  };
}

/** True if there are delta CRLs of the scope: only the CRL of all certificates has them. */
export function hasDeltas({ config }: Authority, scope: number): boolean {
  return config.crl.delta !== undefined && scope === ALL;
}

/**
 * The complete CRL that a delta CRL starts from: the oldest that a relying party may still hold, so that whoever has one
 * that is valid can use the delta CRL (standards H4). One from before there were delta CRLs names none, and the changes
 * since it may be gone.
 */
function baseOf(records: readonly CrlRecord[], dropped: number): CrlRecord | undefined {
  const last = newest(records, false);
  return records.find(
    ({ base, covers, nextUpdate }) => base === 0 && covers >= dropped && nextUpdate > (last?.thisUpdate ?? 0),
  );
}
