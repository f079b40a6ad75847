import { encodeFrame } from "../../../src/control/frame.js";
import { encodeHello, encodeReply, encodeRequest } from "../../../src/control/protocol.js";
import { encodeCheckpoint } from "../../../src/store/checkpoint-record.js";
import { encodeRecord, type JournalBody } from "../../../src/store/journal-record.js";
import { encodeRow } from "../../../src/store/layout.js";
import { CODECS } from "../targets/record.js";

const octets = (length: number, value = 7): Buffer => Buffer.alloc(length, value);

const SERIAL = Buffer.of(0x12, 0x34);

const BODIES: readonly JournalBody[] = [
  {
    kind: "changes",
    changes: [
      {
        op: "issue",
        issuer: 1,
        serial: SERIAL,
        notAfter: 2_000_000_000,
        shard: 0,
        certificateHash: octets(32),
      },
      {
        op: "status",
        issuer: 1,
        serial: SERIAL,
        state: "revoked",
        reason: 1,
        revocationTime: 1,
        invalidityDate: 0,
      },
    ],
  },
  { kind: "issuer", issuer: 1, id: "root", certificate: octets(40) },
  { kind: "delegate", issuer: 1, serial: SERIAL, certificate: octets(40) },
  {
    kind: "crl",
    issuer: 1,
    scope: 0,
    number: 5,
    base: 4,
    cause: "schedule",
    thisUpdate: 1,
    nextUpdate: 2,
    covers: 3,
    entries: 1,
    octets: 300,
    digest: octets(32),
  },
  { kind: "compromise", issuer: 1, since: 1_900_000_000 },
];

/** One input of each kind of record and message, with its decoder's number in front. */
export function records(): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const put = (name: string, codec: string, bytes: Uint8Array): void => {
    found.set(name, Buffer.concat([Buffer.of(CODECS.findIndex((each) => each.name === codec)), bytes]));
  };
  for (const body of BODIES)
    put(
      `journal-${body.kind}`,
      "journal",
      encodeRecord({ position: 9, timeMs: 1_800_000_000_000, previous: octets(32), body }),
    );
  for (const state of ["good", "revoked", "held"] as const)
    put(
      `row-${state}`,
      "row",
      encodeRow({
        state,
        reason: 0,
        shard: 1,
        revocationTime: 2,
        invalidityDate: 3,
        notAfter: 4,
        position: 5,
        synthetic: false,
      }),
    );
  put(
    "checkpoint",
    "checkpoint",
    encodeCheckpoint({ timeMs: 1, subjectPublicKeyInfo: octets(91), signature: octets(70) }),
  );
  put("hello", "hello", encodeHello({ installation: octets(16), challenge: octets(32) }));
  const request = encodeRequest({
    operator: "alice",
    counter: 1n,
    signature: octets(64),
    request: Buffer.from("{}"),
  });
  put("envelope", "envelope", request);
  put("reply", "reply", encodeReply({ counter: 1n, status: "result", body: Buffer.from("{}") }));
  put(
    "frames",
    "frames",
    Buffer.concat([encodeFrame(request), encodeFrame(Buffer.from("{}")), Buffer.of(0, 0, 1)]),
  );
  return found;
}
