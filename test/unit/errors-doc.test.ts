import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ERRORS, errorLine, SekishoError } from "../../src/core/errors.js";
import { errorDocs } from "../../tools/error-docs.js";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

test("docs/errors.md is what the table of errors says; else run: node dist/tools/error-docs.js", () => {
  assert.equal(readFileSync(join(ROOT, "docs", "errors.md"), "utf8"), errorDocs());
});

test("every error has a meaning and a remedy in whole sentences", () => {
  for (const [code, { meaning, remedy }] of Object.entries(ERRORS)) {
    assert.match(code, /^[A-Z][A-Z0-9_]+$/);
    for (const text of [meaning, remedy]) assert.match(text, /^[A-Z`].*[.)]$/, `${code}: ${text}`);
  }
});

test("an error is one line whatever its message holds", () => {
  const line = errorLine(new SekishoError("INTERNAL", "one\ntwo\r\x1b[31m\u2028three"));
  assert.equal(line, "error INTERNAL: one two [31m three");
});
