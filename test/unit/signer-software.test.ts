import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { keyIdentifierOf } from "../../src/signer/algorithms.js";
import type { KeyType } from "../../src/signer/signer.js";
import { openSoftwareStore } from "../../src/signer/software.js";
import { messages, signAndVerify } from "../support/messages.js";

let base: string;
let dir: string;
let pinFile: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "sekisho-software-"));
  dir = join(base, "keys");
  pinFile = join(base, "pin");
  writeFileSync(pinFile, "a passphrase\n", { mode: 0o600 });
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

for (const keyType of ["rsa2048", "rsa3072", "p256", "p384"] satisfies KeyType[])
  test(`${keyType}: generated, found again by another store, signs`, async () => {
    const generated = openSoftwareStore(dir, pinFile).generate("ca/root key", keyType);
    const id = keyIdentifierOf(generated.subjectPublicKeyInfo);
    const store = openSoftwareStore(dir, pinFile);
    assert.deepEqual(store.list("ca/root key"), [id]);
    assert.deepEqual(store.list("ca"), []);
    const signer = store.findSigner(id);
    assert.ok(signer);
    assert.equal(signer.keyType, keyType);
    assert.deepEqual(await signAndVerify(signer, messages(4)), [true, true, true, true]);
    assert.equal(store.findSigner(Buffer.alloc(20)), undefined);
  });

test("files are encrypted, for the owner only, and nothing half-written stays", () => {
  openSoftwareStore(dir, pinFile).generate("key", "p256");
  assert.equal(statSync(dir).mode & 0o777, 0o700);
  const [name = "", ...others] = readdirSync(dir);
  assert.deepEqual(others, []);
  assert.match(readFileSync(join(dir, name), "latin1"), /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
  assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600);
});

test("a wrong passphrase is TOKEN_PIN", () => {
  const signer = openSoftwareStore(dir, pinFile).generate("key", "p256");
  writeFileSync(pinFile, "another");
  const store = openSoftwareStore(dir, pinFile);
  assert.throws(() => store.findSigner(keyIdentifierOf(signer.subjectPublicKeyInfo)), { code: "TOKEN_PIN" });
});

test("a key directory that others may use is refused", () => {
  openSoftwareStore(dir, pinFile);
  chmodSync(dir, 0o750);
  assert.throws(() => openSoftwareStore(dir, pinFile), { code: "FILE_ACCESS" });
});

test("a world-readable PIN file is refused at once", () => {
  chmodSync(pinFile, 0o644);
  assert.throws(() => openSoftwareStore(dir, pinFile), { code: "TOKEN_PIN" });
});
