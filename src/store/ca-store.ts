import { createHash } from "node:crypto";
import { asBuffer } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import {
  caEnvironment,
  type Environment,
  openForWriting,
  openTable,
  type StoreOptions,
  type Table,
} from "./environment.js";
import { issuerKey, rowKey, splitRowKey } from "./layout.js";
import { WriteGuard } from "./write-guard.js";

/** What a stored certificate is besides a certificate; decides what its completion after a crash has to do. */
export type IssuedKind = "certificate" | "delegate";

const KINDS: readonly IssuedKind[] = ["certificate", "delegate"];

export interface IssuedCertificate {
  readonly issuer: number;
  /** Magnitude. */
  readonly serial: Uint8Array;
  readonly kind: IssuedKind;
  /** DER. */
  readonly certificate: Uint8Array;
  /** DER PKCS#10 request. */
  readonly request: Uint8Array;
  /** DER of the certified key and of its subject: a key serves one subject only (standards I20). */
  readonly subjectPublicKeyInfo: Uint8Array;
  readonly subjectName: Uint8Array;
}

export interface PendingCertificate {
  readonly issuer: number;
  readonly serial: Uint8Array;
  readonly kind: IssuedKind;
  readonly certificate: Uint8Array;
}

/**
 * The issuer's own environment: certificates and requests as issued, CRL numbers, known public keys.
 *
 *   certificates, requests   issuer | serial   DER
 *   pending                  issuer | serial   kind, from the certificate's storing until its status row is on disk
 *   public-keys              SHA-256(SPKI)     SHA-256(subject)
 *   crl-numbers              issuer            last number given out, 6 octets
 */
export class CaStore {
  private readonly environment: Environment;
  private readonly certificates: Table;
  private readonly requests: Table;
  private readonly pendingTable: Table;
  private readonly publicKeys: Table;
  private readonly crlNumbers: Table;
  private readonly guard = new WriteGuard("the certificate store");

  constructor(options: StoreOptions) {
    this.environment = openForWriting(caEnvironment(options));
    this.certificates = openTable(this.environment, "certificates");
    this.requests = openTable(this.environment, "requests");
    this.pendingTable = openTable(this.environment, "pending");
    this.publicKeys = openTable(this.environment, "public-keys");
    this.crlNumbers = openTable(this.environment, "crl-numbers");
  }

  /** Resolves with STORE_FAILED once a write has failed: then nothing more is written and a restart is due. */
  get failed(): Promise<SekishoError> {
    return this.guard.failed;
  }

  /**
   * Stores a certificate as pending. On disk when it resolves; it may not leave before its status row is, too. Throws
   * CSR_KEY if another subject's certificate for the key was stored while this one was being signed.
   */
  async put(issued: IssuedCertificate): Promise<void> {
    const key = rowKey(issued.issuer, issued.serial);
    await this.guard.transaction(this.environment, () => {
      this.refuseUsedKey(issued.subjectPublicKeyInfo, issued.subjectName);
      this.certificates.put(key, asBuffer(issued.certificate));
      this.requests.put(key, asBuffer(issued.request));
      this.pendingTable.put(key, Buffer.of(KINDS.indexOf(issued.kind)));
      this.publicKeys.put(sha256(issued.subjectPublicKeyInfo), sha256(issued.subjectName));
    });
  }

  /** Marks a certificate's status row as stored. */
  async settle(issuer: number, serial: Uint8Array): Promise<void> {
    await this.guard.transaction(this.environment, () => this.pendingTable.remove(rowKey(issuer, serial)));
  }

  /** Certificates whose status row may be missing because the issuer died in between. */
  pending(): PendingCertificate[] {
    const found: PendingCertificate[] = [];
    for (const { key, value } of this.pendingTable.getRange({})) {
      const certificate = this.certificates.get(key);
      const kind = KINDS[value[0] as number];
      if (certificate === undefined || kind === undefined)
        throw new SekishoError("STORE_FAILED", "a pending certificate is damaged");
      const { issuer, serial } = splitRowKey(key);
      found.push({ issuer, serial: Uint8Array.prototype.slice.call(serial), kind, certificate });
    }
    return found;
  }

  /** DER of an issued certificate. */
  certificate(issuer: number, serial: Uint8Array): Uint8Array | undefined {
    return this.certificates.get(rowKey(issuer, serial));
  }

  /** Throws CSR_KEY if the key was certified for another subject: a key serves one (standards I20). */
  refuseUsedKey(subjectPublicKeyInfo: Uint8Array, subjectName: Uint8Array): void {
    const owner = this.publicKeys.get(sha256(subjectPublicKeyInfo));
    if (owner !== undefined && !owner.equals(sha256(subjectName)))
      throw new SekishoError("CSR_KEY", "the key was certified for another subject already");
  }

  /**
   * Gives out the next CRL number, above `published` too: the store may be a restored, older one. On disk before it
   * resolves: a crash skips a number, it never repeats one (standards G8).
   */
  async nextCrlNumber(issuer: number, published = 0): Promise<number> {
    let number = 0;
    await this.guard.transaction(this.environment, () => {
      const key = issuerKey(issuer);
      number = Math.max(this.crlNumbers.get(key)?.readUIntBE(0, 6) ?? 0, published) + 1;
      const value = Buffer.alloc(6);
      value.writeUIntBE(number, 0, 6);
      this.crlNumbers.put(key, value);
    });
    return number;
  }

  async close(): Promise<void> {
    await this.environment.close();
  }
}

const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
