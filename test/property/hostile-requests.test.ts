import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DEFAULT_HTTP_LIMITS } from "../../src/http/handler.js";
import { type HttpServer, startHttpServer } from "../../src/http/server.js";
import { Random } from "../fault/schedules/random.js";
import { Askers } from "../support/askers.js";
import { hostileHttp, outcomeOf } from "../support/hostile-http.js";
import { HostileRequests } from "../support/hostile-requests.js";
import { silentLog, uwsUnusable } from "../support/http-server.js";
import { enrol, type Installation, makeInstallation } from "../support/installation.js";
import { TestResponder } from "../support/test-responder.js";

/** Requests by a grammar over real sockets: every answer is one that the table names (standards P). SEKISHO_SEED changes them. */

const REQUESTS = 3_000;

for (const transport of ["uws", "http1"] as const)
  describe(`${REQUESTS} hostile requests over ${transport}`, {
    skip: transport === "uws" && uwsUnusable(),
  }, () => {
    let installation: Installation;
    let server: HttpServer;
    before(async () => {
      installation = await makeInstallation();
      await enrol(installation);
      server = await startHttpServer({
        host: "127.0.0.1",
        port: 0,
        transport,
        limits: DEFAULT_HTTP_LIMITS,
        handler: new TestResponder(installation).frontend.handle,
        log: silentLog,
      });
    });
    after(async () => {
      await server.close(0, 0);
      await installation.close();
    });

    test("only answers that the table names", async () => {
      const { serialNumber } = await installation.issue();
      const random = new Random(Number(process.env.SEKISHO_SEED ?? 1));
      const source = new HostileRequests(installation.root.certificate, serialNumber, random);
      const askers = new Askers(server.port, 4);
      const wrong: string[] = [];
      let good = 0;
      for (let i = 0; i < REQUESTS; i++) {
        const { bytes, rule, allowed } = hostileHttp(source);
        const outcome = await askers.ask(bytes).then(outcomeOf, (error: Error) => error.message);
        if (outcome === "0") good++;
        if (!allowed.includes(outcome)) wrong.push(`${rule}: ${outcome}: ${bytes.toString("hex")}`);
      }
      askers.close();
      assert.deepEqual(wrong.slice(0, 5), []);
      assert.ok(good > REQUESTS / 20, "valid ones are among them");
    });
  });
