import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "smol-toml";
import { demoConfigText } from "../../tools/quickstart/config-text.js";

/** Every key that an operator can meet in the quickstart's file is explained. */
test("docs/configuration.md explains every key of the quickstart's configuration", () => {
  const docs = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
  const text = demoConfigText({
    installation: "00".repeat(16),
    port: 8080,
    metricsPort: 8081,
    signer: "pkcs11",
    module: "/module.so",
    key: "p256",
    operatorKey: "00".repeat(32),
  });
  const keys = new Set<string>();
  const named = new Set(["tokens", "operators", "issuers", "policies", "profiles"]);
  const walk = (table: object, chosenByOperator: boolean): void => {
    for (const [key, value] of Object.entries(table)) {
      if (!chosenByOperator) keys.add(key);
      if (typeof value === "object" && !Array.isArray(value))
        walk(value, !chosenByOperator && named.has(key));
    }
  };
  walk(parse(text), false);
  assert.ok(keys.size > 30);
  for (const key of keys) assert.match(docs, new RegExp(`[\`.\\[]${key}[\`.\\]]`), `${key} is not explained`);
});
