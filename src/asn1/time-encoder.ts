import { TAG } from "./tags.js";
import { MAX_TIME } from "./time.js";

const DAY = 86_400;
const YEAR_2050 = Date.UTC(2050, 0, 1) / 1000;
const ZERO = 0x30;

/** Bytes of an encoded UTCTime or GeneralizedTime by RFC 5280 4.1.2.5 (UTCTime through 2049). */
export const timeLength = (seconds: number): number => (seconds < YEAR_2050 ? 15 : GENERALIZED_TIME_LENGTH);

/** Bytes of an encoded GeneralizedTime. */
export const GENERALIZED_TIME_LENGTH = 17;

/**
 * Writes times without allocating, for lists of millions: the digits of a day are kept, since neighbours tend to
 * share it, and the time of day is arithmetic. Same bytes as `time` and `generalizedTime` in time.ts.
 * Throws RangeError on anything but whole seconds from 1970 to 9999.
 */
export class TimeEncoder {
  private day = -1;
  /** `YYYYMMDD` of `day`. */
  private readonly digits = new Uint8Array(8);

  /** Writes UTCTime through 2049, GeneralizedTime from 2050; returns the offset after it. */
  writeTime(out: Uint8Array, at: number, seconds: number): number {
    if (seconds >= YEAR_2050) return this.writeGeneralizedTime(out, at, seconds);
    this.select(seconds);
    out[at] = TAG.UTC_TIME;
    out[at + 1] = 13;
    return this.writeText(out, at + 2, seconds, 2);
  }

  /** Writes GeneralizedTime; returns the offset after it. */
  writeGeneralizedTime(out: Uint8Array, at: number, seconds: number): number {
    this.select(seconds);
    out[at] = TAG.GENERALIZED_TIME;
    out[at + 1] = 15;
    return this.writeText(out, at + 2, seconds, 0);
  }

  private select(seconds: number): void {
    if (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_TIME)
      throw new RangeError(`not a time: ${seconds}`);
    const day = Math.floor(seconds / DAY);
    if (day === this.day) return;
    const date = new Date(day * DAY * 1000);
    writeDecimal(this.digits, 0, Math.floor(date.getUTCFullYear() / 100));
    writeDecimal(this.digits, 2, date.getUTCFullYear() % 100);
    writeDecimal(this.digits, 4, date.getUTCMonth() + 1);
    writeDecimal(this.digits, 6, date.getUTCDate());
    this.day = day;
  }

  private writeText(out: Uint8Array, at: number, seconds: number, skip: number): number {
    for (let i = skip; i < 8; i++) out[at++] = this.digits[i] as number;
    const time = seconds - this.day * DAY;
    writeDecimal(out, at, (time / 3600) | 0);
    writeDecimal(out, at + 2, ((time / 60) | 0) % 60);
    writeDecimal(out, at + 4, time % 60);
    out[at + 6] = 0x5a;
    return at + 7;
  }
}

/** Two decimal digits of a number below 100. */
function writeDecimal(out: Uint8Array, at: number, value: number): void {
  const tens = (value / 10) | 0;
  out[at] = ZERO + tens;
  out[at + 1] = ZERO + value - tens * 10;
}
