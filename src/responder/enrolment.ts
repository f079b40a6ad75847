import { createHash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { bytesEqual, hex } from "../core/bytes.js";
import { type Clock, nowSeconds } from "../core/clock.js";
import type { Config, IssuerConfig } from "../core/config.js";
import type { Log } from "../core/log.js";
import type { KeyAccess, Signer } from "../signer/signer.js";
import type { StatusReader, StoredDelegate, StoredIssuer } from "../store/status-reader.js";
import { type Certificate, parseCertificate, subjectPublicKeyBits } from "../x509/certificate.js";
import { buildCertificationRequest } from "../x509/certification-request.js";
import { keyIdentifier } from "../x509/issuer-identity.js";
import { configuredSubject } from "../x509/name.js";
import { encodePem } from "../x509/pem.js";

/** A token that failed is asked again after this long. */
const RETRY_SECONDS = 10;

/**
 * How a delegated OCSP key gets its certificate: the responder generates the key in its own token and leaves a
 * PKCS#10 request in `responder.enrol_dir`; the issuer picks it up there. A first key waits for an operator, who
 * compares the fingerprint and runs `sekisho responder enrol FINGERPRINT`. A renewal is a new request signed by the
 * key in force: the issuer recognises the key and needs nobody.
 */
export class Enrolment {
  /** Requests already announced in the log: kind and fingerprint. */
  private readonly announced = new Set<string>();
  /** Nothing is to be done until the store changes, a renewal is due or a request's file has gone. */
  private looked: { readonly generation: number; readonly until: number } | undefined;
  private readonly waiting = new Set<string>();

  constructor(
    private readonly status: StatusReader,
    private readonly config: Config,
    private readonly keyStore: (token: string) => KeyAccess,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /**
   * Leaves a request for every key whose delegate certificate is missing or past two thirds of its life. Throws what the
   * first token that failed says, when the others have been looked at.
   */
  async check(): Promise<void> {
    this.status.refresh();
    const generation = this.status.trustGeneration();
    if (this.looked?.generation === generation && nowSeconds(this.clock) < this.looked.until)
      if ([...this.waiting].every((file) => existsSync(file))) return;
    this.waiting.clear();
    const { until, faults } = await this.look();
    this.looked = { generation, until };
    if (faults.length > 0) throw faults[0];
  }

  /** Looks at every key. `until` in unix seconds: when a renewal is due, a certificate ends or a token is tried again. */
  private async look(): Promise<{ until: number; faults: readonly unknown[] }> {
    let until = Number.POSITIVE_INFINITY;
    const faults: unknown[] = [];
    const delegates = this.status.delegates();
    for (const stored of this.status.issuers()) {
      const config = this.config.issuers[stored.id];
      if (config === undefined) continue;
      // This is the front end's thread: with many issuers requests are answered in between.
      await setImmediate();
      const own = delegates.filter(({ issuer }) => issuer === stored.issuer).map(parseDelegate);
      const next = await this.lookAt(stored, config.ocsp, own).catch((error) => {
        faults.push(error);
        return nowSeconds(this.clock) + RETRY_SECONDS;
      });
      until = Math.min(until, next);
    }
    return { until, faults };
  }

  private async lookAt(
    stored: StoredIssuer,
    ocsp: IssuerConfig["ocsp"],
    own: readonly Delegate[],
  ): Promise<number> {
    let until = Number.POSITIVE_INFINITY;
    for (const keyType of ocsp.keyType) {
      const signer = await this.signerFor(stored, own, this.keyStore(ocsp.token), keyType);
      const now = nowSeconds(this.clock);
      const inForce = newestFor(own, signer, now);
      const isDue = inForce === undefined || now >= renewalDue(inForce);
      if (isDue) await this.request(stored.id, signer, inForce === undefined);
      if (inForce !== undefined) until = Math.min(until, isDue ? inForce.notAfter : renewalDue(inForce));
    }
    return until;
  }

  /** The issuer's OCSP key in our token; generated when there is none, or only one whose certificate was revoked. */
  private async signerFor(
    stored: StoredIssuer,
    delegates: readonly Delegate[],
    keyStore: KeyAccess,
    keyType: Signer["keyType"],
  ): Promise<Signer> {
    const label = `ocsp-${stored.id}`;
    for (const identifier of await keyStore.list(label)) {
      const signer = await keyStore.findSigner(identifier);
      if (signer?.keyType !== keyType) continue;
      if (!delegates.some((delegate) => delegate.state !== "good" && certifies(delegate, signer)))
        return signer;
    }
    this.log.info({ issuer: stored.id, keyType }, "generating an OCSP key");
    return keyStore.generate(label, keyType);
  }

  private async request(id: string, signer: Signer, first: boolean): Promise<void> {
    const fingerprint = createHash("sha256").update(signer.subjectPublicKeyInfo).digest("hex");
    const request = await buildCertificationRequest({
      subjectName: configuredSubject({ commonName: `${id} OCSP responder` }),
      subjectPublicKeyInfo: signer.subjectPublicKeyInfo,
      signatureAlgorithm: signer.signatureAlgorithm,
      sign: async (tbs) => {
        const digest = createHash(signer.digestName).update(tbs).digest();
        const [signature] = await signer.sign([{ digest, chunks: () => [tbs] }]);
        return signature as Uint8Array;
      },
    });
    const identifier = keyIdentifier(subjectPublicKeyBits(signer.subjectPublicKeyInfo));
    const { enrolDir } = this.config.responder;
    const name = `${id}.${hex(identifier)}.csr`;
    writeDurably(enrolDir, name, encodePem(request, "CERTIFICATE REQUEST"));
    this.waiting.add(join(enrolDir, name));
    const announcement = `${first ? "first" : "renewal"} ${fingerprint}`;
    if (this.announced.has(announcement)) return;
    this.announced.add(announcement);
    if (first)
      this.log.warn({ issuer: id, fingerprint }, "OCSP key waits for `sekisho responder enrol FINGERPRINT`");
    else this.log.info({ issuer: id, fingerprint }, "OCSP certificate renewal requested");
  }
}

/** The certificate in force for the key. An expired one is none: its key waits for an operator like a first one. */
function newestFor(delegates: readonly Delegate[], signer: Signer, now: number): Certificate | undefined {
  return delegates
    .filter((delegate) => delegate.state === "good" && certifies(delegate, signer))
    .map(({ certificate }) => certificate)
    .filter(({ notAfter }) => now < notAfter)
    .sort((a, b) => b.notAfter - a.notAfter)[0];
}

interface Delegate {
  readonly certificate: Certificate;
  readonly state: StoredDelegate["state"];
}

const parseDelegate = ({ certificate, state }: StoredDelegate): Delegate => ({
  certificate: parseCertificate(certificate),
  state,
});

function certifies({ certificate }: Delegate, signer: Signer): boolean {
  return bytesEqual(certificate.subjectPublicKeyInfo, signer.subjectPublicKeyInfo);
}

/** Two thirds of the life (standards C8: alarm at 1/3 left). */
const renewalDue = ({ notBefore, notAfter }: Certificate): number =>
  notBefore + (2 / 3) * (notAfter - notBefore);

/** The issuer, another user, must be able to read a request, and never sees half of one. */
function writeDurably(dir: string, name: string, text: string): void {
  mkdirSync(dir, { recursive: true });
  const temporary = join(dir, `.${name}.new`);
  const fd = openSync(temporary, "w", 0o644);
  writeSync(fd, text);
  fsyncSync(fd);
  closeSync(fd);
  renameSync(temporary, join(dir, name));
}
