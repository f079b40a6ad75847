import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { errorDocs } from "../../tools/error-docs.js";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

test("docs/errors.md is what the table of errors says; else run: node dist/tools/error-docs.js", () => {
  assert.equal(readFileSync(join(ROOT, "docs", "errors.md"), "utf8"), errorDocs());
});
