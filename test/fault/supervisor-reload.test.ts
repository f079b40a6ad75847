import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Certificate } from "../../src/x509/certificate.js";
import { uwsUnusable } from "../support/http-server.js";
import { ocspLoad } from "../support/ocsp-load.js";
import { makeServedInstallation, RunningResponder, type ServedInstallation } from "../support/responder.js";

const CONNECTIONS = 8;
const RELOADS = 3;
/** Answers a connection between reloads. */
const ANSWERS = 50;

describe("SIGHUP", () => {
  let installation: ServedInstallation;
  let certificate: Certificate;
  before(async () => {
    installation = await makeServedInstallation((text) => text.replace("workers = 2", "workers = 1"));
    certificate = await installation.issue();
  });
  after(() => installation.close());

  const configured = (pattern: RegExp | string, replacement: string): string => {
    const text = installation.text.replace(pattern, replacement);
    assert.notEqual(text, installation.text);
    return text;
  };

  for (const transport of ["uws", "http1"] as const)
    test(`under load replaces every process and fails no request, ${transport}`, {
      skip: transport === "uws" && uwsUnusable(),
    }, async () => {
      installation.write(configured("[responder]\n", `[responder]\ntransport = "${transport}"\n`));
      const responder = await RunningResponder.start(installation.dir, "--processes", "2");
      const loads = (["1.0", "1.1"] as const).map((version) =>
        ocspLoad(installation.port, version, CONNECTIONS, installation.root.certificate, certificate),
      );
      let old = responder.processes();
      assert.equal(old.length, 2);
      for (let reload = 0; reload < RELOADS; reload++) {
        await Promise.all(loads.map((load) => load.more(ANSWERS)));
        await responder.reload(/^responder reloaded$/);
        const serving = responder.processes().filter((pid) => !old.includes(pid));
        assert.equal(serving.length, 2);
        old = serving;
      }
      await Promise.all(loads.map((load) => load.more(ANSWERS)));
      for (const load of loads) {
        await load.stop();
        assert.deepEqual(load.failures, []);
      }
      assert.equal(await responder.stop(), 0);
    });

  test("SIGTERM in the middle of a reload ends every process", async () => {
    installation.write(installation.text);
    const responder = await RunningResponder.start(installation.dir, "--processes", "2");
    responder.child.kill("SIGHUP");
    responder.child.kill("SIGTERM");
    assert.equal(await responder.ended, 0);
    const started = responder.lines.filter((line) => /process answers|not reloaded/.test(line));
    assert.ok(started.length <= 3, "after the signal no further process is started");
  });

  describe("with a configuration that cannot be used", () => {
    let responder: RunningResponder;
    before(async () => {
      installation.write(installation.text);
      responder = await RunningResponder.start(installation.dir);
    });
    after(() => responder.stop());

    const refuses = (what: string, prepare: () => void, outcome: RegExp): void => {
      test(`${what} changes nothing`, async () => {
        const before = responder.processes();
        prepare();
        await responder.reload(outcome);
        assert.deepEqual(responder.processes(), before);
        const load = ocspLoad(installation.port, "1.1", 1, installation.root.certificate, certificate);
        await load.more(2);
        await load.stop();
        assert.deepEqual(load.failures, []);
      });
    };

    refuses(
      "a wrong key",
      () => installation.write(configured("workers = 1", "wrokers = 1")),
      /^not reloaded: error CONFIG_INVALID: .*wrokers/,
    );
    refuses(
      "another address",
      () => installation.write(configured(/^listen = .*$/m, 'listen = "127.0.0.1:1"')),
      /^not reloaded: error CONFIG_INVALID: .*responder\.listen cannot change/,
    );
    refuses(
      "another store",
      () => installation.write(configured('dir = "store"', 'dir = "elsewhere"')),
      /^not reloaded: error CONFIG_INVALID: .*store\.dir cannot change/,
    );
    refuses(
      "a token that does not open",
      () => {
        writeFileSync(join(installation.dir, "secrets", "wrong.pin"), "wrong", { mode: 0o600 });
        installation.write(configured("secrets/ocsp.pin", "secrets/wrong.pin"));
      },
      /^not reloaded: error TOKEN_PIN/,
    );

    test("more processes are added, fewer drained", async () => {
      installation.write(configured("workers = 1", "workers = 1\nprocesses = 2"));
      const { length } = responder.lines;
      await responder.reload(/^responder reloaded$/);
      assert.equal(
        responder.lines.slice(length).filter((line) => line.includes("process answers")).length,
        2,
      );
      installation.write(installation.text);
      const again = responder.lines.length;
      await responder.reload(/^responder reloaded$/);
      assert.equal(responder.lines.slice(again).filter((line) => line.includes("process answers")).length, 1);
    });
  });
});
