/** Identifier octets (X.690 8.1.2) of the types in use. */
export const TAG = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OID: 0x06,
  ENUMERATED: 0x0a,
  UTF8_STRING: 0x0c,
  PRINTABLE_STRING: 0x13,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** [n] constructed, context class: EXPLICIT tags and IMPLICIT tags of constructed types. */
export const contextConstructed = (n: number): number => 0xa0 | n;

/** [n] primitive, context class: IMPLICIT tags of primitive types. */
export const contextPrimitive = (n: number): number => 0x80 | n;
