import assert from "node:assert/strict";
import { it } from "node:test";
import { CaStore, type IssuedCertificate } from "../../src/store/ca-store.js";
import { comparable } from "../support/comparable.js";
import { serialOf, storeOptions } from "../support/store.js";
import { tempDir } from "../support/temp-dir.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const issued = (serial: number, fields: Partial<IssuedCertificate> = {}): IssuedCertificate => ({
  issuer: 1,
  serial: Uint8Array.from(serialOf(serial)),
  kind: "certificate",
  certificate: bytes(`certificate ${serial}`),
  request: bytes(`request ${serial}`),
  subjectPublicKeyInfo: bytes(`key ${serial}`),
  subjectName: bytes(`subject ${serial}`),
  ...fields,
});

it("a certificate is pending, also over a restart, until it is settled", async (t) => {
  const dir = tempDir(t);
  const first = new CaStore(storeOptions(dir));
  await first.put(issued(7));
  await first.put(issued(0x1234, { kind: "delegate" }));
  await first.put(issued(9, { issuer: 2 }));
  await first.settle(1, serialOf(7));
  await first.close();

  const second = new CaStore(storeOptions(dir));
  t.after(() => second.close());
  assert.deepEqual(
    comparable(second.pending()),
    [issued(0x1234, { kind: "delegate" }), issued(9, { issuer: 2 })].map(
      ({ issuer, serial, kind, certificate }) => ({
        issuer,
        serial,
        kind,
        certificate,
      }),
    ),
  );
  assert.deepEqual(comparable(second.certificate(1, serialOf(7))), bytes("certificate 7"));
  assert.equal(second.certificate(2, serialOf(7)), undefined);
});

it("CRL numbers rise by one for each issuer and never repeat, together and over restarts (standards G8)", async (t) => {
  const dir = tempDir(t);
  const given: number[] = [];
  for (let round = 0; round < 3; round++) {
    const store = new CaStore(storeOptions(dir));
    given.push(...(await Promise.all(Array.from({ length: 5 }, () => store.nextCrlNumber(1)))));
    assert.equal(await store.nextCrlNumber(2), round + 1);
    await store.close();
  }
  assert.deepEqual(
    given,
    Array.from({ length: 15 }, (_, n) => n + 1),
  );
});

it("a key belongs to the subject it was first certified for (standards I20)", async (t) => {
  const dir = tempDir(t);
  const first = new CaStore(storeOptions(dir));
  await first.put(issued(1));
  await first.close();
  const store = new CaStore(storeOptions(dir));
  t.after(() => store.close());
  const { subjectPublicKeyInfo, subjectName } = issued(1);
  const another = bytes("another");
  store.refuseUsedKey(subjectPublicKeyInfo, subjectName);
  store.refuseUsedKey(bytes("new key"), another);
  assert.throws(() => store.refuseUsedKey(subjectPublicKeyInfo, another), { code: "CSR_KEY" });
  await assert.rejects(store.put(issued(2, { subjectPublicKeyInfo })), { code: "CSR_KEY" });
  assert.equal(store.certificate(1, serialOf(2)), undefined, "nothing of it is stored");
  assert.equal(store.pending().length, 1);
});
