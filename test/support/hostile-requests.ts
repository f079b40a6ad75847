import { createHash } from "node:crypto";
import { OID, oid } from "../../src/asn1/oid.js";
import { contextConstructed, TAG } from "../../src/asn1/tags.js";
import {
  constructed,
  type Der,
  encode,
  encoded,
  integer,
  nullValue,
  octetString,
  primitive,
  sequence,
} from "../../src/asn1/writer.js";
import { CERT_ID_HASHES, type CertIDHash } from "../../src/ocsp/request.js";
import type { Certificate } from "../../src/x509/certificate.js";
import type { Random } from "../fault/schedules/random.js";
import { extension, nonce } from "./ocsp-request.js";

/**
 * OCSP requests by a grammar, valid and broken, each with the answers that standards P allow. "0" to "6" are OCSP
 * statuses; "400" and so on HTTP statuses without an OCSP answer.
 */
export interface HostileRequest {
  readonly der: Uint8Array;
  /** Which rule made it. */
  readonly rule: string;
  readonly allowed: readonly string[];
}

/** Status of a request that is in order: signed, or put off under load; unsigned for what is not ours. */
const OURS = ["0", "3"];
const MALFORMED = ["1"];
const FOREIGN = ["6"];
/** Overload takes unknown serials first. */
const NOBODYS = ["0", "3", "6"];

export class HostileRequests {
  constructor(
    private readonly issuer: Certificate,
    private readonly issued: Uint8Array,
    private readonly random: Random,
  ) {}

  next(): HostileRequest {
    const rules = Object.keys(RULES) as (keyof typeof RULES)[];
    const rule = this.random.pick(rules);
    const [der, allowed] = RULES[rule](this);
    return { rule, der: der instanceof Uint8Array ? der : encode(der), allowed };
  }

  int(below: number): number {
    return this.random.int(below);
  }

  octets(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.random.int(256)));
  }

  pick<T>(values: readonly T[]): T {
    return this.random.pick(values);
  }

  serial(): Der {
    return primitive(TAG.INTEGER, this.random.chance(0.5) ? signed(this.issued) : positive(this.octets(12)));
  }

  certID(
    parts: { hash?: CertIDHash; serial?: Der; nameHash?: Uint8Array; parameters?: Der | undefined } = {},
  ): Der {
    const hash = parts.hash ?? this.pick(CERT_ID_HASHES);
    const digest = (bytes: Uint8Array): Buffer => createHash(hash).update(bytes).digest();
    const parameters =
      "parameters" in parts ? parts.parameters : this.random.chance(0.5) ? nullValue : undefined;
    return sequence(
      sequence(oid(OID[hash]), parameters),
      octetString(parts.nameHash ?? digest(this.issuer.subjectName)),
      octetString(digest(this.issuer.subjectPublicKeyBits)),
      parts.serial ?? this.serial(),
    );
  }

  /** A request in order, but for what is given. */
  request(parts: { list?: Der; extensions?: readonly Der[]; version?: Der; tail?: Der } = {}): Der {
    const { version, tail } = parts;
    const list = parts.list ?? sequence(sequence(this.certID()));
    const extensions =
      parts.extensions === undefined
        ? undefined
        : constructed(contextConstructed(2), sequence(...parts.extensions));
    return sequence(sequence(version, list, extensions), tail);
  }
}

/** INTEGER content of a magnitude. */
const signed = (magnitude: Uint8Array): Uint8Array =>
  (magnitude[0] as number) < 0x80 ? magnitude : Buffer.concat([Buffer.of(0), magnitude]);
const positive = (magnitude: Uint8Array): Uint8Array => Buffer.concat([Buffer.of(1), magnitude.subarray(1)]);
const version = (number: number): Der => constructed(contextConstructed(0), integer(number));
const count = (n: number, make: (i: number) => Der): Der[] => Array.from({ length: n }, (_, i) => make(i));

type Rule = (of: HostileRequests) => readonly [Der | Uint8Array, readonly string[]];

/** One rule a row of standards P, by its number. */
const RULES = {
  "valid: one or several CertIDs": (of) => [
    of.request({ list: sequence(...count(1 + of.int(16), () => sequence(of.certID()))) }),
    NOBODYS,
  ],
  "valid: nonce of 1 to 128 octets": (of) => [of.request({ extensions: [nonce(1 + of.int(128))] }), NOBODYS],
  "P5 explicit default version": (of) => [of.request({ version: version(0) }), NOBODYS],
  "A7 unknown extension, not critical": (of) => [
    of.request({ extensions: [extension("1.2.3.4", of.octets(9))] }),
    NOBODYS,
  ],
  "P1 not ASN.1": (of) => [of.octets(1 + of.int(200)).fill(of.pick([0x00, 0x31, 0xff]), 0, 1), MALFORMED],
  "P2 indefinite length": (of) => {
    const content = encode(of.request()).subarray(2);
    return [Buffer.concat([Buffer.of(0x30, 0x80), content, Buffer.of(0, 0)]), MALFORMED];
  },
  "P3 length that is not minimal, or beyond the end": (of) => {
    const content = encode(of.request());
    const body = content.subarray(content[1] === 0x81 ? 3 : content[1] === 0x82 ? 4 : 2);
    const header = of.pick([
      Buffer.of(0x30, 0x84, 0, 0, body.length >> 8, body.length & 255),
      Buffer.of(0x30, 0x84, 0x7f, 0xff, 0xff, 0xff),
      Buffer.of(0x30, 0x88, 1, 0, 0, 0, 0, 0, 0, 0),
    ]);
    return [Buffer.concat([header, body]), MALFORMED];
  },
  "P4 trailing bytes": (of) => [Buffer.concat([encode(of.request()), of.octets(1 + of.int(8))]), MALFORMED],
  "P4 truncated": (of) => {
    const whole = encode(of.request());
    return [whole.subarray(0, 1 + of.int(whole.length - 1)), MALFORMED];
  },
  "A1 unknown version": (of) => [of.request({ version: version(1 + of.int(100)) }), MALFORMED],
  "P6 more than 64 extensions": (of) => [
    of.request({ extensions: count(65, (i) => extension(`1.2.3.${i}`, of.octets(1))) }),
    MALFORMED,
  ],
  "P6 nested too deep": (of) => {
    let deep: Der = nullValue;
    for (let i = 0; i < 40 + of.int(200); i++) deep = sequence(deep);
    return [sequence(deep), MALFORMED];
  },
  "P7 no request, or too many": (of) => [
    of.request({ list: sequence(...count(of.pick([0, 17, 200]), () => sequence(of.certID()))) }),
    MALFORMED,
  ],
  "P8 serial zero or negative": (of) => [
    of.request({
      list: sequence(
        sequence(of.certID({ serial: primitive(TAG.INTEGER, Buffer.of(of.pick([0, 0x80, 0xff]))) })),
      ),
    }),
    NOBODYS,
  ],
  "P8 serial not minimal, or over 64 octets": (of) => {
    const content = of.pick([Buffer.of(0, 1), Buffer.of(0xff, 0x80), Buffer.alloc(65, 1), Buffer.alloc(0)]);
    return [
      of.request({ list: sequence(sequence(of.certID({ serial: primitive(TAG.INTEGER, content) }))) }),
      MALFORMED,
    ];
  },
  "P9 hash of a wrong length": (of) => [
    of.request({
      list: sequence(sequence(of.certID({ nameHash: of.octets(of.pick([0, 19, 21, 100])), hash: "sha1" }))),
    }),
    MALFORMED,
  ],
  "P10 an issuer that is not ours": (of) => [
    of.request({ list: sequence(sequence(of.certID({ hash: "sha256", nameHash: of.octets(32) }))) }),
    FOREIGN,
  ],
  "A12 mixed issuers": (of) => [
    of.request({
      list: sequence(sequence(of.certID()), sequence(of.certID({ hash: "sha1", nameHash: of.octets(20) }))),
    }),
    FOREIGN,
  ],
  "P11 nonce empty, too long, or no OCTET STRING": (of) => [
    of.request({
      extensions: [
        of.pick([nonce(0), nonce(129), extension(OID.idPkixOcspNonce, of.octets(16).fill(0x05, 0, 1))]),
      ],
    }),
    MALFORMED,
  ],
  "P12 unknown critical, duplicate or no extension": (of) => [
    of.request({
      extensions: of.pick([[extension("1.2.3.4", of.octets(4), true)], [nonce(20), nonce(21)], []]),
    }),
    MALFORMED,
  ],
  "P13 a signature's certificates without end": (of) => {
    const certificates = constructed(contextConstructed(0), sequence(...count(6, () => sequence())));
    const signature = sequence(
      sequence(oid(OID.sha256WithRSAEncryption)),
      primitive(TAG.BIT_STRING, Buffer.of(0, 1)),
      certificates,
    );
    return [of.request({ tail: constructed(contextConstructed(0), signature) }), MALFORMED];
  },
  "P14 no basic response acceptable": (of) => [
    of.request({ extensions: [extension(OID.idPkixOcspResponse, sequence(oid("1.2.3.4")))] }),
    MALFORMED,
  ],
  "any octets changed": (of) => {
    const bytes = Buffer.from(encode(of.request({ extensions: [nonce(16)] })));
    for (let i = 0; i <= of.int(4); i++) bytes[of.int(bytes.length)] = of.int(256);
    return [bytes, [...OURS, ...MALFORMED, ...FOREIGN]];
  },
  "any octets within": (of) => {
    const inner = encoded(of.octets(of.int(300)));
    return [
      of.pick([sequence(inner), sequence(sequence(inner)), of.request({ list: sequence(inner) })]),
      [...MALFORMED, ...FOREIGN],
    ];
  },
} as const satisfies Record<string, Rule>;
