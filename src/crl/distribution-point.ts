import { DerError, type DerReader } from "../asn1/reader.js";
import { contextConstructed, contextPrimitive, TAG } from "../asn1/tags.js";

/** Where a CRL lies, by one or more distribution points (RFC 5280 4.2.1.13). */
export interface DistributionPointNames {
  readonly uris: readonly string[];
  /** True if something beside URIs is there: another kind of name, reasons, a cRLIssuer. */
  readonly others: boolean;
}

const MAX_NAMES = 64;

/** Reads CRLDistributionPoints: the names of all points together. */
export function readDistributionPoints(reader: DerReader): DistributionPointNames {
  const end = reader.enter(TAG.SEQUENCE);
  const uris: string[] = [];
  let others = false;
  while (reader.more) {
    const names = readDistributionPoint(reader);
    uris.push(...names.uris);
    others ||= names.others;
    if (uris.length > MAX_NAMES) throw new DerError("too-deep", reader.position);
  }
  reader.leave(end);
  return { uris, others };
}

/** Reads [0] EXPLICIT DistributionPointName, which is [0] fullName or [1] nameRelativeToCRLIssuer. */
export function readDistributionPointName(reader: DerReader): DistributionPointNames {
  const end = reader.enter(contextConstructed(0));
  const relative = reader.optional(contextConstructed(1));
  const names = relative ? { uris: [], others: true } : readFullName(reader);
  reader.leave(end);
  return names;
}

function readDistributionPoint(reader: DerReader): DistributionPointNames {
  const end = reader.enter(TAG.SEQUENCE);
  const named = reader.peek() === contextConstructed(0);
  const names = named ? readDistributionPointName(reader) : { uris: [], others: false };
  const others = names.others || reader.more;
  while (reader.more) reader.any();
  reader.leave(end);
  return { uris: names.uris, others };
}

function readFullName(reader: DerReader): DistributionPointNames {
  const end = reader.enter(contextConstructed(0));
  const uris: string[] = [];
  let others = false;
  while (reader.more) {
    reader.any();
    if (uris.length === MAX_NAMES) throw new DerError("too-deep", reader.header);
    if (reader.tag === contextPrimitive(6)) uris.push(Buffer.from(reader.content()).toString("latin1"));
    else others = true;
  }
  reader.leave(end);
  return { uris, others };
}
