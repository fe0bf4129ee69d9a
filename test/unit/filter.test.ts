import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromFilterPolicy, toFilterPolicy } from "../../adapters/aws/filter-policy.ts";
import { fromPubSubFilter } from "../../adapters/gcp/filter.ts";
import { canonicalFilter, type Filter, filter as filterSchema, passes, pubSubFilter } from "../../crds/filter.ts";
import { parseFilter } from "../../hack/testbed/gcp/services/pubsub/filter.ts";

/** A FilterPolicy on attributes as SNS documents it: docs.aws.amazon.com/sns/latest/dg/string-value-matching.html and attribute-key-matching.html. */
function snsPasses(policy: string, attributes: Readonly<Record<string, string>>): boolean {
  return Object.entries(JSON.parse(policy) as Record<string, readonly unknown[]>).every(([key, rules]) => {
    const value = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
    return rules.some((rule) => {
      if (typeof rule === "string") return value === rule;
      const [[operator, operand] = []] = Object.entries(rule as object);
      if (operator === "prefix") return value?.startsWith(String(operand)) ?? false;
      if (operator === "exists" && operand === true) return value !== undefined && value !== "";
      throw new Error(`a rule that this evaluator does not know: ${JSON.stringify(rule)}`);
    });
  });
}

/** Few and alike, so that they meet: case, prefixes of each other, words and marks of both languages, odd Unicode. */
const KEYS = ["type", "Type", "region", "a.b", "a-b", "AND", "OR", "NOT", "attributes", "hasPrefix", "5", "_"];
const VALUES = [
  ...["created", "Created", "create", "c", "eu-west-1", "eu-", "true", "0", " ", "a b", "(", ")", " AND ", " OR ", "'"],
  ...["世界", "世", "😀", "e\u0301", "\u00e9", "{}", "*", "$or", "attributes:x", "= ", ", "],
];
const value = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...VALUES) },
  fc.string({ minLength: 1, maxLength: 6, unit: "grapheme" }).filter((text) => !/["\\\p{Cc}]/u.test(text)),
);
const key = fc.constantFrom(...KEYS);
const condition = key.chain((attribute) =>
  fc.oneof(
    fc.record({ attribute: fc.constant(attribute), anyOf: fc.uniqueArray(value, { minLength: 1, maxLength: 3 }) }),
    fc.record({ attribute: fc.constant(attribute), prefix: value }),
    fc.record({ attribute: fc.constant(attribute), exists: fc.constant(true) }),
  ),
);
const filters: fc.Arbitrary<Filter> = fc
  .uniqueArray(condition, { minLength: 1, maxLength: 5, selector: ({ attribute }) => attribute })
  .filter((one) => filterSchema().safeParse(one).success);
const messages = fc.dictionary(key, value, { maxKeys: 6, noNullPrototype: true });
/** A filter and a message that has much to do with it. */
const pairs = filters.chain((filter) =>
  fc.record({
    filter: fc.constant(filter),
    message: fc.oneof(
      messages,
      fc
        .tuple(
          messages,
          ...filter.map(({ anyOf = [], prefix = "" }) =>
            fc.oneof(
              fc.constantFrom(prefix || "x", ...anyOf),
              value.map((rest) => prefix + rest),
            ),
          ),
        )
        .map(([rest, ...fitting]) => ({
          ...rest,
          ...Object.fromEntries(filter.map(({ attribute }, at) => [attribute, fitting[at] ?? ""])),
        })),
    ),
  }),
);

describe("one filter on both clouds", () => {
  test("what passes on one passes on the other, and is what the filter says", () => {
    const seen = { passed: 0, held: 0 };
    fc.assert(
      fc.property(pairs, ({ filter, message }) => {
        const expected = passes(filter, message);
        seen[expected ? "passed" : "held"] += 1;
        expect(parseFilter(pubSubFilter(filter))(message)).toBe(expected);
        expect(snsPasses(toFilterPolicy(filter), message)).toBe(expected);
      }),
      { numRuns: 1_000 },
    );
    expect(Math.min(seen.passed, seen.held)).toBeGreaterThan(100);
  });

  test("each cloud's text is read back as the filter that it is, whatever the order it was written in", () => {
    fc.assert(
      fc.property(filters, (written) => {
        const filter = canonicalFilter(written);
        expect(canonicalFilter([...written].reverse())).toEqual(filter);
        expect(fromPubSubFilter(pubSubFilter(filter))).toEqual(filter);
        expect(fromFilterPolicy(toFilterPolicy(filter))).toEqual(filter);
      }),
    );
  });

  test.each([
    'attributes.type = "a" OR attributes.type = "b"',
    'NOT attributes:"type"',
    'attributes.type != "a"',
    'attributes:"type" AND',
    'attributes."type" = "a"  AND attributes:"b"',
    '(attributes."a" = "x" OR attributes."b" = "y")',
    'attributes."b" = "x" AND attributes."a" = "x"',
  ])("what spec can't say stays the text that it is on Pub/Sub: %s", (text) =>
    expect(fromPubSubFilter(text)).toBe(text),
  );

  test.each([
    '{"type":[{"exists":false}]}',
    '{"type":[{"anything-but":["a"]}]}',
    '{"type":["a",{"prefix":"b"}]}',
    '{"price":[{"numeric":[">",1]}]}',
    '{"price":[1]}',
    '{"type":"a"}',
    '{"type":[]}',
    '{"$or":[{"a":["x"]},{"b":["y"]}]}',
    '{"type":[{"suffix":"a"}]}',
    "no JSON",
  ])("and on SNS: %s", (text) => expect(fromFilterPolicy(text)).toBe(text));

  test("no filter is none on both", () => {
    expect(fromPubSubFilter("")).toEqual([]);
    for (const none of [undefined, "", "{}"]) expect(fromFilterPolicy(none)).toEqual([]);
    expect(passes([], {})).toBe(true);
  });
});

describe("what a filter may be", () => {
  const refused = (given: unknown) =>
    filterSchema()
      .safeParse(given)
      .error?.issues.map(({ message }) => message)
      .join();
  const ofBytes = (bytes: number) => [{ attribute: "k", anyOf: ["v".repeat(bytes - 144), "w".repeat(100)] }];

  test("as long as Pub/Sub takes it, in bytes, and no longer", () => {
    const longest = ofBytes(256);
    expect(Buffer.byteLength(pubSubFilter(longest))).toBe(256);
    expect(refused(longest)).toBeUndefined();
    expect(refused(ofBytes(257))).toContain("at most 256 bytes");
    expect(refused([{ attribute: "k", prefix: "世".repeat(80) }])).toContain("at most 256 bytes");
  });

  test.each<[string, unknown, string]>([
    ["absence", [{ attribute: "a", exists: false }], "exists can only be true"],
    ["nothing at all", [{ attribute: "a" }], "give exactly one of"],
    ["two at once", [{ attribute: "a", prefix: "b", anyOf: ["c"] }], "give exactly one of"],
    [
      "one attribute twice",
      [
        { attribute: "a", prefix: "b" },
        { attribute: "a", exists: true },
      ],
      "same attribute",
    ],
    ["six attributes", [..."abcdef"].map((attribute) => ({ attribute, exists: true })), "<=5 items"],
    ["a quote", [{ attribute: "a", prefix: 'b"' }], "must be text without"],
    ["a backslash", [{ attribute: "a", anyOf: ["\\"] }], "must be text without"],
    ["an empty value", [{ attribute: "a", anyOf: [""] }], "must be text without"],
    ["an attribute of AWS", [{ attribute: "AWS.x", exists: true }], "attribute is made of"],
    ["an attribute of Google", [{ attribute: "googclient", exists: true }], "attribute is made of"],
    ["dots in a row", [{ attribute: "a..b", exists: true }], "attribute is made of"],
    ["an operator of one cloud", [{ attribute: "a", suffix: "b" }], "suffix"],
  ])("not %s", (_what, given, message) => expect(refused(given)).toContain(message));
});
