import { get, getTarget, head, post } from "../ask.js";
import { type Check, may, must, should } from "../check.js";
import { http } from "../expect-http.js";
import { answered, malformed, refused } from "../expect-ocsp.js";
import { anyOf, expectation } from "../expectation.js";
import type { RequestParts } from "../request-parts.js";

/** Section F and P: how the request is written into the URL of a GET (RFC 6960 A.1, RFC 9919 6). */

/** Base64 of this one has `+`, `/`, `//` and `=`. */
const SPELLED: RequestParts = {
  extensions: [{ oid: "1.3.6.1.4.1.99999.1.1", value: "fbefbeffffffffffffbefbefff" }],
};

const spelled = (spelling: string, prefix = "{base}/") => getTarget(`${prefix}{${spelling}}`, SPELLED);
const written = (target: string) => getTarget(target);
const goodOr = (...choices: readonly Check["expect"][number][]) => anyOf(answered("good"), ...choices);

export const TARGET_CHECKS: readonly Check[] = [
  must("F1 GET is answered", get(), answered("good")),
  must(
    "F1 GET about a revoked certificate is answered revoked",
    get({ ids: [{ of: "revoked" }] }),
    answered("revoked"),
  ),
  must("F1 GET by sha256", get({ ids: [{ hash: "sha256" }] }), answered("good")),
  should(
    "F1 GET of more than 255 octets",
    get({ extensions: [{ oid: "1.3.6.1.4.1.99999.1.1", value: "00".repeat(200) }] }),
    answered("good"),
  ),
  must("F2 percent-encoded base64 with + / // =", spelled("base64"), answered("good")),
  should("F3 + / = as they are", spelled("base64-raw"), answered("good")),
  must("F3 percent escapes in lower case", spelled("base64-lower"), answered("good")),
  must("F3 letters and digits as percent escapes", spelled("base64-letters"), answered("good")),
  may("F3 missing padding", spelled("base64-unpadded"), answered("good")),
  may("F3 the URL-safe alphabet", spelled("base64-urlsafe"), answered("good")),
  may("F3 a blank for +", spelled("base64-space"), answered("good")),
  should("F3 one more slash in front", spelled("base64", "{base}//"), answered("good")),
  should(
    "F4 // inside base64 is not collapsed nor redirected",
    spelled("base64-raw"),
    expectation("no HTTP 3xx", (seen) => Math.floor((seen.http?.status ?? 0) / 100) !== 3),
  ),
  should(
    "F4 a query string is ignored or refused",
    written("{base}/{base64}?a=b"),
    goodOr(http(4), malformed),
  ),
  must("P15 a base64 text that is encoded twice is refused", spelled("base64-twice"), refused),
  must("P15 %0A inside base64 is refused", written("{base}/{base64}%0A"), refused),
  must("P15 %0D%0A in front of base64 is refused", written("{base}/%0D%0A{base64}"), refused),
  must("P15 %00 behind base64 is refused", written("{base}/{base64}%00"), refused),
  must("P15 a character outside the alphabet is refused", written("{base}/{base64}!"), refused),
  must("P15 a bad percent escape is refused", written("{base}/{base64}%ZZ"), refused),
  must("P15 half a percent escape is refused", written("{base}/{base64}%2"), refused),
  must("P15 padding in the middle is refused", written("{base}/MA==MA=="), refused),
  must("P15 base64 of something else is refused", getTarget("{base}/{base64}", "68656c6c6f"), refused),
  must("P15 base64 of half a request is refused", getTarget("{base}/{base64}", "3042304030"), refused),
  must("P16 GET of the URL itself is no OCSP answer", written("{path}"), notSuccessful()),
  must("P16 GET of the URL and a slash is no OCSP answer", written("{base}/"), notSuccessful()),
  must("P26 .. in a path leads nowhere", written("{base}/../../../../etc/passwd"), http(4)),
  must("P26 ..%2f in a path leads nowhere", written("{base}/..%2f..%2f..%2f..%2fetc%2fpasswd"), http(4)),
  must("P26 a backslash in a path leads nowhere", written("{base}/..%5c..%5cetc%5cpasswd"), http(4)),
  must("P26 %00 in a path leads nowhere", written("{base}/%00"), http(4)),
  must("F14 HEAD of a GET's URL is answered", head(), http(200)),
  must("F1 POST and GET say the same", post({ ids: [{ of: "revoked" }] }), answered("revoked")),
];

function notSuccessful() {
  return expectation(
    "no successful OCSPResponse",
    (seen) => seen.status !== "successful" && seen.http !== undefined,
  );
}
