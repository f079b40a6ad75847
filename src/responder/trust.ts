import type { Config, IssuerConfig } from "../core/config.js";
import type { Log } from "../core/log.js";
import { issuerKey } from "../ocsp/request.js";
import { type ResponseTemplate, responseTemplate } from "../ocsp/response.js";
import type { KeyStore, Signer } from "../signer/signer.js";
import type { StatusReader, StoredIssuer } from "../store/status-reader.js";
import { type Certificate, parseCertificate } from "../x509/certificate.js";
import { issuerIdentities, keyIdentifier } from "../x509/issuer-identity.js";
import { delegateFault } from "./delegate.js";

/** A delegated responder key that may sign for an issuer. */
export interface Responder {
  readonly signer: Signer;
  readonly template: ResponseTemplate;
  readonly notAfter: number;
  /** False before and after the certificate's validity (standards C12). */
  usableAt(now: number): boolean;
}

/** An issuer whose certificates we answer for. */
export interface ServedIssuer {
  /** Issuer number in the store's keys. */
  readonly issuer: number;
  readonly id: string;
  readonly notAfter: number;
  /** nextUpdate - thisUpdate in seconds. */
  readonly validity: number;
  readonly maxAge: number;
  /** Undefined until a delegate is enrolled whose key is in our token. */
  readonly responder: Responder | undefined;
}

/** A token that failed is asked again after this long. */
const RETRY_MS = 1_000;

/**
 * Who we answer for and with which key, read from the store. `refresh` costs one read while nothing changed; a newly
 * enrolled or renewed delegate is taken up at the next batch, without a restart.
 */
export class Trust {
  private generation = -1;
  /** Monotonic milliseconds at which a token that failed is asked again. */
  private retryAt = Number.POSITIVE_INFINITY;
  private readonly byKey = new Map<string, ServedIssuer>();

  /** Without `keyStore` issuers have no responder: the front end only needs to know whom we answer for. */
  constructor(
    private readonly status: StatusReader,
    private readonly config: Config,
    private readonly keyStore: ((token: string) => KeyStore) | undefined,
    private readonly log: Log,
  ) {}

  /** The issuer that a CertID names by (hash algorithm, name hash, key hash) together. */
  issuer(key: string | undefined): ServedIssuer | undefined {
    return key === undefined ? undefined : this.byKey.get(key);
  }

  /** Every served issuer, once. */
  issuers(): Set<ServedIssuer> {
    return new Set(this.byKey.values());
  }

  /**
   * Takes up what changed in the store. A token that fails costs its own issuers their responder until it answers; at
   * the start it is thrown, so that a wrong configuration does not serve.
   */
  refresh(): void {
    const generation = this.status.trustGeneration();
    if (generation === this.generation && performance.now() < this.retryAt) return;
    this.retryAt = Number.POSITIVE_INFINITY;
    this.byKey.clear();
    const delegates = this.status.delegates();
    for (const stored of this.status.issuers()) {
      const config = this.config.issuers[stored.id];
      if (config === undefined) continue;
      const own = delegates
        .filter(({ issuer, state }) => issuer === stored.issuer && state === "good")
        .map(({ certificate }) => certificate);
      this.add(stored, config, own);
    }
    this.generation = generation;
  }

  private add(stored: StoredIssuer, config: IssuerConfig, delegates: readonly Uint8Array[]): void {
    const certificate = parseCertificate(stored.certificate);
    const served: ServedIssuer = {
      issuer: stored.issuer,
      id: stored.id,
      notAfter: certificate.notAfter,
      validity: config.ocsp.validity,
      maxAge: config.ocsp.maxAge,
      responder: this.responderFor(stored.id, certificate, delegates, config.ocsp.token),
    };
    for (const { hash, issuerNameHash, issuerKeyHash } of issuerIdentities(certificate))
      this.byKey.set(issuerKey(hash, issuerNameHash, issuerKeyHash), served);
  }

  private responderFor(
    id: string,
    issuer: Certificate,
    delegates: readonly Uint8Array[],
    token: string,
  ): Responder | undefined {
    if (this.keyStore === undefined) return undefined;
    try {
      return this.newestResponder(id, issuer, delegates, this.keyStore(token));
    } catch (err) {
      if (this.generation < 0) throw err;
      this.retryAt = performance.now() + RETRY_MS;
      this.log.error({ issuer: id, err }, "the OCSP key is not to be had");
      return undefined;
    }
  }

  /** The delegate issued last whose key we hold. */
  private newestResponder(
    id: string,
    issuer: Certificate,
    delegates: readonly Uint8Array[],
    keyStore: KeyStore,
  ): Responder | undefined {
    const candidates = delegates.map(parseCertificate).sort((a, b) => b.notBefore - a.notBefore);
    for (const delegate of candidates) {
      const fault = delegateFault(delegate, issuer);
      if (fault !== undefined) {
        this.log.error({ issuer: id, fault }, "an OCSP delegate certificate is not used");
        continue;
      }
      const keyHash = keyIdentifier(delegate.subjectPublicKeyBits);
      const signer = keyStore.findSigner(keyHash);
      if (signer === undefined) continue;
      return {
        signer,
        template: responseTemplate(keyHash, signer.signatureAlgorithm, delegate.der),
        notAfter: delegate.notAfter,
        usableAt: (now) => delegate.notBefore <= now && now < delegate.notAfter,
      };
    }
    return undefined;
  }
}
