import { TAG } from "../../../src/asn1/tags.js";
import { encode } from "../../../src/asn1/writer.js";
import { SekishoError } from "../../../src/core/errors.js";
import { readCrl, type SignedCrl } from "../../../src/crl/read-crl.js";
import { SHA256_WITH_RSA } from "../../support/crl.js";
import { NAME } from "../../support/raw-crl.js";
import { bytesOf, elementsOf } from "../der-element.js";
import { describe, equalBytes, observe, refusalPlace, roughly } from "../observe.js";
import { OpensslJudge } from "../openssl-judge.js";
import { Finding, type FuzzTarget } from "../target.js";

/** The streaming parser of CRLs. */
export class CrlTarget implements FuzzTarget {
  readonly name = "crl";
  readonly syntax = "der";
  private readonly openssl = new OpensslJudge();

  check(input: Uint8Array): string {
    const observed = observe(input, (bytes) => read([bytes]), isRefusal);
    const whole = observed.accepted ? describe(observed.value) : observed.error.message;
    const size = CHUNK_SIZES[input.length % CHUNK_SIZES.length] as number;
    if (outcomeIn(input, size) !== whole) throw new Finding("the result depends on how the input is cut");
    return observed.accepted ? summary(observed.value.crl) : refusalPlace(observed.error);
  }

  judge(input: Uint8Array): void {
    if (!outcomeIn(input, input.length).startsWith("{")) return;
    // A Name is compared with the CA's, byte for byte, and an algorithm with those we know: openssl looks into both.
    const judged = withKnownNames(input);
    const again = this.openssl.certificateList(judged);
    if (again === undefined) throw new Finding("accepted, and openssl reads no CRL");
    if (!equalBytes(again, judged)) throw new Finding("accepted, and openssl writes it otherwise");
  }
}

/** The CRL with another issuer and other algorithms. */
function withKnownNames(input: Uint8Array): Uint8Array {
  const document = elementsOf(input) ?? [];
  const [outer] = document;
  const tbs = outer?.inner?.[0]?.inner;
  if (outer?.inner === undefined || tbs === undefined) return input;
  const first = tbs[0]?.tag === TAG.INTEGER ? 1 : 0;
  tbs.splice(first, 2, ...(elementsOf(SHA256_WITH_RSA) ?? []), ...(elementsOf(encode(NAME)) ?? []));
  outer.inner.splice(1, 1, ...(elementsOf(SHA256_WITH_RSA) ?? []));
  return bytesOf(document);
}

const isRefusal = (error: unknown): boolean => error instanceof SekishoError && error.code === "CRL_INVALID";

/** Octets; one for each input, because a parser takes 128 KiB. */
const CHUNK_SIZES = [1, 7, 61];

interface Read {
  readonly crl: SignedCrl;
  readonly entries: readonly string[];
}

function read(chunks: Iterable<Uint8Array>): Read {
  const entries: string[] = [];
  const crl = readCrl(chunks, {
    onEntry: ({ bytes, serialStart, serialStop, revocationDate, reasonCode, invalidityDate }) => {
      const serial = Buffer.from(bytes.subarray(serialStart, serialStop)).toString("hex");
      entries.push([serial, revocationDate, reasonCode, invalidityDate].join());
    },
  });
  return { crl, entries };
}

/** What becomes of the input in chunks of so many octets. */
function outcomeIn(input: Uint8Array, size: number): string {
  try {
    return describe(read(chunksOf(input, size)));
  } catch (error) {
    if (!isRefusal(error)) throw new Finding("thrown when the input is cut", { cause: error });
    return (error as Error).message;
  }
}

function* chunksOf(input: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < input.length; at += size) yield input.subarray(at, at + size);
}

function summary({ header, entries, extensions, emptyRevokedCertificates }: SignedCrl): string {
  return [
    "accepted",
    header.version,
    header.nextUpdate === undefined ? "" : "next",
    header.wrongTimeType ? "wrong time" : "",
    roughly(entries.count),
    entries.ascending ? "" : "unordered",
    entries.neighbourDuplicates ? "duplicates" : "",
    entries.extended ? "extended" : "",
    entries.certificateIssuers ? "indirect" : "",
    roughly(entries.unknownReasons),
    emptyRevokedCertificates ? "empty" : "",
    Object.keys(extensions).sort().join(),
    roughly(extensions.list.length),
  ].join(" ");
}
