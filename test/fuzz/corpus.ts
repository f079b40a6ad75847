import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CORPUS = fileURLToPath(new URL("../../../test/fuzz/corpus", import.meta.url));

/** The committed inputs of a target, in the order of their names. Files hold hexadecimal digits. */
export function readCorpus(target: string): { readonly name: string; readonly input: Uint8Array }[] {
  const directory = join(CORPUS, target);
  return readdirSync(directory)
    .sort()
    .map((name) => ({
      name,
      input: Buffer.from(readFileSync(join(directory, name), "latin1").trim(), "hex"),
    }));
}

/** Writes the inputs of a target in place of those that were there. */
export function writeCorpus(target: string, inputs: ReadonlyMap<string, Uint8Array>): void {
  const directory = join(CORPUS, target);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const [name, input] of inputs) writeFileSync(join(directory, `${name}.hex`), hexLines(input));
}

function hexLines(input: Uint8Array): string {
  return `${Buffer.from(input).toString("hex")}\n`;
}
