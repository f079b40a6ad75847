/** Connections the kernel completes while the process is busy. The kernel caps it at net.core.somaxconn. */
export const BACKLOG = 4_096;

/** A socket that accepts connections and hands them to a transport. */
export interface Listener {
  readonly port: number;
  /** Stops accepting; connections already handed over go on. */
  stop(): void;
}
