import { DerError, type DerReader } from "../asn1/reader.js";
import { TAG } from "../asn1/tags.js";
import { readGeneralizedTime, readTime } from "../asn1/time.js";
import { SekishoError } from "../core/errors.js";
import type { RevokedEntry } from "./entry.js";
import { ExtensionCursor } from "./extension-cursor.js";
import { isWrongTimeType } from "./header.js";

/** Serials longer than this are refused (standards P8). */
const MAX_SERIAL_OCTETS = 64;

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
    const { reader } = this;
    const end = reader.enter(TAG.SEQUENCE);
    this.start = reader.header;
    this.stop = reader.stop;
    this.readSerial();
    this.revocationDate = readTime(reader);
    this.revocationDateWrongType = isWrongTimeType(reader.tag, this.revocationDate);
    this.reasonCode = 0;
    this.reasonCodePresent = false;
    this.reasonCodeCritical = false;
    this.invalidityDate = 0;
    this.invalidityDateCritical = false;
    this.duplicateExtensions = false;
    this.extended = reader.more;
    if (this.extended) this.readExtensions();
    reader.leave(end);
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

/** GeneralNames of at least one name, as DER (RFC 5280 4.2.1.6). */
function readGeneralNames(reader: DerReader): Uint8Array {
  const end = reader.enter(TAG.SEQUENCE);
  const names = reader.element().slice();
  if (!reader.more) throw new DerError("truncated", reader.position);
  while (reader.more) reader.any();
  reader.leave(end);
  return names;
}
