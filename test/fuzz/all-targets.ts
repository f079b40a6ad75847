import type { FuzzTarget } from "./target.js";
import { CertificateTarget } from "./targets/certificate.js";
import { CrlTarget } from "./targets/crl.js";
import { CsrTarget } from "./targets/csr.js";
import { GetPathTarget } from "./targets/get-path.js";
import { RecordTarget } from "./targets/record.js";
import { RequestTarget } from "./targets/request.js";

/** Every parser of bytes that come from outside or from disk (standards P31). */
export const TARGETS: Readonly<Record<string, () => FuzzTarget>> = {
  request: () => new RequestTarget(),
  "get-path": () => new GetPathTarget(),
  crl: () => new CrlTarget(),
  csr: () => new CsrTarget(),
  certificate: () => new CertificateTarget(),
  record: () => new RecordTarget(),
};
