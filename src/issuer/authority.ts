import type { Config, IssuerConfig } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import type { KeyStore, Signer } from "../signer/signer.js";
import type { StatusReader, StoredIssuer } from "../store/status-reader.js";
import { type Certificate, parseCertificate } from "../x509/certificate.js";
import { keyIdentifier } from "../x509/issuer-identity.js";

/** A CA that this process signs for. */
export interface Authority {
  /** Issuer number in the store's keys. */
  readonly issuer: number;
  readonly id: string;
  readonly config: IssuerConfig;
  readonly certificate: Certificate;
  /** The CA key, in its token. */
  readonly signer: Signer;
}

/** The created CAs of the installation, by id. */
export class Authorities {
  private readonly byId = new Map<string, Authority>();

  constructor(
    private readonly config: Config,
    private readonly status: StatusReader,
    private readonly keyStore: (token: string) => KeyStore,
  ) {
    for (const stored of status.issuers()) this.add(stored);
  }

  /** Throws ISSUER_UNKNOWN for a CA that is not configured or not created. */
  get(id: string): Authority {
    const authority = this.byId.get(id);
    if (authority !== undefined) return authority;
    const state =
      this.config.issuers[id] === undefined ? "is not configured" : "is configured but not created";
    throw new SekishoError("ISSUER_UNKNOWN", `issuer ${id} ${state}`);
  }

  has(id: string): boolean {
    return this.byId.has(id);
  }

  all(): Authority[] {
    return [...this.byId.values()];
  }

  /** Takes up a CA that was just recorded in the journal. */
  reload(): void {
    for (const stored of this.status.issuers()) if (!this.byId.has(stored.id)) this.add(stored);
  }

  private add(stored: StoredIssuer): void {
    const config = this.config.issuers[stored.id];
    // A CA that left the configuration keeps its rows and answers; this process only no longer signs for it.
    if (config === undefined) return;
    const certificate = parseCertificate(stored.certificate);
    const signer = this.keyStore(config.token).findSigner(keyIdentifier(certificate.subjectPublicKeyBits));
    if (signer === undefined)
      throw new SekishoError(
        "KEY_MISSING",
        `token ${config.token} does not hold the key of issuer ${stored.id}`,
      );
    this.byId.set(stored.id, { issuer: stored.issuer, id: stored.id, config, certificate, signer });
  }
}
