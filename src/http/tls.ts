import { constants } from "node:crypto";
import type { Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { HttpLimits } from "./handler.js";
import type { Http1Transport } from "./http1.js";
import type { SocketServer, Watched } from "./listener.js";

/**
 * Handshakes at a time; a half-open one costs some 30 KiB. One more ends the oldest: a handshake that is meant takes a
 * round trip or two, so those that fill the places are not.
 */
const MAX_HANDSHAKES = 1_024;

/** TLS 1.3's suites, and those of 1.2 with forward secrecy and authenticated encryption (RFC 9325 4.2). */
const CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  ...["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"].flatMap((cipher) => [
    `ECDHE-ECDSA-${cipher}`,
    `ECDHE-RSA-${cipher}`,
  ]),
];

/** What our transport speaks (RFC 7301); a client that offers other protocols alone is refused. */
const ALPN_PROTOCOLS = ["http/1.1", "http/1.0"];

/** What an HTTPS port shows and proves: PEM texts that fit each other. */
export interface TlsIdentity {
  /** The server's certificate, then its issuers'. */
  readonly certificate: string;
  readonly key: string;
}

/** Versions, suites and options of every HTTPS connection. Throws OpenSSL's error for what it cannot use. */
export function secureContext({ certificate, key }: TlsIdentity): SecureContext {
  return createSecureContext({
    cert: certificate,
    key,
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.3",
    ciphers: CIPHERS.join(":"),
    ecdhCurve: "X25519:P-256:P-384",
    // Renegotiation makes the server work for nothing (RFC 9325 3.5); 1.3 has none.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  });
}

/** TLS between accepted sockets and our own HTTP transport. */
export class TlsLayer implements SocketServer {
  readonly #context: SecureContext;
  readonly #http1: Http1Transport;
  readonly #limits: HttpLimits;
  /** The oldest first. */
  readonly #handshakes = new Set<Handshake>();

  readonly #maxHandshakes: number;

  constructor(
    identity: TlsIdentity,
    http1: Http1Transport,
    limits: HttpLimits,
    maxHandshakes = MAX_HANDSHAKES,
  ) {
    this.#context = secureContext(identity);
    this.#http1 = http1;
    this.#limits = limits;
    this.#maxHandshakes = maxHandshakes;
  }

  attach(accepted: Socket, onClosed?: () => void): void {
    const [oldest] = this.#handshakes;
    if (this.#handshakes.size >= this.#maxHandshakes) oldest?.destroy();
    const socket = new TLSSocket(accepted, {
      isServer: true,
      secureContext: this.#context,
      ALPNProtocols: ALPN_PROTOCOLS,
    });
    const handshake = new Handshake(socket, this.#limits.headTimeoutMs);
    this.#handshakes.add(handshake);
    const unwatch = this.#http1.watch(handshake);
    const finish = (): void => {
      this.#handshakes.delete(handshake);
      unwatch();
    };
    for (const each of [accepted, socket]) each.on("error", () => socket.destroy());
    accepted.once("close", () => {
      finish();
      onClosed?.();
    });
    socket.once("secure", () => {
      this.#http1.attach(socket);
      finish();
    });
  }
}

/** A connection before its handshake is done, in the transport's care. */
class Handshake implements Watched {
  readonly #socket: TLSSocket;
  readonly #deadline: number;

  constructor(socket: TLSSocket, timeoutMs: number) {
    this.#socket = socket;
    this.#deadline = performance.now() + timeoutMs;
  }

  checkDeadline(now: number): void {
    if (now >= this.#deadline) this.destroy();
  }

  /** Its first request is answered, and then it closes. */
  drain(): void {}

  closeIfIdle(): void {
    this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
