import type { Config, IssuerConfig } from "../core/config.js";
import { isSekishoError, SekishoError } from "../core/errors.js";
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
  /** Created CAs that cannot sign now, and why. */
  private readonly faults = new Map<string, SekishoError>();

  constructor(
    private readonly config: Config,
    private readonly status: StatusReader,
    private readonly keyStore: (token: string) => KeyStore,
  ) {
    this.reload();
  }

  /** Throws ISSUER_UNKNOWN for a CA that is not configured or not created, KEY_MISSING or TOKEN_FAILED for one that cannot sign now. */
  get(id: string): Authority {
    const authority = this.byId.get(id);
    if (authority !== undefined) return authority;
    const fault = this.faults.get(id);
    if (fault !== undefined) throw fault;
    const state =
      this.config.issuers[id] === undefined ? "is not configured" : "is configured but not created";
    throw new SekishoError("ISSUER_UNKNOWN", `issuer ${id} ${state}`);
  }

  /** True for a CA that can sign now. */
  has(id: string): boolean {
    return this.byId.has(id);
  }

  /** True for a CA that the journal knows, whether or not its key is to be had. */
  exists(id: string): boolean {
    return this.status.issuers().some((stored) => stored.id === id);
  }

  all(): Authority[] {
    return [...this.byId.values()];
  }

  /**
   * Takes up CAs that were recorded in the journal since, and those whose key is back. One whose key is missing stops
   * no other; returns each of those with the reason.
   */
  reload(): ReadonlyMap<string, SekishoError> {
    for (const stored of this.status.issuers()) {
      if (this.byId.has(stored.id)) continue;
      this.faults.delete(stored.id);
      try {
        this.add(stored);
      } catch (error) {
        // Not TOKEN_PIN: a wrong PIN that is tried again and again locks the token.
        if (!isSekishoError(error, "KEY_MISSING", "TOKEN_FAILED")) throw error;
        this.faults.set(stored.id, error);
      }
    }
    return this.faults;
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
