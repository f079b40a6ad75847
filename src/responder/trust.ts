import { DerReader } from "../asn1/reader.js";
import { TAG } from "../asn1/tags.js";
import { latin1 } from "../core/bytes.js";
import type { Config, IssuerConfig } from "../core/config.js";
import type { Log } from "../core/log.js";
import { issuerKey } from "../ocsp/request.js";
import { type ResponseTemplate, responseTemplate } from "../ocsp/response.js";
import type { KeyStore, Signer } from "../signer/signer.js";
import type { StatusReader, StoredIssuer } from "../store/status-reader.js";
import { type Certificate, parseCertificate } from "../x509/certificate.js";
import { issuerIdentities, keyIdentifier } from "../x509/issuer-identity.js";
import { delegateFault } from "./delegate.js";
import { type OcspPolicy, ocspPolicy } from "./policy.js";

/** A delegated responder key that may sign for an issuer, with its certificate. */
export interface Responder {
  readonly signer: Signer;
  readonly template: ResponseTemplate;
  /** Content (latin1) of the signature algorithm's OID. */
  readonly algorithm: string;
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
  readonly policy: OcspPolicy;
  /** Name of the token that holds its delegated keys. */
  readonly token: string;
  /** Those whose key is in our token: by key type in the order of the configuration, the certificate issued last first. */
  readonly responders: readonly Responder[];
}

/**
 * The responder that signs: the first usable one of the algorithm that the client prefers most, of those it names; else
 * the first usable one (RFC 6960 4.4.7.2, standards D11, D12). Undefined if none is usable.
 */
export function chooseResponder(
  responders: readonly Responder[],
  preferred: readonly string[],
  now: number,
): Responder | undefined {
  for (const algorithm of preferred) {
    const match = responders.find((each) => each.algorithm === algorithm && each.usableAt(now));
    if (match !== undefined) return match;
  }
  return responders.find((each) => each.usableAt(now));
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
      token: config.ocsp.token,
      policy: ocspPolicy(this.config, stored, certificate),
      responders: this.respondersFor(stored.id, certificate, delegates, config),
    };
    for (const { hash, issuerNameHash, issuerKeyHash } of issuerIdentities(certificate))
      this.byKey.set(issuerKey(hash, issuerNameHash, issuerKeyHash), served);
  }

  private respondersFor(
    id: string,
    issuer: Certificate,
    delegates: readonly Uint8Array[],
    { ocsp }: IssuerConfig,
  ): Responder[] {
    if (this.keyStore === undefined) return [];
    try {
      return this.findResponders(id, issuer, delegates, ocsp, this.keyStore(ocsp.token));
    } catch (err) {
      if (this.generation < 0) throw err;
      this.retryAt = performance.now() + RETRY_MS;
      this.log.error({ issuer: id, err }, "the OCSP key is not to be had");
      return [];
    }
  }

  /** Of each key the two certificates issued last: the earlier one signs until the later one is valid. */
  private findResponders(
    id: string,
    issuer: Certificate,
    delegates: readonly Uint8Array[],
    ocsp: IssuerConfig["ocsp"],
    keyStore: KeyStore,
  ): Responder[] {
    const byKey = new Map<string, Certificate[]>();
    for (const delegate of delegates.map(parseCertificate).sort((a, b) => b.notBefore - a.notBefore)) {
      const fault = delegateFault(delegate, issuer);
      const key = latin1(keyIdentifier(delegate.subjectPublicKeyBits));
      if (fault !== undefined)
        this.log.error({ issuer: id, fault }, "an OCSP delegate certificate is not used");
      else byKey.set(key, [...(byKey.get(key) ?? []), delegate]);
    }
    const found = [...byKey.values()].flatMap((certificates) => {
      const [newest] = certificates as [Certificate];
      const signer = keyStore.findSigner(keyIdentifier(newest.subjectPublicKeyBits));
      return signer === undefined
        ? []
        : certificates.slice(0, 2).map((certificate) => makeResponder(certificate, signer, ocsp.responderId));
    });
    // -1, a type that has left the configuration, comes last.
    const place = ({ signer }: Responder): number => ocsp.keyType.indexOf(signer.keyType) >>> 0;
    return found.sort((a, b) => place(a) - place(b));
  }
}

function makeResponder(delegate: Certificate, signer: Signer, responderId: "key" | "name"): Responder {
  const responderID =
    responderId === "name"
      ? { name: delegate.subjectName }
      : { keyHash: keyIdentifier(delegate.subjectPublicKeyBits) };
  return {
    signer,
    template: responseTemplate(responderID, signer.signatureAlgorithm, delegate.der),
    algorithm: algorithmContent(signer.signatureAlgorithm),
    notAfter: delegate.notAfter,
    usableAt: (now) => delegate.notBefore <= now && now < delegate.notAfter,
  };
}

/** Content (latin1) of the OID in an AlgorithmIdentifier. */
function algorithmContent(algorithmIdentifier: Uint8Array): string {
  const reader = new DerReader(algorithmIdentifier);
  reader.enter(TAG.SEQUENCE);
  reader.oid();
  return latin1(reader.bytes, reader.start, reader.stop);
}
