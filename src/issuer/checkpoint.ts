import type { Clock } from "../core/clock.js";
import type { Config } from "../core/config.js";
import type { KeyStore, Signer } from "../signer/signer.js";
import { checkpointMessage } from "../store/checkpoint-record.js";
import type { StatusWriter } from "../store/status-writer.js";
import { signBytes } from "./certify.js";

const LABEL = "journal";

/** Signs the journal head with a key that is used for nothing else: at each CRL, and every ten minutes with changes. */
export class Checkpointer {
  private readonly signer: Signer;
  private readonly installation: string;

  constructor(
    config: Config,
    private readonly status: StatusWriter,
    keyStore: KeyStore,
    private readonly clock: Clock,
  ) {
    this.signer = journalKey(keyStore, config.journal.keyType);
    this.installation = config.installation;
  }

  /** Signs the present head unless it is signed already. */
  async checkpoint(): Promise<void> {
    const head = this.status.reader.head();
    if (head.position === this.status.lastCheckpoint()) return;
    const timeMs = this.clock.nowMs();
    const signature = await signBytes(this.signer, checkpointMessage(this.installation, head, timeMs));
    const { subjectPublicKeyInfo } = this.signer;
    await this.status.storeCheckpoint(head.position, { timeMs, subjectPublicKeyInfo, signature });
  }
}

function journalKey(keyStore: KeyStore, keyType: Signer["keyType"]): Signer {
  for (const identifier of keyStore.list(LABEL)) {
    const signer = keyStore.findSigner(identifier);
    if (signer?.keyType === keyType) return signer;
  }
  return keyStore.generate(LABEL, keyType);
}
