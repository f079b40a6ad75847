import { post } from "../ask.js";
import { type Check, must, should } from "../check.js";
import type { Edit } from "../der-tree.js";
import { allOrNothing, answered, anyAnswer, malformed, noStatus, refused } from "../expect-ocsp.js";
import { AT, type CertIDParts } from "../request-parts.js";
import { nested, signature, UNKNOWN_EXTENSION, unknownExtensions } from "./elements.js";

/** Section P: bytes that are no OCSPRequest, or none in DER (RFC 6960 2.3: malformedRequest; A.1, A.2: DER). */

const edited = (...edits: Edit[]) => post({ edits });
const editedExtension = (...edits: Edit[]) => post({ extensions: [UNKNOWN_EXTENSION], edits });
const id = (parts: CertIDParts) => post({ ids: [parts] });

/** The elements of a request that every check of an encoding is made on. */
const PLACES: readonly (readonly [name: string, at: readonly number[]])[] = [
  ["OCSPRequest", AT.OUTER],
  ["tbsRequest", AT.TBS],
  ["requestList", AT.LIST],
  ["Request", AT.REQUEST],
  ["CertID", AT.CERT_ID],
  ["hashAlgorithm", AT.ALGORITHM],
];

const GARBAGE: readonly Check[] = [
  must("P1 an empty body", post(""), malformed),
  must("P1 text", post("68656c6c6f"), malformed),
  must("P1 one octet", post("30"), malformed),
  must("P1 100 zeros", post("00".repeat(100)), malformed),
  must("P1 1,000 octets FF", post("ff".repeat(1000)), malformed),
  must("P1 an empty SEQUENCE", post("3000"), malformed),
  must("P1 a SET in place of the outer SEQUENCE", edited({ at: AT.OUTER, tag: 0x31 }), malformed),
  must("P1 a primitive SEQUENCE", edited({ at: AT.OUTER, tag: 0x10 }), malformed),
  must("P1 an OCSPResponse", post("30030a0100"), malformed),
  must("P1 half a request", edited({ at: AT.OUTER, length: "7f" }), malformed),
  must("P1 a request in base64", post("4d45497751444" + "12b4d4477774f6a4134"), malformed),
];

const LENGTHS: readonly Check[] = [
  ...PLACES.map(([name, at]) =>
    must(`P2 indefinite length of ${name}`, edited({ at, length: "indefinite" }), malformed),
  ),
  must("P2 a hash as constructed OCTET STRING", edited({ at: AT.NAME_HASH, constructed: true }), malformed),
  ...PLACES.map(([name, at]) =>
    must(`P3 a length that is not minimal, of ${name}`, edited({ at, length: "padded" }), malformed),
  ),
  must(
    "P3 a length that is not minimal, of serialNumber",
    edited({ at: AT.SERIAL, length: "padded" }),
    malformed,
  ),
  must("P3 a length beyond the end", edited({ at: AT.OUTER, length: "7f" }), malformed),
  must("P3 a length beyond the end, inside", edited({ at: AT.SERIAL, length: "7f" }), malformed),
  must("P3 a length of 2^31", edited({ at: AT.OUTER, length: "8480000000" }), malformed),
  must("P3 a length of 2^32 - 1", edited({ at: AT.OUTER, length: "84ffffffff" }), malformed),
  must("P3 a length of 2^64 - 1", edited({ at: AT.OUTER, length: "88ffffffffffffffff" }), malformed),
  must("P3 a length of 126 length octets", post(`30fe${"ff".repeat(126)}`), malformed),
  must("P3 the reserved length octet FF", edited({ at: AT.OUTER, length: "ff" }), malformed),
  must(
    "P3 a length of 2^31 of the serial number",
    edited({ at: AT.SERIAL, length: "8480000000" }),
    malformed,
  ),
  must("P3 a length that is shorter than the content", edited({ at: AT.OUTER, length: "10" }), malformed),
];

const TRAILING: readonly Check[] = [
  must("P4 one octet behind the request", edited({ at: AT.OUTER, after: "00" }), malformed),
  must("P4 four octets behind the request", edited({ at: AT.OUTER, after: "deadbeef" }), malformed),
  must("P4 a line end behind the request", edited({ at: AT.OUTER, after: "0d0a" }), malformed),
  must("P4 an element behind the request", edited({ at: AT.OUTER, after: "0500" }), malformed),
  ...PLACES.map(([name, at]) =>
    must(`P4 one element too many in ${name}`, edited({ at, append: "0500" }), malformed),
  ),
  must(
    "P4 an element behind an extension's value",
    editedExtension({ at: AT.EXTENSION, append: "0500" }),
    malformed,
  ),
];

const TYPES: readonly Check[] = [
  should("P5 version v1 written out", post({ version: "00" }), answered("good")),
  should(
    "P5 critical FALSE written out",
    post({ extensions: [{ ...UNKNOWN_EXTENSION, critical: false }] }),
    answered("good"),
  ),
  must(
    "P4 a BOOLEAN of 01",
    post({
      extensions: [{ nonce: 32, critical: true }],
      edits: [{ at: AT.EXTENSION_SECOND, content: "01" }],
    }),
    malformed,
  ),
  must(
    "P4 a BOOLEAN of two octets",
    post({
      extensions: [{ ...UNKNOWN_EXTENSION, critical: true }],
      edits: [{ at: AT.EXTENSION_SECOND, content: "ffff" }],
    }),
    malformed,
  ),
  must("P4 an object identifier without content", edited({ at: AT.HASH_OID, content: "" }), refused),
  must(
    "P4 an object identifier with an arc of leading zeros",
    edited({ at: AT.HASH_OID, content: "2b0e0380021a" }),
    refused,
  ),
  must(
    "P4 an object identifier that ends within an arc",
    edited({ at: AT.HASH_OID, content: "2b0e03029a" }),
    refused,
  ),
  must("P4 a NULL with content", edited({ at: AT.HASH_PARAMETERS, content: "00" }), malformed),
  must("P12 no extnValue", editedExtension({ at: AT.EXTENSION_SECOND, replace: "" }), malformed),
  must(
    "P12 an extnValue that is no OCTET STRING",
    editedExtension({ at: AT.EXTENSION_SECOND, tag: 0x05 }),
    malformed,
  ),
  must("P12 an empty list of extensions", post({ extensions: [] }), malformed),
  must("P12 an empty list of single extensions", post({ singleExtensions: [] }), malformed),
  must("P12 a requestorName that is no GeneralName", post({ requestorName: "0500" }), malformed),
  must("P12 an empty requestorName", post({ requestorName: "" }), malformed),
  must("P12 a field that tbsRequest does not have", edited({ at: AT.TBS, append: "a3020500" }), malformed),
];

const LIMITS: readonly Check[] = [
  must("P6 SEQUENCEs 10,000 deep", post(nested(10_000)), malformed),
  must(
    "P6 an extension's value 1,000 deep",
    post({ extensions: [{ ...UNKNOWN_EXTENSION, value: nested(1000) }] }),
    anyAnswer,
  ),
  must("P6 1,000 extensions", post({ extensions: unknownExtensions(1000) }), anyAnswer),
  must(
    "P6 an object identifier of 2,000 octets",
    edited({ at: AT.HASH_OID, content: `2b${"8f".repeat(2000)}01` }),
    refused,
  ),
  must("P7 100 CertIDs", post({ ids: Array(100).fill({}) }), allOrNothing),
  must("P7 700 CertIDs", post({ ids: Array(700).fill({}) }), allOrNothing),
  must("P7 10,000 CertIDs", post({ ids: Array(10_000).fill({}) }), allOrNothing),
  must("P13 a signature with 5 certificates", post({ signature: signature(5) }), anyAnswer),
  must("P13 a signature with 1,000 certificates", post({ signature: signature(1000) }), anyAnswer),
  must("P13 a signature that is none", post({ signature: "0500" }), malformed),
];

const SERIALS: readonly Check[] = [
  must("P8 serial number 0", id({ serialContent: "00" }), noStatus, anyAnswer),
  must("P8 serial number -1", id({ serialContent: "ff" }), noStatus, anyAnswer),
  must(
    "P8 the good serial number with a minus is another one",
    id({ serial: "negated" }),
    noStatus,
    anyAnswer,
  ),
  must(
    "P8 the good serial number without its sign octet is another one",
    id({ serial: "unsigned" }),
    noStatus,
    anyAnswer,
  ),
  must("P8 an INTEGER without content", id({ serialContent: "" }), malformed),
  must("P8 an INTEGER that is not minimal", id({ serial: "padded" }), malformed),
  must("P8 a negative INTEGER that is not minimal", id({ serialContent: "ff80" }), malformed),
  must("P8 a serial number of 21 octets", id({ serialContent: "7f".repeat(21) }), noStatus, anyAnswer),
  must("P8 a serial number of 64 octets", id({ serialContent: "7f".repeat(64) }), noStatus, anyAnswer),
  must("P8 a serial number of 4,000 octets", id({ serialContent: "7f".repeat(4000) }), noStatus, anyAnswer),
];

const SHORT_HASH = edited({ at: AT.NAME_HASH, content: "ab".repeat(19) });

const HASHES: readonly Check[] = [
  must("P9 a name hash one octet short is nobody's", SHORT_HASH, noStatus, anyAnswer),
  must(
    "P9 a key hash one octet long is nobody's",
    edited({ at: AT.KEY_HASH, content: "ab".repeat(21) }),
    noStatus,
    anyAnswer,
  ),
  must(
    "P9 empty hashes are nobody's",
    edited({ at: AT.NAME_HASH, content: "" }, { at: AT.KEY_HASH, content: "" }),
    noStatus,
    anyAnswer,
  ),
  should("P9 a hash of a wrong length is malformed", SHORT_HASH, malformed),
  must(
    "P9 a name hash that is an INTEGER",
    edited({ at: AT.NAME_HASH, tag: 0x02, content: "01" }),
    malformed,
  ),
];

/** Asked when everything else was: the responder has lived through it. */
export const LAST_CHECK: Check = must(
  "P19 after all this the responder still answers",
  { ...post(), again: 2 },
  answered("good"),
);

export const BAD_REQUEST_CHECKS: readonly Check[] = [
  ...GARBAGE,
  ...LENGTHS,
  ...TRAILING,
  ...TYPES,
  ...LIMITS,
  ...SERIALS,
  ...HASHES,
];
