import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ControlClient } from "../../src/control/client.js";
import { encodeFrame, MAX_REQUEST_FRAME } from "../../src/control/frame.js";
import type { RequestOf } from "../../src/control/messages.js";
import { encodeRequest, signRequest } from "../../src/control/protocol.js";
import { type ErrorCode, isSekishoError, SekishoError } from "../../src/core/errors.js";
import {
  INSTALLATION,
  RawPeer,
  STATUS,
  startControl,
  statusRequest,
  testOperator,
} from "../support/control.js";
import { tempDir } from "../support/temp-dir.js";

const status: RequestOf<"status"> = { op: "status", role: "administrator", approvals: [] };
const fails = (code: ErrorCode) => (error: unknown) => isSekishoError(error, code);

test("a signed request reaches the handler with exactly its bytes, and its result comes back", async (t) => {
  const control = await startControl(t);
  const client = await control.client();
  assert.deepEqual(await client.request(status), { result: STATUS });
  const [{ request, context } = assert.fail()] = control.handled;
  assert.deepEqual(request, status);
  assert.deepEqual(JSON.parse(Buffer.from(context.rawRequest).toString()), status);
  assert.equal(context.operator, "alice");
  assert.deepEqual(context.roles, ["administrator"]);
  assert.equal(context.counter, 1n);
  assert.equal(context.signature.length, 64);
  assert.equal(context.challenge.length, 32);
  client.close();
});

test("requests in flight are executed one at a time and answered in order", async (t) => {
  let running = 0;
  let most = 0;
  const seen: bigint[] = [];
  const control = await startControl(t, {
    handle: async (_request, { counter }) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      seen.push(counter);
      return { result: { ...STATUS, journal: { ...STATUS.journal, position: Number(counter) } } };
    },
  });
  const client = await control.client();
  const replies = await Promise.all(Array.from({ length: 50 }, () => client.request(status)));
  assert.equal(most, 1);
  assert.deepEqual(
    replies.map(({ result }) => result?.journal.position),
    Array.from({ length: 50 }, (_, i) => i + 1),
  );
  client.close();
});

test("an error of the handler keeps its code; an unforeseen one is INTERNAL and tells nothing", async (t) => {
  const errors = [new SekishoError("SERIAL_UNKNOWN", "no such serial"), new Error("secret detail")];
  const control = await startControl(t, {
    handle: async () => {
      throw errors.shift();
    },
  });
  const client = await control.client();
  await assert.rejects(client.request(status), { code: "SERIAL_UNKNOWN", message: "no such serial" });
  await assert.rejects(
    client.request(status),
    (error) => isSekishoError(error, "INTERNAL") && !error.message.includes("secret"),
  );
  assert.equal(control.faults.length, 1);
  client.close();
});

test("a filed request comes back as its id", async (t) => {
  const control = await startControl(t, { handle: async () => ({ filed: { request: "R-17" } }) });
  const client = await control.client();
  assert.deepEqual(await client.request(status), { filed: { request: "R-17" } });
  client.close();
});

test("wrong signature, counter, operator or role: refused, reported, closed, never executed", async (t) => {
  const control = await startControl(t);
  const mallory = testOperator();
  const cases: [string, RegExp, (peer: RawPeer, hello: Awaited<ReturnType<RawPeer["hello"]>>) => void][] = [
    ["signature", /signature/, (peer, hello) => peer.sendSigned(hello, mallory, 1n)],
    ["counter 0", /counter 0/, (peer, hello) => peer.sendSigned(hello, control.operator, 0n)],
    ["counter skipped", /counter 2 where 1/, (peer, hello) => peer.sendSigned(hello, control.operator, 2n)],
    [
      "operator",
      /operator/,
      (peer, hello) => peer.sendSigned(hello, control.operator, 1n, statusRequest(), "bob"),
    ],
    [
      "operator named like an object's own field",
      /operator/,
      (peer, hello) => peer.sendSigned(hello, control.operator, 1n, statusRequest(), "__proto__"),
    ],
    [
      "installation",
      /signature/,
      (peer, hello) => peer.sendSigned({ ...hello, installation: Buffer.alloc(16) }, control.operator, 1n),
    ],
    [
      "role",
      /role/,
      (peer, hello) => peer.sendSigned(hello, control.operator, 1n, statusRequest("inspector")),
    ],
  ];
  for (const [name, reason, send] of cases) {
    const peer = new RawPeer(control.socket);
    const refused = control.refusals.next();
    send(peer, await peer.hello());
    assert.equal(await peer.errorCode(), "CONTROL_REFUSED", name);
    assert.match((await refused).reason, reason, name);
    await peer.ended();
  }
  assert.equal(control.handled.length, 0);
});

test("a counter that is repeated is refused after the first was executed", async (t) => {
  const control = await startControl(t);
  const peer = new RawPeer(control.socket);
  const hello = await peer.hello();
  peer.sendSigned(hello, control.operator, 1n);
  peer.sendSigned(hello, control.operator, 1n);
  assert.equal(await peer.errorCode(), "");
  assert.equal(await peer.errorCode(), "CONTROL_REFUSED");
  assert.equal(control.handled.length, 1);
});

test("a request recorded on one connection is refused on another", async (t) => {
  const control = await startControl(t);
  const first = new RawPeer(control.socket);
  const signed = signRequest(await first.hello(), "alice", 1n, statusRequest(), control.operator.privateKey);
  const second = new RawPeer(control.socket);
  await second.hello();
  const refused = control.refusals.next();
  second.socket.write(encodeFrame(encodeRequest(signed)));
  assert.equal(await second.errorCode(), "CONTROL_REFUSED");
  const { reason, signed: seen } = await refused;
  assert.match(reason, /challenge/);
  assert.deepEqual(seen?.request, statusRequest());
  first.socket.destroy();
});

test("a signed request of unknown form is CONTROL_PROTOCOL and reported", async (t) => {
  const control = await startControl(t);
  for (const body of [
    "{}",
    "not json",
    '{"op":"status","role":"administrator","approvals":[],"more":1}',
    "\xff",
  ]) {
    const peer = new RawPeer(control.socket);
    const refused = control.refusals.next();
    peer.sendSigned(await peer.hello(), control.operator, 1n, Buffer.from(body, "latin1"));
    assert.equal(await peer.errorCode(), "CONTROL_PROTOCOL");
    await refused;
    await peer.ended();
  }
  assert.equal(control.handled.length, 0);
});

test("garbage, an oversize frame, and a peer that leaves inside a frame are reported and closed", async (t) => {
  const control = await startControl(t);
  const oversize = Buffer.alloc(8);
  oversize.writeUInt32BE(MAX_REQUEST_FRAME + 1);
  const garbage = encodeFrame(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
  for (const [bytes, leave] of [
    [oversize, false],
    [garbage, false],
    [garbage.subarray(0, 9), true],
  ] as const) {
    const peer = new RawPeer(control.socket);
    await peer.hello();
    const refused = control.refusals.next();
    peer.socket.write(bytes);
    if (leave) peer.socket.end();
    await refused;
    await peer.ended();
  }
  assert.equal(control.handled.length, 0);
});

test("half a frame and then silence ends at the frame's deadline, an idle connection at its own", async (t) => {
  const control = await startControl(t, { limits: { frameMs: 30, idleMs: 60 } });
  const half = new RawPeer(control.socket);
  await half.hello();
  const refused = control.refusals.next();
  half.socket.write(Buffer.of(0, 0));
  assert.match((await refused).reason, /not ended in time/);
  assert.equal(await half.payload(), undefined);
  const idle = new RawPeer(control.socket);
  await idle.hello();
  assert.equal(await idle.payload(), undefined);
  assert.equal(control.refusals.all.length, 1, "silence between requests is no offence");
});

test("octets that trickle in do not extend a frame's deadline", async (t) => {
  const control = await startControl(t, { limits: { frameMs: 40, idleMs: 60_000 } });
  const peer = new RawPeer(control.socket);
  await peer.hello();
  const refused = control.refusals.next();
  const trickle = setInterval(() => peer.socket.write(Buffer.of(0)), 10);
  peer.socket.write(Buffer.of(0, 0, 1));
  assert.match((await refused).reason, /not ended in time/);
  clearInterval(trickle);
});

test("more connections than allowed are closed at once", async (t) => {
  const control = await startControl(t, { limits: { maxConnections: 1 } });
  const first = new RawPeer(control.socket);
  await first.hello();
  const second = new RawPeer(control.socket);
  assert.equal(await second.payload(), undefined);
  first.socket.destroy();
});

test("stopping answers the request under way, closes idle connections and removes the socket", async (t) => {
  let begun: () => void = () => {};
  let finish: () => void = () => {};
  const running = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const gate = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const control = await startControl(t, {
    handle: async () => {
      begun();
      await gate;
      return { result: STATUS };
    },
  });
  const idle = await control.client();
  const client = await control.client();
  const reply = client.request(status);
  const queued = client.request(status);
  queued.catch(() => {});
  await running;
  const stopped = control.server.stop();
  finish();
  assert.deepEqual(await reply, { result: STATUS });
  await assert.rejects(queued, fails("CONTROL_UNREACHABLE"));
  await stopped;
  await assert.rejects(idle.request(status), fails("CONTROL_UNREACHABLE"));
  assert.equal(existsSync(control.socket), false);
});

test("the socket's directory has mode 0700 and a wider one is refused", async (t) => {
  const control = await startControl(t);
  assert.equal(lstatSync(dirname(control.socket)).mode & 0o777, 0o700);
  const wide = join(tempDir(t), "wide");
  mkdirSync(wide);
  chmodSync(wide, 0o755);
  await assert.rejects(startControl(t, { socket: join(wide, "s") }), fails("FILE_ACCESS"));
});

test("a socket that answers is INSTANCE_RUNNING, a stale one is replaced, another file is left alone", async (t) => {
  const control = await startControl(t);
  await assert.rejects(startControl(t, { socket: control.socket }), fails("INSTANCE_RUNNING"));
  const dir = tempDir(t);
  const stale = join(dir, "stale");
  leaveStaleSocket(stale);
  await startControl(t, { socket: stale });
  const file = join(dir, "file");
  writeFileSync(file, "precious");
  await assert.rejects(startControl(t, { socket: file }), fails("FILE_ACCESS"));
  assert.ok(existsSync(file));
});

test("the client refuses an issuer of another installation, and one that is not there", async (t) => {
  const control = await startControl(t);
  const options = { socket: control.socket, operator: "alice", privateKey: control.operator.privateKey };
  await assert.rejects(
    ControlClient.connect({ ...options, installation: "ff".repeat(16) }),
    fails("CONTROL_PROTOCOL"),
  );
  await assert.rejects(
    ControlClient.connect({ ...options, installation: INSTALLATION, socket: `${control.socket}x` }),
    fails("CONTROL_UNREACHABLE"),
  );
});

test("the client survives a peer that speaks something else", async (t) => {
  const path = join(tempDir(t), "odd");
  const answers = [Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), Buffer.alloc(0)];
  const odd = createServer((socket) => socket.end(answers.shift() ?? ""));
  await new Promise<void>((resolve) => odd.listen(path, resolve));
  t.after(() => odd.close());
  const options = { socket: path, installation: INSTALLATION, operator: "alice", ...testOperator() };
  await assert.rejects(ControlClient.connect(options), fails("CONTROL_PROTOCOL"));
  await assert.rejects(ControlClient.connect(options), fails("CONTROL_UNREACHABLE"));
});

test("a result that breaks its schema is CONTROL_PROTOCOL at the client", async (t) => {
  const control = await startControl(t, {
    handle: async () => ({ result: { ...STATUS, started: "yesterday" } }),
  });
  const client = await control.client();
  await assert.rejects(client.request(status), fails("CONTROL_PROTOCOL"));
  client.close();
});

/** A socket file as a killed issuer leaves it: bound, and nobody behind it. */
function leaveStaleSocket(path: string): void {
  const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  assert.throws(() => execFileSync(process.execPath, ["-e", script]), { signal: "SIGKILL" });
  assert.ok(existsSync(path));
}
