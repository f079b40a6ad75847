import type { Clock } from "../core/clock.js";
import type { Config } from "../core/config.js";
import type { KeyAccess, Signer } from "../signer/signer.js";
import { checkpointMessage } from "../store/checkpoint-record.js";
import type { StatusWriter } from "../store/status-writer.js";
import { signBytes } from "./certify.js";

const LABEL = "journal";

/** Signs the journal head with a key that is used for nothing else: at each CRL, and every ten minutes with changes. */
export class Checkpointer {
  private opened: Promise<Signer> | undefined;
  private failed = false;

  constructor(
    private readonly config: Config,
    private readonly status: StatusWriter,
    private readonly keyStore: KeyAccess,
    private readonly clock: Clock,
  ) {}

  /** Finds the journal key, or generates it. Throws as the token does. */
  open(): Promise<Signer> {
    this.opened ??= journalKey(this.keyStore, this.config.journal.keyType).catch((error) => {
      this.opened = undefined;
      throw error;
    });
    return this.opened;
  }

  /** True once an attempt failed and the token works again. */
  get isOverdue(): boolean {
    return this.failed && this.keyStore.fault === undefined;
  }

  /** Signs the present head unless it is signed already. */
  async checkpoint(): Promise<void> {
    try {
      await this.signHead();
      this.failed = false;
    } catch (error) {
      this.failed = true;
      throw error;
    }
  }

  private async signHead(): Promise<void> {
    const head = this.status.reader.head();
    if (head.position === this.status.lastCheckpoint()) return;
    const signer = await this.open();
    const timeMs = this.clock.nowMs();
    const message = checkpointMessage(this.config.installation, head, timeMs);
    const signature = await signBytes(signer, message);
    const { subjectPublicKeyInfo } = signer;
    await this.status.storeCheckpoint(head.position, { timeMs, subjectPublicKeyInfo, signature });
  }
}

async function journalKey(keyStore: KeyAccess, keyType: Signer["keyType"]): Promise<Signer> {
  for (const identifier of await keyStore.list(LABEL)) {
    const signer = await keyStore.findSigner(identifier);
    if (signer?.keyType === keyType) return signer;
  }
  return keyStore.generate(LABEL, keyType);
}
