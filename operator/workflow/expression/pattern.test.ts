import { describe, expect, it } from "vitest";
import { PatternError, readPattern } from "./pattern.ts";

const test = (pattern: string, text: string) => new RegExp(readPattern(pattern).ecma).test(text);

describe("readPattern", () => {
  it.each([
    ["abc", "xabcx", true],
    ["^a$", "a", true],
    ["^a$", "a\n", false],
    ["a|b", "b", true],
    ["^(?:ab)+$", "abab", true],
    ["^(a(b)?)*$", "aba", true],
    ["^a{2}$", "aa", true],
    ["^a{2,}$", "aaa", true],
    ["^a{0,1}$", "aa", false],
    [".", "\n", false],
    [".", "\u2028", true],
    ["^.$", "😀", true],
    ["^..$", "😀", false],
    ["^[^x]$", "😀", true],
    ["[^x]", "\n", true],
    ["^\\D\\W\\S$", "a-b", true],
    ["\\d", "٣", false],
    ["\\w", "é", false],
    ["\\s", "\v", false],
    ["[\\d\\s-]", "-", true],
    ["[a-c\\]]", "]", true],
    ["[]", "]", undefined],
    ["^[!-/]$", "%", true],
    ["\\.\\\\\\/\\t", "./\\", false],
    ["^\\.\\\\/\\t$", ".\\/\t", true],
    ["^\"'`#&~ $", "\"'`#&~ ", true],
    ["(|a)b", "b", true],
  ])("%j on %j: %s", (pattern, text, matches) => {
    if (matches === undefined) expect(() => readPattern(pattern)).toThrow(PatternError);
    else expect(test(pattern, text)).toBe(matches);
  });

  it.each([
    ["", "an empty pattern"],
    ["a**", 'at character 3: "*" has nothing to repeat'],
    ["a*?", 'at character 3: "?" has nothing to repeat'],
    ["*a", 'at character 1: "*" has nothing to repeat'],
    ["^*", "nothing to repeat"],
    ["(?=a)", "groups are written (…) or (?:…) only"],
    ["(?i)a", "groups are written"],
    ["(a", '")" is missing'],
    ["a)", '")" closes nothing'],
    ["[a", '"]" is missing'],
    ["[b-a]", "a range goes from a lower character to a higher one"],
    ["[\\d-z]", "a range goes from"],
    ["[[:alpha:]]", 'for the character itself write "\\["'],
    ["[\\D]", '"\\D" is not known'],
    ["a{", 'for the character itself write "\\{"'],
    ["a{3,2}", '"{3,2}" should be {n,m} with n ≤ m'],
    ["a{1001}", "multiply to more than 1000"],
    ["(a{100}){11}", "multiply to more than 1000"],
    ["((a{100}b){2}c){6}", "multiply to more than 1000"],
    ["\\b", '"\\b" is not known'],
    ["\\1", '"\\1" is not known'],
    ["\\p{L}", '"\\p" is not known'],
    ["a\\", '"\\" is not known'],
    ["é", "printable ASCII"],
    ["😀", "printable ASCII"],
    ["a\nb", "printable ASCII"],
  ])("refuses %j", (pattern, message) => {
    expect(() => readPattern(pattern)).toThrow(PatternError);
    expect(() => readPattern(pattern)).toThrow(message);
  });

  it("writes for each engine what it does not read in its own way", () => {
    expect(readPattern("^a.[^b]\\S/$")).toEqual({
      ecma: "^a(?:[^\\n\\ud800-\\udfff]|[\\ud800-\\udbff][\\udc00-\\udfff])(?:[^b\\ud800-\\udfff]|[\\ud800-\\udbff][\\udc00-\\udfff])(?:[^\\t\\n\\f\\r \\ud800-\\udfff]|[\\ud800-\\udbff][\\udc00-\\udfff])\\x2f(?![\\s\\S])",
      re2: "^a[^\\n][^b][^\\t\\n\\f\\r ]\\x2f$",
    });
  });
});
