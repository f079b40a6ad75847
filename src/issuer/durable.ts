import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes what was linked, renamed or made in a directory durable. */
export async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a directory and those above it; they are on disk when it resolves. */
export async function makeDurableDirectory(dir: string): Promise<void> {
  const first = await mkdir(dir, { recursive: true });
  if (first === undefined) return;
  for (let made = dir; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
}
