import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { purgeList } from "../../src/verify/purge-list.js";
import { encodePem } from "../../src/x509/pem.js";
import { serialText } from "../../src/x509/serial.js";
import { enrol, makeInstallation } from "../support/installation.js";
import { statusIn } from "../support/ocsp-client.js";
import { openssl, writeInto } from "../support/openssl.js";
import { TestResponder } from "../support/test-responder.js";

test("the purge list names what openssl asks, and every entry gets the certificate's answer (F1, F3)", async (t) => {
  const installation = await makeInstallation();
  t.after(() => installation.close());
  await enrol(installation);
  const { config, root, dir } = installation;
  const { serialNumber } = await installation.issue();
  const { urls, posts } = await purgeList(config, "root", serialNumber);

  const ca = writeInto(dir, "root.pem", encodePem(root.certificate.der, "CERTIFICATE"));
  for (const hash of ["-sha1", "-sha256"]) {
    const file = `${dir}/request.der`;
    openssl([
      "ocsp",
      "-issuer",
      ca,
      hash,
      "-serial",
      `0x${serialText(serialNumber)}`,
      "-no_nonce",
      "-reqout",
      file,
    ]);
    const asked = readFileSync(file).toString("base64");
    assert.ok(posts.some(({ body }) => body === asked));
    assert.ok(urls.includes(`${config.responder.publicUrl}/ocsp/${encodeURIComponent(asked)}`));
  }
  const responder = new TestResponder(installation);
  for (const url of urls) {
    const { body } = await responder.get(url.slice(config.responder.publicUrl.length));
    assert.equal(statusIn(body, serialNumber), "good", url);
  }
  assert.equal(new Set(urls).size, urls.length);
});
