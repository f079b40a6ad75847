import type { HttpResponse } from "uWebSockets.js";
import { FAULT_FIELDS, hasNoContent, statusText, UNREADABLE } from "./answer.js";
import type { FileRange, HeaderFields, HttpReply } from "./handler.js";
import { UwsTransfer } from "./uws-transfer.js";

/** Shared by a transport and its replies. */
export interface Draining {
  /** Answers close their connection. */
  now: boolean;
  /** Requests that are not answered to the end. */
  inFlight: number;
  /** Files under way. */
  readonly transfers: Set<UwsTransfer>;
}

/** Answers through uWS, whose response may not be touched after the answer or an abort. */
export class UwsReply implements HttpReply {
  aborted = false;
  readonly #response: HttpResponse;
  readonly #isHead: boolean;
  readonly #draining: Draining;
  /** uWS gathers writes by itself while one of its callbacks runs. */
  #inCallback = true;
  /** An answer has been given, or can no longer be. */
  #answered = false;
  #transfer: UwsTransfer | undefined;
  /** The response may no longer be touched. */
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

  sendFile(status: number, fields: HeaderFields, range: FileRange): void {
    if (this.#answered) {
      range.close();
      return;
    }
    this.#answered = true;
    const start = (): void => {
      if (this.#isHead) this.#sendHeadOf(status, fields, range);
      else this.#startTransfer(status, fields, range);
    };
    if (this.#inCallback) start();
    else this.#response.cork(start);
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
      this.#answered = true;
      this.#transfer?.end();
      this.#finish();
    });
  }

  #send(status: number, fields: HeaderFields, body: Uint8Array, close: boolean): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#finish();
    if (this.#inCallback) this.#write(status, fields, body, close);
    else this.#response.cork(() => this.#write(status, fields, body, close));
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#draining.inFlight--;
  }

  #sendHeadOf(status: number, fields: HeaderFields, range: FileRange): void {
    range.close();
    this.#finish();
    this.#writeFields(status, fields);
    this.#endWithoutBody(range.length, this.#draining.now);
  }

  #startTransfer(status: number, fields: HeaderFields, range: FileRange): void {
    const { transfers, now } = this.#draining;
    const transfer = new UwsTransfer(this.#response, range, () => {
      transfers.delete(transfer);
      this.#finish();
    });
    this.#transfer = transfer;
    transfers.add(transfer);
    const hasStarted = transfer.start(() => {
      this.#writeFields(status, fields);
      // tryEnd cannot close the connection; the client does.
      if (now) this.#response.writeHeader("Connection", "close");
    });
    if (hasStarted) return;
    transfer.end();
    this.#write(500, FAULT_FIELDS, UNREADABLE, now);
  }

  #write(status: number, fields: HeaderFields, body: Uint8Array, close: boolean): void {
    this.#writeFields(status, fields);
    if (hasNoContent(status)) this.#endWithoutBody(undefined, close);
    else if (this.#isHead) this.#endWithoutBody(body.length, close);
    else this.#response.end(body, close);
  }

  /** Each call into uWS costs about 0.2 us: prepared fields go in with the status, in one call instead of six. */
  #writeFields(status: number, fields: HeaderFields): void {
    if (status === 200 && fields.okHead !== undefined) {
      this.#response.writeStatus(fields.okHead);
      return;
    }
    this.#response.writeStatus(statusText(status));
    for (const [name, value] of fields) this.#response.writeHeader(name, value);
  }

  /** endWithoutBody with arguments leaves the answer unfinished in the pinned Node 20 binary. */
  #endWithoutBody(length: number | undefined, close: boolean): void {
    const response = this.#response;
    if (length !== undefined) response.writeHeader("Content-Length", String(length));
    if (close) response.writeHeader("Connection", "close");
    response.endWithoutBody();
  }
}
