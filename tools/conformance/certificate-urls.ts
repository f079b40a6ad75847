import { OID, oid } from "../../src/asn1/oid.js";
import { contextPrimitive } from "../../src/asn1/tags.js";
import { encode } from "../../src/asn1/writer.js";
import { asBuffer, bytesEqual } from "../../src/core/bytes.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { findExtension } from "../../src/x509/extensions.js";
import { contentOf, elements } from "./der-tree.js";

const URI = contextPrimitive(6);
const CONSTRUCTED = 0x20;

/** URLs of the distribution points of a certificate (RFC 5280 4.2.1.13), whatever part of them says it. */
export function crlUrls({ extensions }: Certificate): string[] {
  const found = findExtension(extensions, OID.cRLDistributionPoints);
  return found === undefined ? [] : urisIn(found.value);
}

/** URLs of one access method of authorityInfoAccess (RFC 5280 4.2.2.1). */
export function accessUrls({ extensions }: Certificate, method: "idAdOcsp" | "idAdCaIssuers"): string[] {
  const found = findExtension(extensions, OID.authorityInfoAccess);
  if (found === undefined) return [];
  const wanted = encode(oid(OID[method]));
  return elements(contentOf(found.value))
    .map((description) => elements(contentOf(description)))
    .filter(([first]) => first !== undefined && bytesEqual(first, wanted))
    .flatMap(([, location]) => (location === undefined ? [] : urisIn(location)));
}

/** All uniformResourceIdentifiers in a DER element, which has been read strictly before. */
function urisIn(element: Uint8Array): string[] {
  const tag = element[0] as number;
  if (tag === URI) return [asBuffer(contentOf(element)).toString("latin1")];
  if ((tag & CONSTRUCTED) === 0) return [];
  return elements(contentOf(element)).flatMap(urisIn);
}
