import { contextConstructed, TAG } from "../../../src/asn1/tags.js";
import { time } from "../../../src/asn1/time.js";
import { constructed, integer, primitive, sequence } from "../../../src/asn1/writer.js";
import { OpensslCa } from "../../support/openssl-ca.js";
import {
  AKI,
  CRL_NUMBER,
  extension,
  flag,
  freshestValue,
  idpValue,
  rawCertificateList,
  rawEntry,
  reasonExtension,
  THIS_UPDATE,
  uriName,
} from "../../support/raw-crl.js";

/** CRLs: by `openssl ca`, and our own of every kind, also of kinds that are refused. */
export function crls(): Map<string, Uint8Array> {
  return new Map([...byOpenssl(), ...ours()]);
}

function byOpenssl(): Map<string, Uint8Array> {
  const ca = new OpensslCa("p256");
  const line = (serial: string, reason: string): string =>
    `R\t360101000000Z\t260101000000Z,${reason}\t${serial}\tunknown\t/CN=a`;
  const times = ["20260101000000Z", "20260108000000Z", "01"] as const;
  const found = new Map([
    ["openssl-empty", ca.generateCrl([], ...times)],
    ["openssl-two", ca.generateCrl([line("1000", "keyCompromise"), line("80AB", "superseded")], ...times)],
  ]);
  ca.remove();
  return found;
}

function ours(): Map<string, Uint8Array> {
  const date = time(THIS_UPDATE);
  const invalidity = extension("2.5.29.24", time(THIS_UPDATE));
  const issuerNames = extension("2.5.29.29", sequence(uriName("http://a")), true);
  const idp = (value: ReturnType<typeof idpValue>) => extension("2.5.29.28", value, true);
  return new Map([
    ["plain", rawCertificateList()],
    [
      "entries",
      rawCertificateList({ entries: [rawEntry(1, date), rawEntry(2, date, reasonExtension(1), invalidity)] }),
    ],
    ["unordered", rawCertificateList({ entries: [rawEntry(9, date), rawEntry(3, date), rawEntry(3, date)] })],
    ["many", rawCertificateList({ entries: Array.from({ length: 60 }, (_, i) => rawEntry(i + 1, date)) })],
    ["empty-list", rawCertificateList({ entries: [] })],
    ["version-1", rawCertificateList({ version: undefined, extensions: undefined })],
    [
      "issuer-not-der",
      rawCertificateList({ issuerName: primitive(TAG.SEQUENCE, Buffer.from("3080", "hex")) }),
    ],
    ["no-next-update", rawCertificateList({ nextUpdate: undefined })],
    [
      "delta",
      rawCertificateList({ extensions: [AKI, CRL_NUMBER, extension("2.5.29.27", integer(1), true)] }),
    ],
    ["idp", rawCertificateList({ extensions: [AKI, CRL_NUMBER, idp(idpValue("http://a/crl", flag(1)))] })],
    [
      "freshest",
      rawCertificateList({
        extensions: [AKI, CRL_NUMBER, extension("2.5.29.46", freshestValue("http://a"))],
      }),
    ],
    [
      "indirect",
      rawCertificateList({
        extensions: [AKI, CRL_NUMBER, idp(idpValue(undefined, flag(4)))],
        entries: [rawEntry(1, date, issuerNames)],
      }),
    ],
    ["generalized-time", rawCertificateList({ thisUpdate: time(Date.UTC(2060, 0, 1) / 1000) })],
    ["unknown-critical", rawCertificateList({ extensions: [extension("1.2.3", integer(1), true)] })],
    [
      "aki-issuer",
      rawCertificateList({
        extensions: [
          extension(
            "2.5.29.35",
            sequence(constructed(contextConstructed(1), uriName("http://a")), constructed(TAG.INTEGER)),
          ),
        ],
      }),
    ],
  ]);
}
