import type { KeyObject } from "node:crypto";
import { bytesEqual } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import type { EntrySource } from "./entry-merge.js";
import type { ParsedEntry } from "./parsed-entry.js";
import { CrlStreamParser, type ParsedCrl } from "./stream-parser.js";
import { TbsVerifier } from "./tbs-verifier.js";

/** A CertificateList that was read to its end. */
export interface SignedCrl extends ParsedCrl {
  readonly envelope: NonNullable<ParsedCrl["envelope"]>;
  /** Whether the given key made the signature; undefined without a key. */
  readonly signatureValid: boolean | undefined;
}

export interface ReadCrlOptions {
  /** Key to verify the signature with. */
  readonly publicKey?: KeyObject;
  /** Sees each entry; the object is used again for the next one. */
  readonly onEntry?: (entry: ParsedEntry) => void;
}

/**
 * Reads a CertificateList in constant memory. Throws SekishoError CRL_INVALID on everything `CrlStreamParser` refuses,
 * on a signature algorithm that differs inside and outside (standards G2), and on an extension that comes twice (G13).
 * Issuer, dates and numbers are the caller's to judge.
 */
export function readCrl(chunks: Iterable<Uint8Array>, options: ReadCrlOptions = {}): SignedCrl {
  const reader = new CrlReader(chunks, options.publicKey);
  try {
    for (let entry = reader.next(); entry !== undefined; entry = reader.next()) options.onEntry?.(entry);
    return reader.crl;
  } finally {
    reader.close();
  }
}

/** `readCrl` on chunks that arrive by and by. */
export async function readCrlAsync(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadCrlOptions = {},
): Promise<SignedCrl> {
  const { parser, verifier } = startParser(options.publicKey);
  const drain = () => {
    while (parser.next() === "entry") options.onEntry?.(parser.entry);
  };
  for await (const chunk of chunks) {
    parser.offer(chunk);
    drain();
  }
  parser.endInput();
  drain();
  return judge(parser.crl, verifier);
}

/** Pulls the entries of a CertificateList one by one, so that several lists can be read side by side. */
export class CrlReader implements EntrySource {
  private readonly chunks: Iterator<Uint8Array>;
  private readonly parser: CrlStreamParser;
  private readonly verifier: TbsVerifier | undefined;
  private result: SignedCrl | undefined;

  constructor(chunks: Iterable<Uint8Array>, publicKey?: KeyObject) {
    this.chunks = chunks[Symbol.iterator]();
    const { parser, verifier } = startParser(publicKey);
    this.parser = parser;
    this.verifier = verifier;
  }

  /** The next entry, valid until the next call; undefined after the last. Throws like `readCrl`. */
  next(): ParsedEntry | undefined {
    for (;;) {
      const event = this.parser.next();
      if (event === "entry") return this.parser.entry;
      if (event === "end") {
        this.result ??= judge(this.parser.crl, this.verifier);
        return undefined;
      }
      this.advance();
    }
  }

  /**
   * Passes over the next entry, without reading it, if it is the same octets as `other`. False: it is another one, there
   * is none, or `next` has to be asked. What is passed over is not among the facts on the entries.
   */
  skip(other: ParsedEntry): boolean {
    return this.parser.skip(other.bytes, other.start, other.stop);
  }

  /** The whole, once `next` has returned undefined. */
  get crl(): SignedCrl {
    if (this.result === undefined) throw new Error("the CRL is not read to its end yet");
    return this.result;
  }

  /** True as long as each serial was greater than the one before it: what merging lists needs. */
  get ascending(): boolean {
    const { ascending, neighbourDuplicates } = this.parser.entries;
    return ascending && !neighbourDuplicates;
  }

  /** Lets go of the source, at any point. */
  close(): void {
    this.chunks.return?.();
  }

  private advance(): void {
    const chunk = this.chunks.next();
    if (chunk.done === true) this.parser.endInput();
    else this.parser.offer(chunk.value);
  }
}

function startParser(publicKey: KeyObject | undefined) {
  const verifier = publicKey === undefined ? undefined : new TbsVerifier(publicKey);
  const parser = new CrlStreamParser("CertificateList", (bytes, header) =>
    verifier?.update(bytes, header.signature),
  );
  return { parser, verifier };
}

function judge(crl: ParsedCrl, verifier: TbsVerifier | undefined): SignedCrl {
  const { envelope } = crl;
  if (envelope === undefined || !bytesEqual(envelope.signatureAlgorithm, crl.header.signature))
    throw new SekishoError("CRL_INVALID", "the signature algorithms inside and outside differ");
  if (crl.extensions.duplicates || crl.entries.duplicateExtensions)
    throw new SekishoError("CRL_INVALID", "an extension comes twice");
  return { ...crl, envelope, signatureValid: verifier?.verify(envelope.signature) };
}
