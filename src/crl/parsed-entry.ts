import { DerError, type DerReader } from "../asn1/reader.js";
import { TAG } from "../asn1/tags.js";
import { readGeneralizedTime, readTime, utcTimeAt } from "../asn1/time.js";
import { SekishoError } from "../core/errors.js";
import type { RevokedEntry } from "./entry.js";
import { ExtensionCursor } from "./extension-cursor.js";
import { isWrongTimeType } from "./header.js";

/** Serials longer than this are refused (standards P8). */
const MAX_SERIAL_OCTETS = 64;

/** Header and content of a UTCTime. */
const UTC_TIME_LENGTH = 15;

const PLAIN_MIN_LENGTH = UTC_TIME_LENGTH + 5;

/** A reasonCode as the only extension, up to its one octet: SEQUENCE { SEQUENCE { 2.5.29.21, OCTET STRING { ENUMERATED. */
const PLAIN_REASON = Uint8Array.of(
  ...[0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01],
);
const PLAIN_REASON_LENGTH = PLAIN_REASON.length + 1;

/** Last octets of the id-ce OIDs of entry extensions (RFC 5280 5.3). */
const REASON_CODE = 21;
const INVALIDITY_DATE = 24;
const CERTIFICATE_ISSUER = 29;

/**
 * The entry that was read last. One object is used for all: it and the bytes it borrows are valid until the next one
 * is read. A negative serial has its two's complement octets, zero has none.
 */
export class ParsedEntry implements RevokedEntry {
  readonly bytes: Uint8Array;
  /** The whole entry in `bytes`. */
  start = 0;
  stop = 0;
  serialStart = 0;
  serialStop = 0;
  serialNegative = false;
  revocationDate = 0;
  revocationDateWrongType = false;
  reasonCode = 0;
  reasonCodePresent = false;
  reasonCodeCritical = false;
  invalidityDate = 0;
  invalidityDateCritical = false;
  duplicateExtensions = false;
  /** True if the entry has extensions. */
  extended = false;
  /** DER GeneralNames of certificateIssuer, of this entry or an earlier one (RFC 5280 5.3.3); undefined is the CRL's issuer. */
  certificateIssuer: Uint8Array | undefined;
  private readonly reader: DerReader;
  private readonly extensions: ExtensionCursor;

  constructor(reader: DerReader) {
    this.bytes = reader.bytes;
    this.reader = reader;
    this.extensions = new ExtensionCursor(reader);
  }

  /** The serial's octets, borrowed. */
  get serial(): Uint8Array {
    return this.bytes.subarray(this.serialStart, this.serialStop);
  }

  /** Reads the reader's next element. Throws DerError, or SekishoError CRL_INVALID on an unknown critical extension. */
  read(): void {
    if (!this.readPlain()) this.readAny();
  }

  /** `read` for an element of any form. */
  readAny(): void {
    const { reader } = this;
    const end = reader.enter(TAG.SEQUENCE);
    this.clear(reader.header, reader.stop);
    this.readSerial();
    this.revocationDate = readTime(reader);
    this.revocationDateWrongType = isWrongTimeType(reader.tag, this.revocationDate);
    this.extended = reader.more;
    if (this.extended) this.readExtensions();
    reader.leave(end);
  }

  /**
   * Reads the next entry if it looks as nearly all do: a positive serial, UTCTime, and no extension or a reasonCode that
   * is not critical. Any other one, good or bad, is left to `readAny`: false, and nothing was read. For speed; the
   * two agree on every entry. Offsets are calculated before they are checked: bytes outside the window decide nothing.
   */
  private readPlain(): boolean {
    const { bytes, reader } = this;
    const { position: start, end } = reader;
    if (end - start < PLAIN_MIN_LENGTH) return false;
    const stop = start + 2 + (bytes[start + 1] as number);
    const serialAt = start + 4;
    const serialLength = bytes[start + 3] as number;
    const dateAt = serialAt + serialLength;
    const extensionsAt = dateAt + UTC_TIME_LENGTH;
    const extended = extensionsAt !== stop;
    if (stop > end || serialLength > MAX_SERIAL_OCTETS) return false;
    if (extended && (extensionsAt + PLAIN_REASON_LENGTH !== stop || !isPlainReason(bytes, extensionsAt)))
      return false;
    if (bytes[start] !== TAG.SEQUENCE || bytes[start + 2] !== TAG.INTEGER) return false;
    if (bytes[dateAt] !== TAG.UTC_TIME || bytes[dateAt + 1] !== UTC_TIME_LENGTH - 2) return false;
    const signOctets = signOctetsOf(bytes, serialAt, serialLength);
    const revocationDate = utcTimeAt(bytes, dateAt + 2);
    if (signOctets < 0 || Number.isNaN(revocationDate)) return false;
    this.clear(start, stop);
    this.serialStart = serialAt + signOctets;
    this.serialStop = dateAt;
    this.revocationDate = revocationDate;
    this.extended = extended;
    this.reasonCodePresent = extended;
    this.reasonCode = extended ? (bytes[stop - 1] as number) : 0;
    reader.position = stop;
    return true;
  }

  /** Forgets the entry before, except its certificateIssuer, for the one at `start`..`stop`. */
  private clear(start: number, stop: number): void {
    this.start = start;
    this.stop = stop;
    this.serialNegative = false;
    this.revocationDateWrongType = false;
    this.reasonCode = 0;
    this.reasonCodePresent = false;
    this.reasonCodeCritical = false;
    this.invalidityDate = 0;
    this.invalidityDateCritical = false;
    this.duplicateExtensions = false;
  }

  private readSerial(): void {
    const { reader } = this;
    reader.integer();
    if (reader.stop - reader.start > MAX_SERIAL_OCTETS)
      throw new DerError("integer-out-of-range", reader.header);
    const first = reader.bytes[reader.start] as number;
    this.serialNegative = first >= 0x80;
    this.serialStart = first === 0 ? reader.start + 1 : reader.start;
    this.serialStop = reader.stop;
  }

  private readExtensions(): void {
    const { extensions } = this;
    extensions.open();
    while (extensions.next()) {
      this.readExtension(extensions);
      extensions.leave();
    }
    this.duplicateExtensions = extensions.duplicates;
  }

  private readExtension(extension: ExtensionCursor): void {
    const { reader } = this;
    switch (extension.idCe) {
      case REASON_CODE:
        this.reasonCode = reader.smallInteger(TAG.ENUMERATED);
        this.reasonCodePresent = true;
        this.reasonCodeCritical = extension.critical;
        break;
      case INVALIDITY_DATE:
        this.invalidityDate = readGeneralizedTime(reader);
        this.invalidityDateCritical = extension.critical;
        break;
      case CERTIFICATE_ISSUER:
        this.certificateIssuer = readGeneralNames(reader);
        break;
      default:
        if (extension.critical)
          throw new SekishoError("CRL_INVALID", "an entry has a critical extension that is not known");
        extension.skip();
    }
  }
}

/** Octets before the magnitude of a positive INTEGER, 0 or 1; -1 if it is none, or not minimal. */
function signOctetsOf(bytes: Uint8Array, at: number, length: number): number {
  const first = bytes[at] as number;
  if (length === 0 || first >= 0x80) return -1;
  if (first > 0) return 0;
  return length > 1 && (bytes[at + 1] as number) >= 0x80 ? 1 : -1;
}

function isPlainReason(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < PLAIN_REASON.length; i++) if (bytes[at + i] !== PLAIN_REASON[i]) return false;
  return (bytes[at + PLAIN_REASON.length] as number) < 0x80;
}

/** GeneralNames of at least one name, as DER (RFC 5280 4.2.1.6). */
function readGeneralNames(reader: DerReader): Uint8Array {
  const end = reader.enter(TAG.SEQUENCE);
  const names = reader.element().slice();
  if (!reader.more) throw new DerError("truncated", reader.position);
  while (reader.more) reader.any();
  reader.leave(end);
  return names;
}
