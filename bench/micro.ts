import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import { BasicOCSPResponse, OCSPRequest, OCSPResponse } from "@peculiar/asn1-ocsp";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  CRLReason,
  CRLReasons,
  Extension,
  id_ce_cRLReasons,
  RevokedCertificate,
  Time,
} from "@peculiar/asn1-x509";
import { fromBER } from "asn1js";
import * as pkijs from "pkijs";
import { Bench } from "tinybench";
import { loadBindings } from "../native-bindings/binding.js";
import { OID, oid } from "../src/asn1/oid.js";
import { encode, nullValue, sequence } from "../src/asn1/writer.js";
import { asBuffer, latin1 } from "../src/core/bytes.js";
import { EntryEncoder } from "../src/crl/entry.js";
import { decodeGetPath } from "../src/ocsp/get-path.js";
import { parseOcspRequest } from "../src/ocsp/request.js";
import { encodeOcspResponse, encodeResponseData, responseTemplate } from "../src/ocsp/response.js";
import { type CachedAnswer, ResponseCache } from "../src/responder/response-cache.js";
import { mappedPosition, POSITION_OCTETS, positionPath } from "../src/store/position-file.js";
import { decodePem } from "../src/x509/pem.js";
import { ocspRequest } from "../test/support/ocsp-client.js";
import { change, issue, openReader, openWriter, serialOf } from "../test/support/store.js";
import type { BenchContext } from "./context.js";
import type { BenchResult } from "./harness/result.js";
import { median } from "./harness/statistics.js";
import { type Contestant, interleave, type Pairing } from "./harness/trial.js";
import { OpensslCa } from "./peers/openssl-ca.js";

const ROUNDS = 7;
const TRIAL_MS = 100;
/** Calls a timed sample: a timer alone takes as long as one of these functions. */
const CALLS = 200;
const ROWS = 10_000;

/** A function of ours beside what does the same elsewhere. `atMost`: share of the other's time that it may take. */
interface Case {
  readonly what: string;
  readonly ours: () => unknown;
  readonly others: readonly {
    readonly name: string;
    readonly run: () => unknown;
    readonly atMost?: number;
  }[];
}

/** The parts of the hot path, each beside the library that it stands in for. */
export async function microBench({
  dir,
  rounds = ROUNDS,
  progress,
  atEnd,
}: BenchContext): Promise<BenchResult> {
  progress("preparing");
  const ca = new OpensslCa(dir, "rsa2048", 1);
  const request = ocspRequest(ca.issuer, [ca.serials[0] as Buffer]);
  const cases = [
    parseCase(request),
    getCase(request),
    encodeCase(request, decodePem(readFileSync(ca.path("delegate.pem")), "CERTIFICATE")),
    cacheCase(request),
    ...(await storeCases(dir, atEnd)),
    entryCase(),
  ];
  const costs = new Map<string, number[]>();
  const contestant = (name: string, run: () => unknown): Contestant => ({
    name,
    measure: async () => {
      const cost = await nanoseconds(run);
      costs.set(name, [...(costs.get(name) ?? []), cost]);
      return { cost };
    },
  });
  const contestants = cases.flatMap(({ what, ours, others }) => [
    contestant(what, ours),
    ...others.map(({ name, run }) => contestant(`${what}: ${name}`, run)),
  ]);
  const pairings: Pairing[] = cases.flatMap(({ what, others }) =>
    others.map(({ name, atMost }) => ({
      what,
      base: `${what}: ${name}`,
      metric: "cost",
      ...(atMost === undefined ? {} : { atMost }),
    })),
  );
  const comparisons = await interleave(contestants, pairings, rounds, progress);
  const figures = [...costs].map(([what, values]) => ({ what, value: median(values), unit: "ns" }));
  return { bench: "micro", comparisons, figures, controls: [] };
}

/** Median time of one call. */
async function nanoseconds(run: () => unknown): Promise<number> {
  const bench = new Bench({
    time: TRIAL_MS,
    warmupTime: TRIAL_MS / 2,
    iterations: 1,
    warmupIterations: 1,
    throws: true,
  });
  bench.add("calls", () => {
    for (let i = 0; i < CALLS; i++) kept = run();
  });
  const [task] = await bench.run();
  const { result } = task as NonNullable<typeof task>;
  if (result.state !== "completed") throw new Error(`tinybench: ${result.state}`);
  return (result.latency.p50 * 1e6) / CALLS;
}

/** Where results go, so that no call can be left out as useless. */
export let kept: unknown;

function parseCase(request: Buffer): Case {
  const bytes = new Uint8Array(request);
  return {
    what: "parse OCSPRequest",
    ours: () => parseOcspRequest(request),
    others: [
      { name: "@peculiar/asn1-ocsp", run: () => AsnConvert.parse(bytes, OCSPRequest), atMost: 0.2 },
      { name: "pkijs", run: () => pkijs.OCSPRequest.fromBER(bytes), atMost: 0.2 },
      { name: "asn1js, elements only", run: () => fromBER(bytes), atMost: 0.2 },
    ],
  };
}

function getCase(request: Buffer): Case {
  const path = encodeURIComponent(request.toString("base64"));
  return {
    what: "decode GET path",
    ours: () => decodeGetPath(path),
    others: [{ name: "Node's own, unchecked", run: () => Buffer.from(decodeURIComponent(path), "base64") }],
  };
}

function encodeCase(request: Buffer, certificate: Uint8Array): Case {
  const algorithm = encode(sequence(oid(OID.sha256WithRSAEncryption), nullValue));
  const template = responseTemplate({ keyHash: randomBytes(20) }, algorithm, certificate);
  const certID = parseOcspRequest(request).certIDs[0]?.encoded as Uint8Array;
  const signature = randomBytes(256);
  const now = Math.floor(Date.now() / 1000);
  const ours = (): Buffer => {
    const responses = [{ certID, status: { kind: "good" } }] as const;
    return encodeOcspResponse(
      template,
      encodeResponseData(template, responses, now, now + 345_600, []),
      signature,
    );
  };
  const parsed = AsnConvert.parse(ours(), OCSPResponse);
  const basic = AsnConvert.parse(parsed.responseBytes?.response as OctetString, BasicOCSPResponse);
  const schema = new pkijs.BasicOCSPResponse({
    schema: fromBER(parsed.responseBytes?.response.buffer as ArrayBuffer).result,
  });
  return {
    what: "encode OCSPResponse",
    ours,
    others: [
      {
        name: "@peculiar/asn1-ocsp",
        run: () => {
          const bytes = parsed.responseBytes as NonNullable<typeof parsed.responseBytes>;
          bytes.response = new OctetString(AsnConvert.serialize(basic));
          return AsnConvert.serialize(parsed);
        },
        atMost: 0.2,
      },
      { name: "pkijs, BasicOCSPResponse alone", run: () => schema.toSchema().toBER(), atMost: 0.2 },
    ],
  };
}

/** A key as it comes: text that has just been made, so that its hash is not known yet. */
function cacheCase(request: Buffer): Case {
  const cache = new ResponseCache(ROWS);
  const map = new Map<string, unknown>();
  const until = Math.floor(Date.now() / 1000) + 3600;
  const key = latin1(request);
  const answer: CachedAnswer = {
    body: Buffer.alloc(1_400),
    fields: [],
    etag: "",
    lastModified: 0,
    freshUntil: until,
    validUntil: until,
    rows: ["row"],
    hash: "sha1",
    used: false,
  };
  for (let i = 0; i < ROWS; i++) cache.set(`${key}${i}`, answer);
  cache.set(key, answer);
  for (let i = 0; i < ROWS; i++) map.set(`${key}${i}`, answer);
  map.set(key, answer);
  return {
    what: "look up a kept answer",
    ours: () => cache.get(latin1(request), until - 60),
    others: [{ name: "bare Map", run: () => map.get(request.toString("latin1")) }],
  };
}

async function storeCases(dir: string, atEnd: BenchContext["atEnd"]): Promise<Case[]> {
  const writer = openWriter(dir);
  for (let i = 0; i < ROWS; i += 1_000)
    await change(writer, ...Array.from({ length: 1_000 }, (_, j) => issue(0x10_000_000 + i + j)));
  const reader = openReader(dir);
  atEnd(() => writer.close());
  let n = 0;
  const row = {
    what: "read a status row",
    ours: () => reader.row(1, serialOf(0x10_000_000 + (n++ % ROWS))),
    others: [{ name: "making the serial alone", run: () => serialOf(0x10_000_000 + (n++ % ROWS)) }],
  };
  const { bindings } = loadBindings();
  if (bindings === undefined) return [row];
  const position = mappedPosition(bindings.mapFile(positionPath(dir), POSITION_OCTETS, false));
  const readHead = () => {
    reader.refresh();
    return reader.head().position;
  };
  return [
    row,
    { what: "journal position", ours: position, others: [{ name: "LMDB", run: readHead, atMost: 1 / 1.2 }] },
    {
      what: "time since boot",
      ours: () => bindings.bootMilliseconds(),
      others: [{ name: "os.uptime", run: uptime, atMost: 1 / 1.2 }],
    },
  ];
}

function entryCase(): Case {
  const encoder = new EntryEncoder();
  const serial = Buffer.concat([Buffer.of(0x41), randomBytes(15)]);
  const revocationDate = Math.floor(Date.now() / 1000);
  const entry = {
    bytes: serial,
    serialStart: 0,
    serialStop: 16,
    revocationDate,
    reasonCode: 1,
    invalidityDate: 0,
  };
  const out = Buffer.alloc(128);
  const reason = new CRLReason(CRLReasons.keyCompromise);
  const theirs = new RevokedCertificate({
    userCertificate: asBuffer(serial).buffer.slice(serial.byteOffset, serial.byteOffset + 16) as ArrayBuffer,
    revocationDate: new Time(new Date(revocationDate * 1000)),
    crlEntryExtensions: [
      new Extension({
        extnID: id_ce_cRLReasons,
        critical: false,
        extnValue: new OctetString(AsnConvert.serialize(reason)),
      }),
    ],
  });
  const schema = new pkijs.RevokedCertificate({ schema: fromBER(AsnConvert.serialize(theirs)).result });
  return {
    what: "write a CRL entry",
    ours: () => encoder.write(out, 0, entry),
    others: [
      { name: "@peculiar/asn1-x509", run: () => AsnConvert.serialize(theirs), atMost: 0.1 },
      { name: "pkijs", run: () => schema.toSchema().toBER(), atMost: 0.1 },
    ],
  };
}
