import fc from "fast-check";
import { RowCursor, type RowFacts, RowPacker } from "../../src/store/imported-rows.js";

/** A row that is packed, with its serial in hexadecimal. */
export interface PackedRow extends RowFacts {
  readonly serial: string;
}

/** Magnitudes of serial numbers: 1 to 20 octets, none in front that is zero. */
export const anySerial = fc
  .tuple(fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 19 }))
  .map(([first, rest]) => Uint8Array.from([first, ...rest]));

const time = fc.integer({ min: 0, max: 2 ** 40 - 1 });

export const anyFacts: fc.Arbitrary<RowFacts> = fc.oneof(
  time.map((notAfter) => ({
    state: "good" as const,
    notAfter,
    reason: 0,
    revocationTime: 0,
    invalidityDate: 0,
  })),
  fc.record(
    {
      state: fc.constantFrom("revoked" as const, "held" as const),
      notAfter: time,
      reason: fc.nat({ max: 255 }),
      revocationTime: time,
      invalidityDate: time,
    },
    { noNullPrototype: true },
  ),
);

/** Rows of different serials, in any order. Short serials and long ones with a common start are among them. */
export const anyRows = (maxLength: number): fc.Arbitrary<PackedRow[]> =>
  fc
    .uniqueArray(
      fc.tuple(
        fc.oneof(
          anySerial,
          fc.uint8Array({ maxLength: 12 }).map((rest) => Uint8Array.of(0x80, 1, 2, 3, 4, 5, 6, ...rest)),
        ),
        anyFacts,
      ),
      { minLength: 1, maxLength, selector: ([serial]) => Buffer.from(serial).toString("hex") },
    )
    .map((rows) =>
      rows.map(([serial, facts]) => ({ serial: Buffer.from(serial).toString("hex"), ...facts })),
    );

export function packRows(rows: readonly PackedRow[]): RowPacker {
  const packer = new RowPacker();
  for (const { serial, ...facts } of rows) packer.add(Buffer.from(serial, "hex"), facts);
  return packer;
}

/** One piece of packed rows. */
export function pack(rows: readonly PackedRow[]): Buffer {
  const [piece] = packRows(rows).pieces(rows.length);
  return piece as Buffer;
}

export function unpack(bytes: Buffer): PackedRow[] {
  const cursor = new RowCursor(bytes);
  const rows: PackedRow[] = [];
  while (cursor.next()) {
    const { state, notAfter, reason, revocationTime, invalidityDate } = cursor;
    const serial = bytes.toString("hex", cursor.start + 1, cursor.serialEnd);
    rows.push({ serial, state, notAfter, reason, revocationTime, invalidityDate });
  }
  return rows;
}

/** As numbers, which is the order of row keys. */
export const bySerial = (a: PackedRow, b: PackedRow): number =>
  a.serial.length - b.serial.length || (a.serial < b.serial ? -1 : 1);
