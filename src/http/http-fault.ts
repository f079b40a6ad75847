/** A request that is answered by the transport itself with `status`, after which the connection closes. */
export class HttpFault extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "HttpFault";
    this.status = status;
  }
}
