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
  readonly certificate: Certificate;
  readonly notAfter: number;
  /** nextUpdate - thisUpdate in seconds. */
  readonly validity: number;
  readonly maxAge: number;
  readonly policy: OcspPolicy;
  /** Name of the token that holds its delegated keys. */
  readonly token: string;
  /**
   * Those whose key is in our token: by key type in the order of the configuration, the certificate issued last first.
   * Looked for when it is first read: a thousand issuers start without a thousand searches.
   */
  readonly responders: readonly Responder[];
  /** Until when it can be signed for, as far as is known without asking the token; unix seconds, 0: not at all. */
  usableUntil(now: number): number;
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
  private position = -1;
  /** After the first batch: until then a token that fails is thrown, so that a wrong configuration does not serve. */
  private started = false;
  private readonly byKey = new Map<string, ServedIssuer>();
  private readonly byId = new Map<string, ServedIssuer>();

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

  /** Who signs answers to CertIDs of that key: their issuer, or for one that is not served whom the configuration names. */
  authority(key: string | undefined): ServedIssuer | undefined {
    const { unknownIssuer } = this.config.responder;
    return this.issuer(key) ?? (unknownIssuer === undefined ? undefined : this.byId.get(unknownIssuer));
  }

  issuerNamed(id: string): ServedIssuer | undefined {
    return this.byId.get(id);
  }

  issuers(): Iterable<ServedIssuer> {
    return this.byId.values();
  }

  /** Takes up what changed in the store. */
  refresh(): void {
    const generation = this.status.trustGeneration();
    this.started = this.generation >= 0;
    if (generation === this.generation) return;
    this.byKey.clear();
    this.byId.clear();
    const delegates = new Map<number, Uint8Array[]>();
    for (const { issuer, state, certificate } of this.status.delegates())
      if (state === "good") delegates.set(issuer, [...(delegates.get(issuer) ?? []), certificate]);
    for (const stored of this.status.issuers()) {
      const config = this.config.issuers[stored.id];
      if (config !== undefined) this.add(stored, config, delegates.get(stored.issuer) ?? []);
    }
    this.generation = generation;
  }

  /** The same where the journal's position is known: without a read while it has not moved. */
  refreshAt(position: number): void {
    if (position === this.position) return;
    this.refresh();
    this.position = position;
  }

  private add(stored: StoredIssuer, config: IssuerConfig, delegates: readonly Uint8Array[]): void {
    const certificate = parseCertificate(stored.certificate);
    const { keyStore } = this;
    const served = new DelegatedIssuer(
      stored,
      certificate,
      config,
      ocspPolicy(this.config, stored, certificate),
      delegates,
      keyStore === undefined ? undefined : () => keyStore(config.ocsp.token),
      this.log,
      () => this.started,
    );
    this.byId.set(stored.id, served);
    for (const { hash, issuerNameHash, issuerKeyHash } of issuerIdentities(certificate))
      this.byKey.set(issuerKey(hash, issuerNameHash, issuerKeyHash), served);
  }
}

/** A served issuer that looks at its delegates when it is first asked. */
class DelegatedIssuer implements ServedIssuer {
  readonly issuer: number;
  readonly id: string;
  readonly notAfter: number;
  readonly validity: number;
  readonly maxAge: number;
  readonly token: string;
  private certificates: Certificate[] | undefined;
  private found: readonly Responder[] | undefined;
  private retryAt = 0;

  constructor(
    stored: StoredIssuer,
    readonly certificate: Certificate,
    private readonly config: IssuerConfig,
    readonly policy: OcspPolicy,
    private readonly delegates: readonly Uint8Array[],
    private readonly keyStore: (() => KeyStore) | undefined,
    private readonly log: Log,
    private readonly mayFail: () => boolean,
  ) {
    this.issuer = stored.issuer;
    this.id = stored.id;
    this.notAfter = certificate.notAfter;
    this.validity = config.ocsp.validity;
    this.maxAge = config.ocsp.maxAge;
    this.token = config.ocsp.token;
  }

  get responders(): readonly Responder[] {
    if (this.found !== undefined) return this.found;
    if (this.keyStore === undefined || performance.now() < this.retryAt) return [];
    try {
      this.found = this.findResponders(this.keyStore());
      return this.found;
    } catch (err) {
      if (!this.mayFail()) throw err;
      this.retryAt = performance.now() + RETRY_MS;
      this.log.error({ issuer: this.id, err }, "the OCSP key is not to be had");
      return [];
    }
  }

  usableUntil(now: number): number {
    if (this.found !== undefined) return chooseResponder(this.found, [], now)?.notAfter ?? 0;
    const usable = this.usableCertificates().filter(
      ({ notBefore, notAfter }) => notBefore <= now && now < notAfter,
    );
    return usable[0]?.notAfter ?? 0;
  }

  /** Delegate certificates that may sign for this issuer, the one issued last first. */
  private usableCertificates(): Certificate[] {
    this.certificates ??= this.delegates
      .map(parseCertificate)
      .sort((a, b) => b.notBefore - a.notBefore)
      .filter((delegate) => {
        const fault = delegateFault(delegate, this.certificate);
        if (fault !== undefined)
          this.log.error({ issuer: this.id, fault }, "an OCSP delegate certificate is not used");
        return fault === undefined;
      });
    return this.certificates;
  }

  /** Of each key the two certificates issued last: the earlier one signs until the later one is valid. */
  private findResponders(keyStore: KeyStore): Responder[] {
    const { ocsp } = this.config;
    const byKey = new Map<string, Certificate[]>();
    for (const delegate of this.usableCertificates()) {
      const key = latin1(keyIdentifier(delegate.subjectPublicKeyBits));
      byKey.set(key, [...(byKey.get(key) ?? []), delegate]);
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
