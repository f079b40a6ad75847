import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Config } from "../../src/core/config.js";
import { openKeyStore } from "../../src/signer/open.js";
import { createSoftHsm, type SoftHsm } from "../support/softhsm.js";

let hsm: SoftHsm;
before(() => {
  hsm = createSoftHsm(["ca"]);
});
after(() => hsm.remove());

/** The part of a configuration that openKeyStore reads. */
function config(production: boolean): Config {
  const { module, softhsm2Conf, pinFile } = hsm;
  const read: Pick<Config, "file" | "production" | "pkcs11" | "tokens"> = {
    file: "sekisho.toml",
    production,
    pkcs11: { module, softhsm2Conf },
    tokens: {
      hard: { provider: "pkcs11", label: "ca", pinFile },
      soft: { provider: "software", dir: join(hsm.dir, "soft"), pinFile },
    },
  };
  return read as Config;
}

test("both providers open outside production", () => {
  for (const name of ["hard", "soft"]) openKeyStore(config(false), name).close();
});

test("Q6.2.1: production refuses software keys and SoftHSM2", () => {
  for (const name of ["hard", "soft"])
    assert.throws(() => openKeyStore(config(true), name), { code: "KEY_REFUSED" });
});

test("a name that is not configured is refused", () => {
  assert.throws(() => openKeyStore(config(false), "other"), { code: "TOKEN_MISSING" });
});
