import type { Check } from "./check.js";
import { BAD_REQUEST_CHECKS, LAST_CHECK } from "./checks/bad-requests.js";
import { EXTENSION_CHECKS } from "./checks/extensions.js";
import { CACHING_CHECKS } from "./checks/http-caching.js";
import { FRAMING_CHECKS } from "./checks/http-framing.js";
import { MESSAGE_FORM_CHECKS } from "./checks/http-messages.js";
import { TARGET_CHECKS } from "./checks/http-targets.js";
import { LIGHTWEIGHT_CHECKS } from "./checks/lightweight.js";
import { REPOSITORY_CHECKS } from "./checks/repository.js";
import { REQUEST_CHECKS } from "./checks/requests.js";
import { MESSAGE_CHECKS } from "./checks/response-messages.js";
import { STATUS_CHECKS } from "./checks/response-statuses.js";
import { TIME_CHECKS } from "./checks/response-times.js";
import { SIGNER_CHECKS } from "./checks/signer.js";

/** Every check, in the order in which they are asked: what may harm a responder comes last. */
export const ALL_CHECKS: readonly Check[] = [
  ...REQUEST_CHECKS,
  ...MESSAGE_CHECKS,
  ...TIME_CHECKS,
  ...STATUS_CHECKS,
  ...SIGNER_CHECKS,
  ...EXTENSION_CHECKS,
  ...LIGHTWEIGHT_CHECKS,
  ...TARGET_CHECKS,
  ...CACHING_CHECKS,
  ...MESSAGE_FORM_CHECKS,
  ...REPOSITORY_CHECKS,
  ...FRAMING_CHECKS,
  ...BAD_REQUEST_CHECKS,
  LAST_CHECK,
];
