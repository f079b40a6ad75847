import { createInterface } from "node:readline";
import { change, issue, openReader, openWriter, revoke, serialOf } from "./store.js";

/**
 * A process of its own on a store: `write DIR FROM` issues and revokes serials from FROM on without end and says
 * each acknowledged change; `read DIR` answers each line (a serial) with the row's state.
 */
const [role, dir, from] = process.argv.slice(2);
if (dir === undefined) throw new Error("usage: write DIR FROM | read DIR");
if (role === "write") await write(dir, Number(from));
else await answer(dir);

async function write(store: string, first: number): Promise<void> {
  const writer = openWriter(store);
  for (let serial = first; ; serial += 4)
    await Promise.all([0, 1, 2, 3].map((offset) => issueAndRevoke(serial + offset)));

  async function issueAndRevoke(serial: number): Promise<void> {
    process.stdout.write(`good ${serial} ${await change(writer, issue(serial))}\n`);
    process.stdout.write(`revoked ${serial} ${await change(writer, revoke(serial))}\n`);
  }
}

async function answer(store: string): Promise<void> {
  const reader = openReader(store);
  process.stdout.write("ready\n");
  for await (const line of createInterface(process.stdin)) {
    // Nothing lets lmdb's timer end the snapshot between two reads without this.
    reader.refresh();
    process.stdout.write(`${reader.row(1, serialOf(Number(line)))?.state ?? "unknown"}\n`);
  }
  await reader.close();
}
