import type { Certificate } from "../../src/x509/certificate.js";
import type { Connect } from "./http-client.js";
import { HttpLoad } from "./http-load.js";
import { ocspRequest, statusIn } from "./ocsp-client.js";

/** Asks over and over for the status of a certificate that is good, by POST on kept-alive connections. */
export function ocspLoad(
  port: number,
  version: "1.0" | "1.1",
  connections: number,
  issuer: Certificate,
  { serialNumber }: Certificate,
  connect?: Connect,
): HttpLoad {
  return new HttpLoad({
    port,
    connect,
    connections,
    request: ocspPost(version, ocspRequest(issuer, [serialNumber])),
    isRight: ({ status, body }) =>
      status === 200 && statusIn(Buffer.from(body, "latin1"), serialNumber) === "good",
  });
}

/** A whole HTTP request that asks the server to keep the connection. */
export function ocspPost(version: "1.0" | "1.1", der: Buffer): Buffer {
  const head = [
    `POST /ocsp HTTP/${version}`,
    "Host: localhost",
    "Connection: keep-alive",
    "Content-Type: application/ocsp-request",
    `Content-Length: ${der.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), der]);
}
