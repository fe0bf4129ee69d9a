import { describe, expect, it } from "vitest";
import { canonicalPattern, pattern, patternSpec } from "./pattern.ts";

const refusals = (given: object): string[] =>
  pattern()
    .safeParse(given)
    .error?.issues.map(({ message }) => message) ?? [];

describe("the pattern of an EventRule", () => {
  it("is compared in one form, and written back as spec has it", () => {
    const given = {
      type: { anyOf: ["b", "a", "b"] },
      attributes: [
        { attribute: "tenant", exists: false },
        { attribute: "subject", prefix: "x" },
      ],
    };
    const canonical = canonicalPattern(given);
    expect(canonical).toEqual([
      { attribute: "subject", prefix: "x" },
      { attribute: "tenant", exists: false },
      { attribute: "type", anyOf: ["a", "b"] },
    ]);
    expect(canonicalPattern(patternSpec(canonical))).toEqual(canonical);
    expect(patternSpec(canonical)).not.toHaveProperty("source");
  });

  it.each(["id", "time", "data", "type", "in", "for"])("does not match the attribute %s", (attribute) => {
    expect(refusals({ attributes: [{ attribute, exists: true }] }).join()).toMatch(/attribute can't be/);
  });

  it.each(["Tenant", "tenant_id", "2x", "x".repeat(21), ""])("takes %s for no name of an attribute", (attribute) => {
    expect(refusals({ attributes: [{ attribute, exists: true }] })).not.toEqual([]);
  });

  it.each(['a"b', "a\\b", "a\nb", ""])("refuses the value %j, which clouds write in different ways", (value) => {
    expect(refusals({ type: { anyOf: [value] } })).not.toEqual([]);
    expect(refusals({ type: { prefix: value } })).not.toEqual([]);
  });
});
