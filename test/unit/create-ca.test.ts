import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Authorities } from "../../src/issuer/authority.js";
import { createCa } from "../../src/issuer/create-ca.js";
import { issueCertificate } from "../../src/issuer/issue.js";
import type { StatusWriter } from "../../src/store/status-writer.js";
import { encodePem } from "../../src/x509/pem.js";
import { makeRequest } from "../support/certification-request.js";
import { type Installation, makeInstallation, withSubordinateCa } from "../support/installation.js";
import { openssl, writeInto } from "../support/openssl.js";

/** Creation of CAs: self-signed, below a parent, again after an interruption, and never twice. */

async function installed(
  t: { after(close: () => Promise<void>): void },
  edit = withSubordinateCa,
): Promise<Installation> {
  const installation = await makeInstallation(edit);
  t.after(() => installation.close());
  return installation;
}

describe("createCa", () => {
  test("self-signed: its certificate is the first one it issued", async (t) => {
    const { context, root } = await installed(t);
    const { certificate } = root;
    assert.deepEqual(certificate.issuerName, certificate.subjectName);
    assert.equal(context.status.reader.row(root.issuer, certificate.serialNumber)?.state, "good");
    assert.deepEqual(
      context.status.reader.issuers().map(({ issuer, id }) => [issuer, id]),
      [[1, "root"]],
    );
  });

  test("below a parent: a row of the parent's, an issuer of its own, a chain that openssl accepts", async (t) => {
    const { context, keyStore, root, dir } = await installed(t);
    const { certificate } = await createCa(context, keyStore("sub"), "sub");
    const sub = context.authorities.get("sub");
    assert.notEqual(sub.issuer, root.issuer);
    assert.equal(context.status.reader.row(root.issuer, certificate.serialNumber)?.state, "good");
    assert.equal(context.status.reader.row(sub.issuer, certificate.serialNumber), undefined);
    assert.deepEqual(context.ca.pending(), []);

    const leaf = await issueCertificate(context, sub, await makeRequest("leaf.example"), "tls-server");
    const write = (name: string, der: Uint8Array) => writeInto(dir, name, encodePem(der, "CERTIFICATE"));
    const trusted = ["-CAfile", write("root.pem", root.certificate.der)];
    const chain = ["-untrusted", write("sub.pem", certificate.der)];
    openssl(["verify", "-x509_strict", ...trusted, ...chain, write("leaf.pem", leaf.certificate.der)]);
    const text = openssl(["x509", "-in", join(dir, "sub.pem"), "-noout", "-text"]).toString();
    assert.deepEqual(
      text.match(/Policy: .*/g),
      ["Policy: 1.2.392.200091.100.901.4"],
      "the sub-CA policy alone",
    );
  });

  test("twice is refused, also when the key has gone from the token", async (t) => {
    const { context, config, keyStore, dir } = await installed(t);
    await assert.rejects(createCa(context, keyStore("ca"), "root"), { code: "ISSUER_EXISTS" });
    for (const file of readdirSync(join(dir, "keys/ca"))) rmSync(join(dir, "keys/ca", file));
    const authorities = new Authorities(config, context.status.reader, keyStore);
    await assert.rejects(createCa({ ...context, authorities }, keyStore("ca"), "root"), {
      code: "ISSUER_EXISTS",
    });
    assert.equal(context.status.reader.issuers().length, 1);
  });

  test("an interrupted attempt's key is used by the next one", async (t) => {
    const { context, keyStore } = await installed(t);
    const status = Object.create(context.status) as StatusWriter;
    status.transact = () => Promise.reject(new Error("died"));
    await assert.rejects(createCa({ ...context, status }, keyStore("sub"), "sub"), /died/);
    const [before] = keyStore("sub").list("ca-sub");
    await createCa(context, keyStore("sub"), "sub");
    assert.deepEqual(keyStore("sub").list("ca-sub"), [before]);
  });

  test("ids, parents and profiles that cannot be", async (t) => {
    const { context, keyStore, config } = await installed(t);
    await assert.rejects(createCa(context, keyStore("sub"), "nobody"), { code: "ISSUER_UNKNOWN" });
    const with_ = (fields: object) => ({
      ...context,
      config: { ...config, issuers: { ...config.issuers, sub: { ...config.issuers.sub, ...fields } } },
    });
    const create = (fields: object) => createCa(with_(fields) as typeof context, keyStore("sub"), "sub");
    await assert.rejects(create({ profile: "root" }), { code: "PROFILE_REFUSED" });
    await assert.rejects(create({ parent: undefined }), { code: "PROFILE_REFUSED" });
    await assert.rejects(create({ parent: "sub" }), { code: "ISSUER_UNKNOWN" });
    assert.equal(context.status.reader.issuers().length, 1);
  });

  test("a parent whose policies do not allow sub-CAs certifies none", async (t) => {
    const edit = (text: string) => withSubordinateCa(text.replace('"subordinate-ca", "time"]', '"time"]'));
    const { context, keyStore } = await installed(t, edit);
    await assert.rejects(createCa(context, keyStore("sub"), "sub"), { code: "PROFILE_REFUSED" });
  });
});

describe("Authorities", () => {
  test("a CA whose key is missing stops no other, and is back with its key", async (t) => {
    const { context, keyStore, config, dir } = await installed(t);
    await createCa(context, keyStore("sub"), "sub");
    const [name] = keyStore("sub")
      .list("ca-sub")
      .map((identifier) => Buffer.from(identifier).toString("hex"));
    const file = join(dir, "keys/sub", `${name}.ca-sub.pem`);
    const key = readFileSync(file);
    rmSync(file);

    const authorities = new Authorities(config, context.status.reader, keyStore);
    await authorities.get("root").open();
    const sub = authorities.get("sub");
    const tbs = { digest: createHash("sha256").digest(), chunks: () => [] };
    await assert.rejects(sub.open(), { code: "KEY_MISSING" });
    await assert.rejects(sub.signer.sign([tbs]), { code: "KEY_MISSING" });

    writeFileSync(file, key, { mode: 0o600 });
    assert.equal((await sub.signer.sign([tbs])).length, 1);
  });

  test("a CA that left the configuration is neither served nor missed", async (t) => {
    const { context, keyStore, config } = await installed(t);
    const without = { ...config, issuers: {} };
    const authorities = new Authorities(without, context.status.reader, keyStore);
    assert.deepEqual(authorities.all(), []);
    assert.throws(() => authorities.get("root"), { code: "ISSUER_UNKNOWN", message: /not configured/ });
  });
});
