import type { Config, IssuerConfig } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import { describeKey } from "../signer/algorithms.js";
import type { KeyAccess, Signer } from "../signer/signer.js";
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
  /** The CA key, looked for in its token when it is first used: what needs no signature goes on without the token. */
  readonly signer: Signer;
  /** Looks for the key. Throws KEY_MISSING, and as the token does. */
  open(): Promise<unknown>;
  /** False while its token is known not to work: what is not urgent waits for it. */
  canSign(): boolean;
}

/** The created CAs of the installation, by id. */
export class Authorities {
  private readonly byId = new Map<string, Authority>();

  constructor(
    private readonly config: Config,
    private readonly status: StatusReader,
    private readonly keyStore: (token: string) => KeyAccess,
  ) {
    this.reload();
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

  /** True for a CA that the journal knows, configured or not. */
  exists(id: string): boolean {
    return this.status.issuers().some((stored) => stored.id === id);
  }

  all(): Authority[] {
    return [...this.byId.values()];
  }

  /** Takes up CAs that were recorded in the journal since. */
  reload(): void {
    for (const stored of this.status.issuers()) if (!this.byId.has(stored.id)) this.add(stored);
  }

  private add({ issuer, id, certificate: der }: StoredIssuer): void {
    const config = this.config.issuers[id];
    // A CA that left the configuration keeps its rows and answers; this process only no longer signs for it.
    if (config === undefined) return;
    const certificate = parseCertificate(der);
    let found: Signer | undefined;
    const open = async (): Promise<Signer> => {
      found ??= await this.keyStore(config.token).findSigner(keyIdentifier(certificate.subjectPublicKeyBits));
      if (found === undefined)
        throw new SekishoError("KEY_MISSING", `token ${config.token} does not hold the key of issuer ${id}`);
      return found;
    };
    const canSign = (): boolean => this.keyStore(config.token).fault === undefined;
    const key = describeKey(certificate.subjectPublicKeyInfo);
    const signer: Signer = { ...key, sign: async (batch) => (await open()).sign(batch) };
    this.byId.set(id, { issuer, id, config, certificate, signer, open, canSign });
  }
}
