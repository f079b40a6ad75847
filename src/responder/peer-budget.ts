import { peerOf } from "../http/peer-text.js";

/**
 * Requests of each peer that wait for a signature: one peer cannot fill the queues that all share (invariant 9,
 * standards E5). Kept answers are not counted.
 */
export class PeerBudget {
  private readonly waiting = new Map<string, number>();

  /** `most`: requests of one peer at a time. */
  constructor(private readonly most: number) {}

  /** Counts one more request of an address; false if its peer has enough of them. */
  take(address: string): boolean {
    const peer = peerOf(address);
    const waiting = this.waiting.get(peer) ?? 0;
    if (waiting >= this.most) return false;
    this.waiting.set(peer, waiting + 1);
    return true;
  }

  /** One of the address's requests has been answered. */
  giveBack(address: string): void {
    const peer = peerOf(address);
    const waiting = this.waiting.get(peer) ?? 0;
    if (waiting > 1) this.waiting.set(peer, waiting - 1);
    else this.waiting.delete(peer);
  }
}
