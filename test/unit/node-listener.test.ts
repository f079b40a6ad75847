import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { DEFAULT_HTTP_LIMITS } from "../../src/http/handler.js";
import { serveAccepted } from "../../src/http/node-listener.js";

/** What the listener asks of a socket. */
class Accepted {
  destroyed = false;

  constructor(readonly remoteAddress: string) {}

  destroy(): void {
    this.destroyed = true;
  }
}

test("connections are counted by IPv4 address and by the /64 network of an IPv6 address", () => {
  let accept: (socket: Socket) => void = () => {};
  const ended: (() => void)[] = [];
  const sockets = { attach: (_: Socket, onClosed?: () => void) => ended.push(onClosed ?? assert.fail()) };
  const limits = { ...DEFAULT_HTTP_LIMITS, maxConnectionsPerPeer: 2 };
  serveAccepted(
    (take) => {
      accept = take;
    },
    1,
    limits,
    sockets,
  );
  const isServed = (remoteAddress: string): boolean => {
    const socket = new Accepted(remoteAddress);
    accept(socket as unknown as Socket);
    return !socket.destroyed;
  };
  assert.ok(isServed("2001:db8:0:1::1"));
  assert.ok(isServed("2001:db8:0:1:ffff::2"));
  assert.ok(!isServed("2001:db8::1:0:0:0:3"));
  assert.ok(isServed("2001:db8:0:2::1"));
  assert.ok(isServed("::ffff:192.0.2.1"));
  assert.ok(isServed("192.0.2.1"));
  assert.ok(!isServed("192.0.2.1"));
  ended[0]?.();
  assert.ok(isServed("2001:db8:0:1::4"));
});
