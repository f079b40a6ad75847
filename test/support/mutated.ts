import fc from "fast-check";

/** The bytes with a few octets changed, put in or taken out, or cut short: near enough to pass the first checks. */
export function mutated(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const place = fc.nat({ max: Math.max(bytes.length - 1, 0) });
  // Octets that mean something in identifier and length octets, and any other.
  const octet = fc.oneof(
    fc.constantFrom(0x00, 0x01, 0x1f, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff, 0x30, 0x24),
    fc.nat({ max: 255 }),
  );
  const change = fc.tuple(fc.constantFrom("replace", "insert", "remove", "cut"), place, octet);
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const out = [...bytes];
    for (const [kind, at, value] of changes) {
      if (kind === "replace") out[at] = value;
      else if (kind === "insert") out.splice(at, 0, value);
      else out.splice(at, kind === "remove" ? 1 : out.length);
    }
    return Uint8Array.from(out);
  });
}
