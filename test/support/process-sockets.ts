import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The client's ports of a process's open connections over IPv4, by /proc. */
export function clientPortsOf(pid: number): Set<number> {
  const inodes = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => socketInode(`/proc/${pid}/fd/${fd}`)));
  const ports = new Set<number>();
  for (const line of readFileSync("/proc/net/tcp", "latin1").split("\n").slice(1)) {
    // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
    const [, , remote, , , , , , , inode] = line.trim().split(/\s+/);
    if (remote !== undefined && inode !== undefined && inodes.has(inode))
      ports.add(Number.parseInt(remote.split(":")[1] as string, 16));
  }
  return ports;
}

/** Undefined for what is no socket or is closed meanwhile. */
function socketInode(link: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.[1];
  } catch {
    return undefined;
  }
}
