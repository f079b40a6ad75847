import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { type ConnectionKind, loadBindings } from "../../native-bindings/binding.js";

const loaded = loadBindings();
const LIMITS = {
  maxHeadBytes: 1_024,
  maxBodyBytes: 100,
  headTimeoutMs: 5_000,
  maxConnectionsPerPeer: 100,
  maxWaiting: 100,
};
const JUNK: readonly unknown[] = [
  undefined,
  null,
  -1,
  1.5,
  Number.NaN,
  2 ** 40,
  "x",
  "",
  {},
  [],
  Symbol("x"),
  () => {},
];

suite("native bindings", { skip: loaded.bindings === undefined ? loaded.reason : false }, () => {
  const { bindings } = loaded;
  if (bindings === undefined) return;
  const dir = mkdtempSync(join(tmpdir(), "sekisho-native-"));
  after(() => rmSync(dir, { recursive: true }));

  /** Calls with every combination of junk that leaves at least one argument wrong. */
  const refusesJunk = (
    name: string,
    call: (...args: unknown[]) => unknown,
    good: readonly unknown[],
  ): void => {
    test(`${name} refuses wrong arguments`, () => {
      for (const [position, right] of good.entries())
        for (const junk of JUNK) {
          if (typeof junk === typeof right) continue;
          assert.throws(() => call(...good.with(position, junk)), { name: "TypeError" });
        }
      assert.throws(() => call(), { name: "TypeError" });
    });
  };
  const untyped =
    (method: unknown): ((...args: unknown[]) => unknown) =>
    (...args) =>
      Reflect.apply(method as () => unknown, bindings, args);
  test("bootMilliseconds is the kernel's time since boot", () => {
    const [seconds = ""] = readFileSync("/proc/uptime", "latin1").split(" ");
    const read = Number(seconds) * 1_000;
    const between = bindings.bootMilliseconds();
    assert.ok(between >= read - 20 && between < read + 5_000, `${between} after ${read}`);
    assert.ok(bindings.bootMilliseconds() >= between);
  });

  refusesJunk("listen", untyped(bindings.listen), ["127.0.0.1", 0, 1]);
  refusesJunk("findAdoption", untyped(bindings.findAdoption), ["/nowhere"]);
  refusesJunk("mapFile", untyped(bindings.mapFile), [join(dir, "none"), 8, true]);
  refusesJunk("adopt", untyped(bindings.adopt), [{}, 0]);
  refusesJunk("Acceptor", (...args) => Reflect.construct(bindings.Acceptor, args), [0, LIMITS, () => {}]);

  test("an acceptor wants a listening socket and whole limits", () => {
    const notListening = () => new bindings.Acceptor(0, LIMITS, () => {});
    assert.throws(notListening, { name: "TypeError" });
    const { fd } = bindings.listen("127.0.0.1", 0, 1);
    for (const name of Object.keys(LIMITS))
      assert.throws(() => new bindings.Acceptor(fd, { ...LIMITS, [name]: 0 }, () => {}), {
        name: "TypeError",
      });
    new bindings.Acceptor(fd, LIMITS, () => {}).close();
  });

  test("a taken port is a system error with code and syscall", () => {
    const { fd, port } = bindings.listen("127.0.0.1", 0, 1);
    assert.throws(() => bindings.listen("127.0.0.1", port, 1), { code: "EADDRINUSE", syscall: "bind" });
    new bindings.Acceptor(fd, LIMITS, () => {}).close();
  });

  test("findAdoption is false for a file that is not loaded", () => {
    assert.equal(bindings.findAdoption(join(dir, "none.node")), false);
  });

  test("a mapped file is shared", () => {
    const file = join(dir, "position");
    writeFileSync(file, Buffer.alloc(8));
    const written = new BigUint64Array(bindings.mapFile(file, 8, true));
    const read = new BigUint64Array(bindings.mapFile(file, 8, false));
    written[0] = 0x0102030405060708n;
    assert.equal(read[0], 0x0102030405060708n);
    assert.equal(readFileSync(file).readBigUInt64LE(), 0x0102030405060708n);
  });

  test("mapFile refuses what is missing, no regular file, or too small", () => {
    const small = join(dir, "small");
    writeFileSync(small, Buffer.alloc(7));
    assert.throws(() => bindings.mapFile(join(dir, "none"), 8, false), { code: "ENOENT", syscall: "open" });
    assert.throws(() => bindings.mapFile(dir, 8, false), { name: "TypeError" });
    assert.throws(() => bindings.mapFile(small, 8, false), { name: "TypeError" });
    assert.throws(() => bindings.mapFile(dir, 8, true), { code: "EISDIR" });
  });

  /** What an acceptor says about a connection that sends the segments; the peer then closes its side if `ends`. */
  async function kindOf(
    segments: readonly string[],
    ends = false,
  ): Promise<{ kind: ConnectionKind; read: string }> {
    const { fd, port } = bindings!.listen("127.0.0.1", 0, 8);
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true });
    const delivered = new Promise<{ kind: ConnectionKind; socket: net.Socket }>((resolve) => {
      const acceptor = new bindings!.Acceptor(fd, LIMITS, (accepted, kind) => {
        acceptor.close();
        resolve({ kind, socket: new net.Socket({ fd: accepted }) });
      });
    });
    for (const segment of segments)
      await new Promise<void>((resolve) => socket.write(segment, "latin1", () => setImmediate(resolve)));
    if (ends) socket.end();
    const server = await delivered;
    const [read] = await once(server.socket, "data");
    server.socket.destroy();
    socket.destroy();
    return { kind: server.kind, read: String(read) };
  }

  const PLAIN = "GET /a HTTP/1.1\r\nHost: localhost:80\r\nA:b\r\n\r\n";
  const post = (fields: string): string => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
  const KINDS: readonly (readonly [kind: ConnectionKind, bytes: string])[] = [
    ["plain", PLAIN],
    ["plain", post("Content-Length: 100\r\nConnection: Keep-Alive\r\n")],
    ["plain", `${post("Content-Length: 2\r\n")}ab`],
    ["other", `${post("Content-Length: 2\r\n")}abc`],
    ["other", PLAIN + PLAIN],
    ["other", PLAIN.replace("1.1", "1.0")],
    ["other", PLAIN.replace("GET", "PUT")],
    ["other", PLAIN.replace("/a", "http://a/")],
    ["other", PLAIN.replace("/a", "/\xe9")],
    ["other", PLAIN.replace("GET ", "GET  ")],
    ["other", PLAIN.replaceAll("\r", "")],
    ["other", PLAIN.replace("A:", "A :")],
    ["other", PLAIN.replace("A:", " A:")],
    ["other", PLAIN.replace("A:b", "A:\x01")],
    ["other", PLAIN.replace("Host", "Hast")],
    ["other", PLAIN.replace("A:b", "Host: a")],
    ["other", PLAIN.replace("A:b", "Connection: close")],
    ["other", PLAIN.replace("A:b", "Upgrade: websocket")],
    ["other", PLAIN.replace("A:b", "A: b\r\n".repeat(50))],
    ["other", post("Content-Length: 101\r\n")],
    ["other", post("Content-Length: 1\r\nContent-Length: 1\r\n")],
    ["other", post("Content-Length: 1, 1\r\n")],
    ["other", post("Content-Length: 99999999999999999999\r\n")],
    ["other", post("Content-Length:\r\n")],
    ["other", post("Transfer-Encoding: chunked\r\n")],
    ["other", post("Expect: 100-continue\r\n")],
    ["other", `GET /${"a".repeat(2_000)}`],
    ["other", "\0"],
    ["other", "\r\n"],
  ];
  for (const [kind, bytes] of KINDS)
    test(`${JSON.stringify(bytes.slice(0, 70))} is ${kind}`, async () => {
      if (bytes === "\0") return assert.equal((await kindOf([bytes], true)).kind, kind);
      const whole = await kindOf([bytes]);
      assert.equal(whole.kind, kind);
      assert.equal(whole.read, Buffer.from(bytes, "latin1").toString(), "nothing was consumed");
    });

  test("a plain head cut anywhere is plain", async () => {
    for (let at = 1; at < PLAIN.length; at++)
      assert.equal((await kindOf([PLAIN.slice(0, at), PLAIN.slice(at)])).kind, "plain");
  });

  test("a head in very many segments is other", async () => {
    assert.equal((await kindOf([...PLAIN])).kind, "other");
  });

  test("a head that ends too early is other", async () => {
    assert.equal((await kindOf([PLAIN.slice(0, 20)], true)).kind, "other");
  });

  test("close hands over what waits: its request may be on the way", async () => {
    const { fd, port } = bindings.listen("127.0.0.1", 0, 8);
    const handedOver: ConnectionKind[] = [];
    const acceptor = new bindings.Acceptor(fd, LIMITS, (accepted, kind) => {
      handedOver.push(kind);
      new net.Socket({ fd: accepted }).destroy();
    });
    const first = net.connect({ port, host: "127.0.0.1" }).on("error", () => {});
    const closed = new Promise((resolve) => first.once("close", resolve));
    first.write("GET ");
    await once(first, "connect");
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    assert.deepEqual(handedOver, []);
    acceptor.close();
    acceptor.close();
    assert.deepEqual(handedOver, ["other"]);
    await closed;
  });

  test("a worker that ends with an open acceptor does not take the process along", async () => {
    const loader = fileURLToPath(import.meta.resolve("../../native-bindings/binding.js"));
    const source = `
      const { parentPort } = require("node:worker_threads");
      import(${JSON.stringify(loader)}).then(({ loadBindings }) => {
        const { bindings } = loadBindings();
        const { fd, port } = bindings.listen("127.0.0.1", 0, 8);
        new bindings.Acceptor(fd, ${JSON.stringify(LIMITS)}, () => {});
        parentPort.postMessage(port);
      });`;
    const worker = new Worker(source, { eval: true });
    const [port] = await once(worker, "message");
    const socket = net.connect({ port, host: "127.0.0.1" }).on("error", () => {});
    const closed = new Promise((resolve) => socket.resume().once("close", resolve));
    await once(socket, "connect");
    await worker.terminate();
    await closed;
  });
});
