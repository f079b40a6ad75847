import type { Clock } from "../core/clock.js";
import type { Config } from "../core/config.js";
import type { KeyStore, Signer } from "../signer/signer.js";
import type { StatusWriter } from "../store/status-writer.js";
import { signBytes } from "./certify.js";

const DOMAIN_TAG = Buffer.from("sekisho checkpoint v1\0", "latin1");
const LABEL = "journal";

/**
 * Signs the journal head with a key that is used for nothing else: at each CRL, and every ten minutes with changes.
 *
 * Signed bytes: domain tag | installation 16 | position 6 | head hash 32 | time (ms) 6. Stored: time 6 | signature.
 */
export class Checkpointer {
  private readonly signer: Signer;
  private readonly installation: Buffer;

  constructor(
    config: Config,
    private readonly status: StatusWriter,
    keyStore: KeyStore,
    private readonly clock: Clock,
  ) {
    this.signer = journalKey(keyStore, config.journal.keyType);
    this.installation = Buffer.from(config.installation, "hex");
  }

  /** Signs the present head unless it is signed already. */
  async checkpoint(): Promise<void> {
    const { position, hash } = this.status.reader.head();
    if (position === this.status.lastCheckpoint()) return;
    const numbers = Buffer.alloc(12);
    numbers.writeUIntBE(position, 0, 6);
    numbers.writeUIntBE(this.clock.nowMs(), 6, 6);
    const message = Buffer.concat([
      DOMAIN_TAG,
      this.installation,
      numbers.subarray(0, 6),
      hash,
      numbers.subarray(6),
    ]);
    const signature = await signBytes(this.signer, message);
    await this.status.storeCheckpoint(position, Buffer.concat([numbers.subarray(6), signature]));
  }
}

function journalKey(keyStore: KeyStore, keyType: Signer["keyType"]): Signer {
  for (const identifier of keyStore.list(LABEL)) {
    const signer = keyStore.findSigner(identifier);
    if (signer?.keyType === keyType) return signer;
  }
  return keyStore.generate(LABEL, keyType);
}
