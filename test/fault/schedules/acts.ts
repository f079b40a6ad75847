import { relative } from "node:path";
import { hex } from "../../../src/core/bytes.js";
import { nowSeconds } from "../../../src/core/clock.js";
import { SekishoError } from "../../../src/core/errors.js";
import { Turnstile } from "../../../src/core/turnstile.js";
import type { Authority } from "../../../src/issuer/authority.js";
import { changeStatus, type StatusChange } from "../../../src/issuer/change-status.js";
import type { IssuerCore } from "../../../src/issuer/core.js";
import { COMPLETE_CRL, type CrlOrder } from "../../../src/issuer/crl-state.js";
import { enrolResponder, fingerprint, renewDelegates } from "../../../src/issuer/enrol.js";
import { issueCertificate } from "../../../src/issuer/issue.js";
import { Enrolment } from "../../../src/responder/enrolment.js";
import type { Certificate } from "../../../src/x509/certificate.js";
import { silent } from "../../support/installation.js";
import type { AcknowledgedCrl, AcknowledgedRow, Act } from "./protocol.js";
import type { Random } from "./random.js";

/** What an act made and may acknowledge. */
export interface Outcome {
  readonly rows: readonly AcknowledgedRow[];
  readonly crls?: readonly AcknowledgedCrl[];
}

/** Reasons an operator may give (RFC 5280 5.3.1). */
const REASONS = [0, 1, 3, 4, 5, 9];

/** An act that knows its serials and waits to be run. */
export interface Prepared {
  readonly serials: readonly string[];
  run(): Promise<Outcome>;
}

/** The acts of one schedule on an open issuer core. */
export class Acts {
  /** As in CrlSchedule: one publication at a time. */
  private readonly publication = new Turnstile();
  private readonly authority: Authority;

  constructor(
    private readonly core: IssuerCore,
    private readonly request: string,
    private readonly random: Random,
    /** Serials to choose from, in hexadecimal; issued ones are added. */
    private readonly serials: string[],
  ) {
    this.authority = core.authorities.get("root");
  }

  prepare(act: Act): Prepared {
    switch (act) {
      case "issue":
        return { serials: [], run: () => this.issue() };
      case "revoke":
        return this.change([this.revocation()]);
      case "bulk-revoke":
        return this.change(Array.from({ length: 2 + this.random.int(8) }, () => this.revocation()));
      case "hold":
      case "release":
        return this.change([{ act, serial: this.serial() }]);
      case "publish":
        return this.order(COMPLETE_CRL);
      case "publish-delta":
        return this.order({ ...COMPLETE_CRL, delta: true });
      case "publish-shard":
        return this.order({ ...COMPLETE_CRL, scope: 1 });
      case "renew":
        return { serials: [], run: () => this.renew() };
      case "checkpoint":
        return { serials: [], run: () => this.core.checkpointer.checkpoint().then(() => ({ rows: [] })) };
    }
  }

  private async issue(): Promise<Outcome> {
    const { certificate } = await issueCertificate(this.core, this.authority, this.request, "tls-server");
    this.serials.push(hex(certificate.serialNumber));
    return { rows: [acknowledgedRow(this.core, certificate)] };
  }

  private change(wanted: readonly StatusChange[]): Prepared {
    return {
      serials: wanted.map(({ serial }) => hex(serial)),
      run: async () => {
        const { status, clock } = this.core;
        const outcomes = await changeStatus(status, this.authority.issuer, wanted, nowSeconds(clock));
        const rows = outcomes.flatMap((outcome) =>
          "row" in outcome ? [{ serial: hex(outcome.serial), ...outcome.row }] : [],
        );
        const [first] = outcomes;
        if (rows.length === 0 && first !== undefined && "error" in first) throw first.error;
        return { rows };
      },
    };
  }

  private order(order: CrlOrder): Prepared {
    return { serials: [], run: () => this.publication.run(() => this.publish(order)) };
  }

  private async publish(order: CrlOrder): Promise<Outcome> {
    const { config, publisher, audit, checkpointer } = this.core;
    const published = await publisher.publish(this.authority, order);
    const crls = published.map(({ file, number, sha256 }) => ({
      name: relative(config.crl.dir, file),
      number: String(number),
      sha256,
    }));
    for (const { name, number, sha256 } of crls)
      await audit.append("crl.published", { name, number, sha256 });
    await checkpointer.checkpoint();
    await publisher.forget(this.authority, order.scope);
    return { rows: [], crls };
  }

  /** As responder and issuer do it together; an operator enrols the key if its last certificate has run out. */
  private async renew(): Promise<Outcome> {
    const { status, config, keyStore, clock } = this.core;
    await new Enrolment(status.reader, config, keyStore, clock, silent).check();
    const renewed = await renewDelegates(this.core, silent);
    if (renewed.length > 0)
      return { rows: renewed.map(({ certificate }) => acknowledgedRow(this.core, certificate)) };
    const [identifier] = await keyStore("ocsp").list("ocsp-root");
    const signer = identifier === undefined ? undefined : await keyStore("ocsp").findSigner(identifier);
    if (signer === undefined) throw new SekishoError("KEY_MISSING", "the responder has no key");
    const enrolled = await enrolResponder(
      this.core,
      silent,
      fingerprint(signer.subjectPublicKeyInfo),
      "root",
    );
    return { rows: [acknowledgedRow(this.core, enrolled.certificate)] };
  }

  private revocation(): StatusChange {
    return { act: "revoke", serial: this.serial(), reason: this.random.pick(REASONS), invalidityDate: 0 };
  }

  private serial(): Uint8Array {
    return Buffer.from(this.serials.length === 0 ? "01" : this.random.pick(this.serials), "hex");
  }
}

/** The row of a certificate that root has released. */
export function acknowledgedRow(core: IssuerCore, { serialNumber }: Certificate): AcknowledgedRow {
  const row = core.status.reader.row(core.authorities.get("root").issuer, serialNumber);
  if (row === undefined) throw new Error("a certificate was released without a row");
  return { serial: hex(serialNumber), ...row };
}
