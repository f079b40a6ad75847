import { createHash, createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OID, oid } from "../../src/asn1/oid.js";
import { encode, nullValue, sequence } from "../../src/asn1/writer.js";
import { ControlClient } from "../../src/control/client.js";
import type { ControlOp, RequestOf, ResultOf } from "../../src/control/messages.js";
import type { Config } from "../../src/core/config.js";
import { SekishoError } from "../../src/core/errors.js";

import { parseCertificate } from "../../src/x509/certificate.js";
import {
  buildCertificationRequest,
  parseCertificationRequest,
} from "../../src/x509/certification-request.js";
import { encodeName } from "../../src/x509/name.js";
import { decodePem, encodePem } from "../../src/x509/pem.js";
import { serialText } from "../../src/x509/serial.js";
import { writeFileDurably } from "./installation.js";

export const ISSUER = "root";
const OPERATOR = "operator";
const ROLE: { role: "administrator"; approvals: [] } = { role: "administrator", approvals: [] };

export type Say = (step: string) => void;

/** Sends a request that nobody else needs to approve in a demonstration. */
async function resultOf<Op extends ControlOp>(
  client: ControlClient,
  request: RequestOf<Op> & { readonly op: Op },
): Promise<ResultOf<Op>> {
  const { result } = await client.request<Op>(request);
  if (result === undefined) throw new SekishoError("INTERNAL", `${request.op} waits for an approval`);
  return result;
}

/** Connects as the demonstration's operator; undefined while the issuer does not listen yet. */
export async function connect(config: Config): Promise<ControlClient | undefined> {
  const keyFile = config.operators[OPERATOR]?.keyFile;
  if (keyFile === undefined)
    throw new SekishoError(
      "OPERATOR_UNKNOWN",
      `${config.file} has no operator "${OPERATOR}" with a key file`,
    );
  const { control, installation } = config;
  const privateKey = createPrivateKey(readFileSync(keyFile));
  try {
    return await ControlClient.connect({
      socket: control.socket,
      installation,
      operator: OPERATOR,
      privateKey,
    });
  } catch (error) {
    if (error instanceof SekishoError && error.code === "CONTROL_UNREACHABLE") return undefined;
    throw error;
  }
}

/** Creates the root CA unless it is there; leaves pki/issuer.pem. */
export async function ensureRoot(client: ControlClient, pki: string, say: Say): Promise<void> {
  const file = join(pki, "issuer.pem");
  const status = await resultOf(client, { op: "status", ...ROLE });
  if (status.issuers.some(({ id, created }) => id === ISSUER && created)) {
    if (!existsSync(file))
      throw new SekishoError("FILE_ACCESS", `${file} is missing; fetch it from /certs/${ISSUER}.cer`);
    return;
  }
  say("creating the root CA: RSA-2048 key generated in its token, self-signed certificate");
  const { certificate } = await resultOf(client, { op: "ca.create", issuer: ISSUER, ...ROLE });
  writeFileDurably(file, certificate, 0o644);
}

/** Issues good, revoked and hold from real PKCS#10 requests, revokes the second and holds the third. True if anything changed. */
export async function ensureCertificates(client: ControlClient, pki: string, say: Say): Promise<boolean> {
  let changed = false;
  for (const name of ["good", "revoked", "hold"]) {
    if (existsSync(join(pki, `${name}.pem`))) continue;
    say(`issuing ${name}.pem: a TLS server certificate for localhost`);
    const { key, request } = await tlsRequest(name);
    writeFileDurably(join(pki, `${name}.key`), key, 0o600);
    const issue = { op: "cert.issue", issuer: ISSUER, csr: request, profile: "tls-server", ...ROLE } as const;
    const { certificate, serial } = await resultOf(client, issue);
    if (name === "revoked") {
      say("revoking revoked.pem: keyCompromise");
      const changes = [{ serial, reason: "keyCompromise" as const }];
      await resultOf(client, { op: "cert.revoke", issuer: ISSUER, changes, ...ROLE });
    } else if (name === "hold") {
      say("putting hold.pem on hold");
      await resultOf(client, { op: "cert.hold", issuer: ISSUER, serial, ...ROLE });
    }
    // Last: the file says that everything about this certificate is done.
    writeFileDurably(join(pki, `${name}.pem`), certificate, 0o644);
    changed = true;
  }
  return changed;
}

export async function issueCrl(client: ControlClient): Promise<ResultOf<"crl.issue">> {
  return await resultOf(client, { op: "crl.issue", issuer: ISSUER, delta: false, ...ROLE });
}

/** Enrols the responder's key as an operator would, unless a valid delegate is known. True once there is one. */
export async function ensureDelegate(
  client: ControlClient,
  config: Config,
  say: Say,
): Promise<true | undefined> {
  const { issuers } = await resultOf(client, { op: "status", ...ROLE });
  if (issuers.find(({ id }) => id === ISSUER)?.delegates.some(({ state }) => state === "valid")) return true;
  const fingerprint = waitingFingerprint(config.responder.enrolDir);
  if (fingerprint === undefined) return undefined;
  say(`enrolling the OCSP key ${fingerprint.slice(0, 16)}...`);
  await resultOf(client, { op: "responder.enrol", issuer: ISSUER, fingerprint, ...ROLE });
  return true;
}

export function serialOf(pki: string, name: string): string {
  return serialText(
    parseCertificate(decodePem(readFileSync(join(pki, `${name}.pem`)), "CERTIFICATE")).serialNumber,
  );
}

function waitingFingerprint(enrolDir: string): string | undefined {
  const file = readdirSync(enrolDir).find((name) => name.startsWith(`${ISSUER}.`) && name.endsWith(".csr"));
  if (file === undefined) return undefined;
  const request = parseCertificationRequest(
    decodePem(readFileSync(join(enrolDir, file)), "CERTIFICATE REQUEST"),
  );
  return createHash("sha256").update(request.subjectPublicKeyInfo).digest("hex");
}

/** A subscriber's own key and PKCS#10 request, as any subscriber would make them. */
async function tlsRequest(name: string): Promise<{ key: string; request: string }> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const request = await buildCertificationRequest({
    subjectName: encodeName([["commonName", name === "good" ? "localhost" : `${name}.localhost`]]),
    alternativeNames: [
      { kind: "dns", value: "localhost" },
      { kind: "ip", value: "127.0.0.1" },
    ],
    subjectPublicKeyInfo: publicKey.export({ type: "spki", format: "der" }),
    signatureAlgorithm: encode(sequence(oid(OID.sha256WithRSAEncryption), nullValue)),
    sign: async (info) => sign("sha256", info, privateKey),
  });
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    request: encodePem(request, "CERTIFICATE REQUEST"),
  };
}
