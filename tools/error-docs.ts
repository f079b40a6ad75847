/**
 * Writes docs/errors.md from the table in src/core/errors.ts.
 * Usage: node dist/tools/error-docs.js
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ERRORS } from "../src/core/errors.js";

const HEAD = `# Errors

Every command and service reports a foreseeable fault as one line, \`error CODE: message\`, on stderr. Codes are stable.
Exit 1 means refused or failed, 2 means usage or configuration. This page is generated from \`src/core/errors.ts\` by
\`node dist/tools/error-docs.js\`; a test keeps the two equal.

| code | exit | meaning | remedy |
|---|---|---|---|
`;

/** Text of docs/errors.md. */
export function errorDocs(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { exit, meaning, remedy }]) => `| ${code} | ${exit} | ${cell(meaning)} | ${cell(remedy)} |\n`,
  );
  return HEAD + rows.join("");
}

const cell = (text: string): string => text.replaceAll("|", "\\|");

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "docs", "errors.md");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, errorDocs());
}
