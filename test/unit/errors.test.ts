import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { it } from "node:test";
import { ERRORS, errorLine, isSekishoError, SekishoError, toSekishoError } from "../../src/core/errors.js";

const thrownBy = (action: () => unknown): unknown => {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
};

it("a SekishoError passes unchanged and knows its exit code", () => {
  const error = new SekishoError("CONFIG_INVALID", "text");
  assert.equal(toSekishoError(error), error);
  assert.equal(error.exit, 2);
  assert.equal(new SekishoError("INTERNAL", "text").exit, 1);
  assert(isSekishoError(error));
  assert(isSekishoError(error, "USAGE", "CONFIG_INVALID"));
  assert(!isSekishoError(error, "USAGE"));
  assert(!isSekishoError(new Error("text")));
});

it("a missing file is FILE_ACCESS, with the system's error as cause", () => {
  const cause = thrownBy(() => readFileSync("/nonexistent/file"));
  const error = toSekishoError(cause);
  assert.equal(error.code, "FILE_ACCESS");
  assert.equal(error.cause, cause);
  assert.match(error.message, /ENOENT.*\/nonexistent\/file/);
});

it("an address in use is PORT_TAKEN", async (t) => {
  const listen = (server: Server, port: number): Promise<unknown> =>
    new Promise((resolve) => {
      server.once("error", resolve).listen(port, "127.0.0.1", () => resolve(undefined));
      t.after(() => server.close());
    });
  const first = createServer();
  await listen(first, 0);
  const address = first.address();
  assert(address !== null && typeof address === "object");
  assert.equal(toSekishoError(await listen(createServer(), address.port)).code, "PORT_TAKEN");
});

it("whatever else is thrown is INTERNAL", () => {
  for (const thrown of [new TypeError("text"), "text", null, undefined, 5, { message: 5 }])
    assert.equal(toSekishoError(thrown).code, "INTERNAL");
  assert.equal(toSekishoError("text").message, "text");
});

it("an error line is one line without control characters, so that foreign text cannot forge one", () => {
  const forged = new SekishoError("USAGE", "a\r\nerror INTERNAL: b\u0000\u001b[31m\u0085\u2028\u2029c\n");
  assert.equal(errorLine(forged), "error USAGE: a error INTERNAL: b [31m c");
  assert.equal(errorLine(undefined), "error INTERNAL: undefined");
});

it("every code has a meaning and a remedy, each a sentence", () => {
  for (const [code, { meaning, remedy }] of Object.entries(ERRORS))
    for (const text of [meaning, remedy]) assert.match(text, /^[A-Z].*\.$/, code);
});
