import type { FileRange } from "../http/handler.js";
import { PeerBudget } from "../http/peer-budget.js";

/** A download holds a connection, an offset and at most 16 KiB. */
const MAX_DOWNLOADS = 4_096;
/** Of one address, or one /64 network of IPv6 addresses. */
const MAX_PEER_DOWNLOADS = 64;

/** Downloads of large files in this process, bounded in all and for each peer. */
export class Downloads {
  /** Refused since the process started. */
  refused = 0;
  private count = 0;
  private readonly peers: PeerBudget;

  constructor(
    private readonly most = MAX_DOWNLOADS,
    mostOfPeer = MAX_PEER_DOWNLOADS,
  ) {
    this.peers = new PeerBudget(mostOfPeer);
  }

  get underWay(): number {
    return this.count;
  }

  /** Starts a download, which counts until its range is closed. "busy": there are enough. Undefined: `open` gave nothing. */
  start(peer: string, open: () => FileRange | undefined): FileRange | "busy" | undefined {
    if (!this.take(peer)) return "busy";
    let range: FileRange | undefined;
    try {
      range = open();
      return range && this.counted(peer, range);
    } finally {
      if (range === undefined) this.giveBack(peer);
    }
  }

  private take(peer: string): boolean {
    const isFree = this.count < this.most && this.peers.take(peer);
    if (isFree) this.count++;
    else this.refused++;
    return isFree;
  }

  private giveBack(peer: string): void {
    this.count--;
    this.peers.giveBack(peer);
  }

  private counted(peer: string, range: FileRange): FileRange {
    return {
      length: range.length,
      read: (buffer, offset) => range.read(buffer, offset),
      close: () => {
        range.close();
        this.giveBack(peer);
      },
    };
  }
}
