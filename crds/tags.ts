import { limits } from "./limits.ts";
import type { Rule } from "./rules.ts";
import { withRules } from "./rules.ts";
import { formed, map } from "./text.ts";

/** Prefixes that belong to the operator and to the clouds. */
const RESERVED: Rule = {
  rule: "self.all(key, !key.startsWith('onyx-') && !key.startsWith('goog-') && !key.startsWith('aws-'))",
  message: "keys that begin with onyx-, goog- or aws- belong to the operator or to a cloud",
  reason: "FieldValueForbidden",
};

/** Tags as both clouds take them and give them back: AWS tags in the character set of GCP labels. */
export const tags = () =>
  withRules(
    map(
      formed(
        /^[a-z0-9_-]*$/,
        limits.tags.value.portable.max,
        "a tag's value must be of a-z, 0-9, '_' and '-': GCP takes no other characters",
      ).describe("Value of the tag."),
      {
        key: new RegExp(`^[a-z][a-z0-9_-]{0,${limits.tags.key.portable.max - 1}}$`),
        what: `a tag's key must be of a-z, 0-9, '_' and '-', begin with a letter and have at most ${limits.tags.key.portable.max} characters`,
        maxProperties: limits.tags.perResource.portable.max,
      },
    ),
    RESERVED,
  );
