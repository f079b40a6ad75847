import type { CrlRule } from "./rule.js";

/** Standards K3: the next list lies ready while this one is valid. */
export const nextPublishOutsideValidity: CrlRule = {
  names: ["sekisho.crl_next_publish_outside_validity"],
  text: "nextPublish is not between thisUpdate and nextUpdate",
  breaks: ({ extensions: { nextPublish }, header: { thisUpdate, nextUpdate } }) =>
    nextPublish !== undefined &&
    (nextPublish <= thisUpdate || (nextUpdate !== undefined && nextPublish > nextUpdate)),
};
