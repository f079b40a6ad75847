import { DerError, type DerReader } from "./reader.js";
import { TAG } from "./tags.js";
import { type Der, primitive } from "./writer.js";

/** Seconds since 1970 of 2050-01-01: from here on RFC 5280 4.1.2.5 wants GeneralizedTime instead of UTCTime. */
const YEAR_2050 = Date.UTC(2050, 0, 1) / 1000;

/** The largest time that GeneralizedTime can say, in unix seconds. */
export const MAX_TIME = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

/** `YYYYMMDDHHMMSSZ` of a unix time in seconds (RFC 5280 4.1.2.5.2: UTC, seconds present, no fraction). */
export function generalizedTimeText(seconds: number): string {
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_TIME)
    throw new RangeError(`not a time: ${seconds}`);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
}

export function generalizedTime(seconds: number): Der {
  return primitive(TAG.GENERALIZED_TIME, Buffer.from(generalizedTimeText(seconds), "latin1"));
}

/** Time by RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050. */
export function time(seconds: number): Der {
  if (seconds >= YEAR_2050) return generalizedTime(seconds);
  return primitive(TAG.UTC_TIME, Buffer.from(generalizedTimeText(seconds).slice(2), "latin1"));
}

const decimal = (bytes: Uint8Array, at: number, digits: number): number => {
  let value = 0;
  for (let i = at; i < at + digits; i++) {
    const digit = (bytes[i] as number) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
};

/** Reads UTCTime or GeneralizedTime in the one form DER and RFC 5280 allow. Returns unix seconds (negative before 1970). */
export function readTime(reader: DerReader): number {
  reader.any();
  const { bytes, tag, start, stop, header } = reader;
  const yearDigits = tag === TAG.UTC_TIME ? 2 : 4;
  const known = tag === TAG.UTC_TIME || tag === TAG.GENERALIZED_TIME;
  if (!known || stop - start !== yearDigits + 11 || bytes[stop - 1] !== 0x5a)
    throw new DerError("time-invalid", header);
  let year = decimal(bytes, start, yearDigits);
  if (tag === TAG.UTC_TIME) year += year >= 50 ? 1900 : 2000;
  const at = start + yearDigits;
  const [month, day, hour, minute, second] = [0, 2, 4, 6, 8].map((offset) =>
    decimal(bytes, at + offset, 2),
  ) as [number, number, number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  // Date carries 31 February over into March; only a time that reads back the same was written right.
  const same =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  if (!same) throw new DerError("time-invalid", header);
  return date.getTime() / 1000;
}
