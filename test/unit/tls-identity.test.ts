import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { isSekishoError } from "../../src/core/errors.js";
import { readTlsIdentity, tlsDateFault } from "../../src/http/tls-identity.js";
import { openssl, writeInto } from "../support/openssl.js";
import { makeTlsFiles } from "../support/tls.js";

describe("certificate and key of the HTTPS port", () => {
  const directory = mkdtempSync(join(tmpdir(), "sekisho-tls-"));
  after(() => rmSync(directory, { recursive: true }));
  const own = makeTlsFiles(directory, "own");
  const other = makeTlsFiles(directory, "other");
  const write = (name: string, content: string, mode = 0o600): string => {
    const file = writeInto(directory, name, content);
    chmodSync(file, mode);
    return file;
  };

  test("are read as they are", () => {
    const { certificate, key } = own;
    assert.deepEqual(readTlsIdentity(own.certificateFile, own.keyFile), { certificate, key });
  });

  test("may be a chain, with text around the blocks", () => {
    const request = ["req", "-new", "-key", other.keyFile, "-subj", "/CN=leaf"];
    const csr = write("leaf.csr", openssl(request).toString());
    const sign = ["x509", "-req", "-in", csr, "-CA", own.certificateFile, "-CAkey", own.keyFile];
    const leaf = openssl([...sign, "-set_serial", "5"]).toString();
    const chain = write("chain.pem", `the server\n${leaf}\nits CA\n${own.certificate}`);
    assert.equal(readTlsIdentity(chain, other.keyFile).key, other.key);
  });

  const refused = (what: string, files: () => readonly [string, string], expected: RegExp): void => {
    test(`${what}: TLS_FILES`, () => {
      const [certificateFile, keyFile] = files();
      assert.throws(
        () => readTlsIdentity(certificateFile, keyFile),
        (error) => {
          assert.ok(isSekishoError(error, "TLS_FILES"), String(error));
          assert.match(error.message, expected);
          assert.ok(!error.message.includes("BEGIN"), "nothing of a key is told");
          return true;
        },
      );
    });
  };
  const { certificateFile, keyFile, certificate, key } = own;
  refused(
    "another certificate's key",
    () => [certificateFile, other.keyFile],
    /other\.key: the key does not belong/,
  );
  refused("no certificate file", () => [join(directory, "none"), keyFile], /none: ENOENT$/);
  refused("no key file", () => [certificateFile, join(directory, "none")], /none: ENOENT$/);
  refused("a directory for a certificate", () => [directory, keyFile], /not a regular file/);
  refused(
    "a directory for a key",
    () => {
      mkdirSync(join(directory, "sub"), { mode: 0o700 });
      return [certificateFile, join(directory, "sub")];
    },
    /sub: not a regular file/,
  );
  refused("a key that others may read", () => [certificateFile, write("open.key", key, 0o640)], /mode 640/);
  refused("no PEM", () => [write("empty.pem", "text"), keyFile], /no PEM certificate/);
  refused(
    "a key among the certificates",
    () => [write("mixed.pem", certificate + key), keyFile],
    /PRIVATE KEY/,
  );
  refused(
    "certificates that do not follow each other",
    () => [write("unordered.pem", certificate + other.certificate), keyFile],
    /certificate 2 is not the issuer/,
  );
  refused(
    "a block that is no certificate",
    () => [write("broken.pem", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"), keyFile],
    /certificate 1 cannot be read/,
  );
  refused(
    "a key file without a key",
    () => [certificateFile, write("no.key", certificate)],
    /unencrypted private key/,
  );
  refused(
    "an encrypted key",
    () => {
      const encrypted = openssl(["pkey", "-in", keyFile, "-aes256", "-passout", "pass:secret"]);
      return [certificateFile, write("encrypted.key", encrypted.toString())];
    },
    /unencrypted private key/,
  );
  refused(
    "a key that OpenSSL finds too weak",
    () => {
      const weak = join(directory, "weak.key");
      const args = ["-newkey", "rsa:512", "-nodes", "-keyout", weak, "-subj", "/CN=weak"];
      return [write("weak.pem", openssl(["req", "-x509", ...args]).toString()), weak];
    },
    /weak\.pem: .*too small/,
  );

  test("dates that clients refuse are told, not refused", () => {
    const year = 365 * 86_400_000;
    assert.equal(tlsDateFault(own, Date.now()), undefined);
    assert.match(tlsDateFault(own, Date.now() + year) ?? "", /^the certificate of CN=own expired at /);
    assert.match(
      tlsDateFault(own, Date.now() - year) ?? "",
      /^the certificate of CN=own is valid from .* only$/,
    );
  });
});
