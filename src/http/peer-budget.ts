import { peerOf } from "./peer-text.js";

/**
 * Requests of each peer that wait for something all peers share, a signature or a download: one peer cannot take all of it
 * (invariant 9, standards E5).
 */
export class PeerBudget {
  private readonly underWay = new Map<string, number>();

  /** `most`: requests of one peer at a time. */
  constructor(private readonly most: number) {}

  /** Counts one more request of an address; false if its peer has enough of them. */
  take(address: string): boolean {
    const peer = peerOf(address);
    const underWay = this.underWay.get(peer) ?? 0;
    if (underWay >= this.most) return false;
    this.underWay.set(peer, underWay + 1);
    return true;
  }

  /** One of the address's requests has been answered. */
  giveBack(address: string): void {
    const peer = peerOf(address);
    const underWay = this.underWay.get(peer) ?? 0;
    if (underWay > 1) this.underWay.set(peer, underWay - 1);
    else this.underWay.delete(peer);
  }
}
