import type { HttpResponse } from "uWebSockets.js";
import { hasNoContent, statusText } from "./answer.js";
import type { HeaderFields, HttpReply } from "./handler.js";

/** Shared by a transport and its replies. */
export interface Draining {
  /** Answers close their connection. */
  now: boolean;
  /** Requests without an answer. */
  inFlight: number;
}

/** Answers through uWS, whose response may not be touched after the answer or an abort. */
export class UwsReply implements HttpReply {
  aborted = false;
  readonly #response: HttpResponse;
  readonly #isHead: boolean;
  readonly #draining: Draining;
  /** uWS gathers writes by itself while one of its callbacks runs. */
  #inCallback = true;
  #finished = false;

  constructor(response: HttpResponse, isHead: boolean, draining: Draining) {
    this.#response = response;
    this.#isHead = isHead;
    this.#draining = draining;
    draining.inFlight++;
  }

  send(status: number, fields: HeaderFields, body: Uint8Array): void {
    this.#send(status, fields, body, this.#draining.now);
  }

  /** Answers a transport fault and closes the connection. */
  refuse(status: number, fields: HeaderFields, body: Uint8Array): void {
    this.#send(status, fields, body, true);
  }

  /** Runs what may answer at once, inside a callback of uWS. */
  within(callback: () => void): void {
    this.#inCallback = true;
    callback();
    this.#inCallback = false;
  }

  /** To be called before the route handler returns. */
  leaveRoute(): void {
    this.#inCallback = false;
    if (this.#finished) return;
    this.#response.onAborted(() => {
      this.aborted = true;
      this.#finish();
    });
  }

  #send(status: number, fields: HeaderFields, body: Uint8Array, close: boolean): void {
    if (this.#finished) return;
    this.#finish();
    if (this.#inCallback) this.#write(status, fields, body, close);
    else this.#response.cork(() => this.#write(status, fields, body, close));
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#draining.inFlight--;
  }

  #write(status: number, fields: HeaderFields, body: Uint8Array, close: boolean): void {
    const response = this.#response;
    response.writeStatus(statusText(status));
    for (const [name, value] of fields) response.writeHeader(name, value);
    if (!this.#isHead && !hasNoContent(status)) {
      response.end(body, close);
      return;
    }
    // endWithoutBody with arguments leaves the answer unfinished in the pinned Node 20 binary.
    if (!hasNoContent(status)) response.writeHeader("Content-Length", String(body.length));
    if (close) response.writeHeader("Connection", "close");
    response.endWithoutBody();
  }
}
