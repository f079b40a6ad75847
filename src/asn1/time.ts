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

/** The letter that ends a time in UTC. */
const Z = 0x5a;

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
  const wellFormed = known && stop - start === yearDigits + 11;
  const seconds = wellFormed ? secondsOf(readYear(bytes, start, yearDigits), bytes, start + yearDigits) : NaN;
  if (Number.isNaN(seconds)) throw new DerError("time-invalid", header);
  return seconds;
}

/** Unix seconds of the UTCTime whose 13 content octets start at `at`; NaN if it is none. */
export function utcTimeAt(bytes: Uint8Array, at: number): number {
  return secondsOf(readYear(bytes, at, 2), bytes, at + 2);
}

/** Unix seconds of a year and the `MMDDHHMMSSZ` at `at`; NaN if there is no such time. */
function secondsOf(year: number, bytes: Uint8Array, at: number): number {
  const month = twoDigits(bytes, at);
  const day = twoDigits(bytes, at + 2);
  const hour = twoDigits(bytes, at + 4);
  const minute = twoDigits(bytes, at + 6);
  const second = twoDigits(bytes, at + 8);
  const dateExists = year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  if (!(dateExists && hour <= 23 && minute <= 59 && second <= 59 && bytes[at + 10] === Z)) return NaN;
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

/**
 * Days from 1970-01-01. Years are counted from March, so that the leap day is the last day of its year, and from 400
 * years before the first one, so that all divisions are of positive integers.
 */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const marchYear = (month > 2 ? year : year - 1) + 400;
  const monthsSinceMarch = (month + 9) % 12;
  const leapDays = ((marchYear / 4) | 0) - ((marchYear / 100) | 0) + ((marchYear / 400) | 0);
  const dayOfYear = (((153 * monthsSinceMarch + 2) / 5) | 0) + day - 1;
  return marchYear * 365 + leapDays + dayOfYear - 865_565;
}
