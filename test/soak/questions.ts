import { randomBytes } from "node:crypto";
import { expectStatus, NONCE_OCTETS, type Question } from "../../bench/load/question.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { ocspRequest } from "../support/ocsp-client.js";
import { ocspPost } from "../support/ocsp-load.js";

/** Whole GET request for a DER OCSPRequest. */
export function ocspGet(der: Buffer): Buffer {
  const path = encodeURIComponent(der.toString("base64"));
  return Buffer.from(`GET /ocsp/${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
}

/** The same question about a good certificate by POST and by GET, as caches serve it. */
export function cachedQuestions(issuer: Certificate, serialNumber: Uint8Array): Question[] {
  const der = ocspRequest(issuer, [serialNumber]);
  const expect = expectStatus(serialNumber, "good");
  return [ocspPost("1.1", der), ocspGet(der)].map((request) => ({ request, expect }));
}

/** A question about a good certificate with a nonce that is new each time: each answer costs a signature. */
export function nonceQuestion(issuer: Certificate, serialNumber: Uint8Array): Question {
  const nonce = randomBytes(NONCE_OCTETS);
  const request = ocspPost("1.1", ocspRequest(issuer, [serialNumber], nonce));
  return { request, expect: expectStatus(serialNumber, "good"), nonceAt: request.indexOf(nonce) };
}

/** 98 % cached, 2 % nonce: the usual mixture. */
export function usualQuestions(issuer: Certificate, serialNumber: Uint8Array): Question[] {
  const cached = cachedQuestions(issuer, serialNumber);
  return [
    ...Array.from({ length: 49 }, (_, i) => cached[i % cached.length] as Question),
    nonceQuestion(issuer, serialNumber),
  ];
}

/** What no client should send, and what costs a signature for nothing: serials that nobody issued. */
export function junkQuestions(issuer: Certificate): Question[] {
  const post = (body: Uint8Array): Buffer => ocspPost("1.1", Buffer.from(body));
  const unknown = (): Buffer => ocspRequest(issuer, [Buffer.concat([Buffer.of(0x41), randomBytes(15)])]);
  const foreign = { ...issuer, subjectName: randomBytes(40) };
  const requests = [
    post(randomBytes(120)),
    post(Buffer.concat([Buffer.of(0x30, 0x80), randomBytes(60)])),
    post(Buffer.concat([Buffer.of(0x30, 0x84, 0x7f, 0xff, 0xff, 0xff), randomBytes(60)])),
    post(unknown().subarray(0, -3)),
    post(randomBytes(60_000)),
    post(ocspRequest(foreign, [randomBytes(16)])),
    post(unknown()),
    post(ocspRequest(issuer, [randomBytes(16)], randomBytes(NONCE_OCTETS))),
    ocspGet(unknown()),
    Buffer.from("GET /ocsp/MFE%ZZ HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    Buffer.from("GET /crl/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    Buffer.from("DELETE /ocsp HTTP/1.1\r\nHost: localhost\r\n\r\n"),
  ];
  return requests.map((request) => ({ request }));
}
