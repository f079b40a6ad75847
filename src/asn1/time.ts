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

/** Stands for two octets that are no digits: it makes every field, and every year, too large. */
const NO_DIGITS = 1_000_000;

function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - 0x30;
  const ones = (bytes[at + 1] as number) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NO_DIGITS;
}

/**
 * Reads UTCTime or GeneralizedTime in the one form DER and RFC 5280 allow. Returns unix seconds (negative before 1970).
 * Allocates nothing: a CRL has a million of them.
 */
export function readTime(reader: DerReader): number {
  reader.any();
  const { bytes, tag, start, stop, header } = reader;
  const yearDigits = tag === TAG.UTC_TIME ? 2 : 4;
  const known = tag === TAG.UTC_TIME || tag === TAG.GENERALIZED_TIME;
  if (!known || stop - start !== yearDigits + 11 || bytes[stop - 1] !== 0x5a)
    throw new DerError("time-invalid", header);
  const year = readYear(bytes, start, yearDigits);
  const at = start + yearDigits;
  const month = twoDigits(bytes, at);
  const day = twoDigits(bytes, at + 2);
  const hour = twoDigits(bytes, at + 4);
  const minute = twoDigits(bytes, at + 6);
  const second = twoDigits(bytes, at + 8);
  const dateExists = year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  if (!(dateExists && hour <= 23 && minute <= 59 && second <= 59)) throw new DerError("time-invalid", header);
  return daysSinceEpoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
}

/** `readTime` where only GeneralizedTime is allowed. */
export function readGeneralizedTime(reader: DerReader): number {
  if (reader.peek() !== TAG.GENERALIZED_TIME) throw new DerError("time-invalid", reader.position);
  return readTime(reader);
}

function readYear(bytes: Uint8Array, at: number, digits: number): number {
  const first = twoDigits(bytes, at);
  if (digits === 4) return first * 100 + twoDigits(bytes, at + 2);
  return first + (first >= 50 ? 1900 : 2000);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 1970-01-01. Years are counted from March, so that the leap day is the last day of its year. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const monthsSinceMarch = (month + 9) % 12;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  const dayOfYear = Math.floor((153 * monthsSinceMarch + 2) / 5) + day - 1;
  return marchYear * 365 + leapDays + dayOfYear - 719_468;
}
