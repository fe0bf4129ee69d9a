import { describe, expect, test } from "vitest";
import { CloudError } from "../../engine/errors.ts";
import { parseFilter } from "./filter.ts";

const attributes = { name: "com", lang: "en", "iana.org/tag": "x", みんな: "1" };

describe("matches", () => {
  test.each([
    ['attributes.name = "com"', true],
    ['attributes.name = "co"', false],
    ['attributes.name = "COM"', false],
    ['attributes.name != "org"', true],
    ['attributes.absent != "org"', true],
    ['attributes.absent = ""', false],
    ["attributes:lang", true],
    ["attributes:absent", false],
    ['attributes:"iana.org/tag"', true],
    ['attributes."iana.org/tag" = "x"', true],
    ["attributes:みんな", true],
    ['hasPrefix(attributes.name, "co")', true],
    ['hasPrefix(attributes.absent, "")', false],
    ["NOT attributes:absent", true],
    ['-attributes.name = "com"', false],
    ['attributes:lang AND attributes.name = "com"', true],
    ["attributes:lang AND attributes:absent", false],
    ["attributes:absent OR attributes:lang", true],
    ["attributes:absent OR (attributes:lang AND NOT attributes:name)", false],
    ["NOT (attributes:absent OR attributes:lang)", false],
    ['  attributes.name="com"  ', true],
    ['attributes.name = "c\\u006fm"', true],
  ])("%s is %s", (filter, expected) => {
    expect(parseFilter(filter)(attributes)).toBe(expected);
  });
});

describe("refuses", () => {
  test.each([
    ["attributes.name = $", /can't read "\$"/],
    ["attributes.name = ", /expected a quoted string, found its end/],
    ['(attributes.name = "com"', /expected "\)", found its end/],
    ["hasPrefix(attributes.name)", /expected ",", found "\)"/],
    ['data = "x"', /expected "attributes", found "data"/],
    ['attributes.name > "a"', /can't read/],
    ["attributes:a attributes:b", /expected AND, OR or the end/],
    ["attributes:a AND attributes:b OR attributes:c", /parentheses/],
    [`attributes:${"x".repeat(250)}`, /261 bytes/],
    ['attributes.name = "\\q"', /escape/],
  ])("%s", (filter, message) => {
    const parse = () => parseFilter(filter);
    expect(parse).toThrow(CloudError);
    expect(parse).toThrow(message);
  });
});
