import { type Clock, nowSeconds } from "../core/clock.js";
import { type Snapshot, StatusReader } from "../store/status-reader.js";
import { type Certificate, parseCertificate } from "../x509/certificate.js";
import { checkList } from "./crl-gate.js";
import { type BuiltList, buildList } from "./crl-lists.js";
import { verifySigned, writeSigned } from "./crl-stage.js";
import type { CrlTask, CrlWork, ListTask, PreparedList, StagedList } from "./crl-task.js";

/**
 * Makes the lists of a task in this process, with the store open read-only and without a token. All of them show one
 * snapshot and carry one thisUpdate, taken after it, so that no listed revocation lies after it (standards G13, H2).
 */
export class LocalCrlWork implements CrlWork {
  private prepared: PreparedList[] = [];
  protected readonly certificate: Certificate;

  constructor(
    protected readonly task: CrlTask,
    private readonly clock: Clock,
  ) {
    this.certificate = parseCertificate(Buffer.from(task.certificate, "hex"));
  }

  async prepare(): Promise<PreparedList[]> {
    const status = StatusReader.open(this.task.store);
    const snapshot = status.snapshot();
    try {
      const thisUpdate = nowSeconds(this.clock);
      this.prepared = this.task.lists.map((list) =>
        checkList(this.task, list, this.certificate, snapshot, this.build(list, snapshot, thisUpdate)),
      );
      return this.prepared;
    } finally {
      snapshot.close();
      await status.close();
    }
  }

  async stage(signatures: readonly Uint8Array[]): Promise<StagedList[]> {
    return this.task.lists.map((list, index) => {
      const prepared = this.prepared[index] as PreparedList;
      const signature = signatures[index] as Uint8Array;
      const file = this.write(list, prepared, signature);
      return verifySigned(this.task, list, this.certificate, prepared, signature, file);
    });
  }

  end(): void {
    // Nothing is held open between the two steps.
  }

  protected build(list: ListTask, snapshot: Snapshot, thisUpdate: number): BuiltList {
    return buildList(this.task, list, this.certificate, snapshot, thisUpdate);
  }

  protected write(list: ListTask, prepared: PreparedList, signature: Uint8Array): string {
    return writeSigned(this.task, list, prepared, signature);
  }
}
