import { createHash } from "node:crypto";
import { bytesEqual, hex } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import type { ParsedCrl } from "../crl/stream-parser.js";
import { lintCrl } from "../lint/crl.js";
import type { Snapshot } from "../store/status-reader.js";
import type { Certificate } from "../x509/certificate.js";
import { CompleteComparison } from "./crl-gate-complete.js";
import { DeltaComparison } from "./crl-gate-delta.js";
import { type BuiltList, tbsChunks } from "./crl-lists.js";
import { refused } from "./crl-refusal.js";
import type { CrlTask, ListTask, PreparedList } from "./crl-task.js";
import { hashed } from "./hashed.js";

/**
 * The publication gate (invariant 5), before the key is touched: reads a built list once, in constant memory, and in
 * that pass lints it, compares its entries with what they must be and takes the digest that may be signed. What the
 * builder said of its list, and the index it copied from, are not believed. Throws CRL_GATE or LINT_FAILED.
 */
export function checkList(
  task: CrlTask,
  list: ListTask,
  certificate: Certificate,
  snapshot: Snapshot,
  built: BuiltList,
): PreparedList {
  const comparison =
    list.kind === "complete"
      ? new CompleteComparison(task, list, snapshot)
      : new DeltaComparison(task, list, snapshot);
  const hash = createHash(task.digestName);
  let crl: ParsedCrl | undefined;
  try {
    const findings = lintCrl(hashed(tbsChunks(built), hash), {
      form: "tbsCertList",
      profile: task.profile,
      subjects: task.subjects,
      kind: list.kind,
      partition: distributionOf(list)?.url ?? null,
      issuer: certificate,
      onEntry: (entry) => comparison.take(entry),
      onRead: (read) => {
        crl = read;
      },
    });
    if (findings.length > 0)
      throw new SekishoError("LINT_FAILED", findings.map(({ rule, text }) => `${rule}: ${text}`).join("; "));
    comparison.finish(crl as ParsedCrl);
  } finally {
    comparison.close();
  }
  checkFacts(task, list, certificate, built, crl as ParsedCrl);
  return { ...built, entries: (crl as ParsedCrl).entries.count, digest: hash.digest("hex") };
}

/** What the list says beside its entries is what the issuer ordered. */
function checkFacts(
  task: CrlTask,
  list: ListTask,
  certificate: Certificate,
  { thisUpdate, nextUpdate }: BuiltList,
  { header, extensions }: ParsedCrl,
): void {
  const fail = (why: string): never => {
    throw refused(task, list, why);
  };
  if (!bytesEqual(header.issuerName, certificate.subjectName)) fail("its issuer is another CA");
  if (hex(header.signature) !== task.signatureAlgorithm) fail("it names another signature algorithm");
  if (extensions.cRLNumber !== BigInt(task.cRLNumber)) fail(`it carries number ${extensions.cRLNumber}`);
  if (header.thisUpdate !== thisUpdate || header.nextUpdate !== nextUpdate) fail("it carries other times");
  if (header.thisUpdate < list.notBefore) fail("its thisUpdate lies before the published one's");
  if (nextUpdate < Math.min(list.notEndingBefore, certificate.notAfter))
    fail("its nextUpdate lies before the published one's");
  const base = list.kind === "delta" ? BigInt(list.base.number) : undefined;
  if (extensions.deltaCRLIndicator !== base) fail(`it starts from CRL ${extensions.deltaCRLIndicator}`);
  const freshest = list.kind === "complete" ? list.freshest : undefined;
  if (extensions.freshestCRL?.uris.join(" ") !== freshest) fail("it names another delta CRL");
  if (extensions.issuingDistributionPoint?.distributionPoint?.uris.join(" ") !== distributionOf(list)?.url)
    fail("its issuingDistributionPoint names another URL than its certificates");
}

const distributionOf = (list: ListTask) => (list.kind === "complete" ? list.distribution : undefined);
