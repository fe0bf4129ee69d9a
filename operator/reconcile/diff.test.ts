import fc from "fast-check";
import { expect, describe as group, it } from "vitest";
import type { Tags } from "../provider/owner.ts";
import type { Neutral, Wanted } from "../provider/provider.ts";
import { describe, diff, sameNeutral, withoutMarks } from "./diff.ts";

interface Want extends Wanted {
  readonly size?: number | undefined;
  readonly deep?: Neutral;
}
const want = (over: Partial<Want> = {}): Want => ({ tags: {}, size: 1, ...over });
const fieldsOf = (a: Want, b: Partial<Want>) => diff(a, b).map((change) => change.field);

const neutral: fc.Arbitrary<Neutral> = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Neutral>;

group("diff", () => {
  it("names each field that differs, with both values", () => {
    expect(diff(want({ deep: { a: [1] } }), { size: 2, deep: { a: [1, 2] } })).toEqual([
      { field: "size", want: 1, actual: 2 },
      { field: "deep", want: { a: [1] }, actual: { a: [1, 2] } },
    ]);
  });

  it("leaves alone what was not read and what is not wanted", () => {
    expect(diff(want(), { deep: { extra: true } })).toEqual([]);
  });

  it("tells 0, false, empty and null apart", () => {
    const values: Neutral[] = [0, false, "", [], {}, null];
    for (const [i, a] of values.entries())
      for (const [j, b] of values.entries())
        expect(fieldsOf(want({ deep: a }), { deep: b }).length).toBe(i === j ? 0 : 1);
  });

  it("takes an undefined field for an absent one, at any depth", () => {
    expect(diff(want({ deep: [{ a: 1, b: undefined }] }), { deep: [{ a: 1 }] })).toEqual([]);
  });

  it("takes records without a prototype as they are", () => {
    expect(diff(want({ deep: { a: 1 } }), { deep: Object.assign(Object.create(null), { a: 1 }) })).toEqual([]);
  });

  it("compares of tags only those that are wanted or were ours", () => {
    const tags: Tags = { team: "a", gone: null, kept: "k" };
    expect(diff(want({ tags }), { tags: { team: "b", gone: "x", kept: "k", theirs: "t" } })).toEqual([
      { field: "tags", want: { team: "a", gone: null }, actual: { team: "b", gone: "x" } },
    ]);
    expect(diff(want({ tags }), { tags: { team: "a", kept: "k", theirs: "t" } })).toEqual([]);
  });

  it("knows tags that are named like what every object inherits", () => {
    expect(diff(want({ tags: { constructor: null } as unknown as Tags }), { tags: {} })).toEqual([]);
    expect(fieldsOf(want({ tags: { constructor: "x" } as unknown as Tags }), { tags: {} })).toEqual(["tags"]);
  });

  it("finds nothing between a value and its copy, whatever the order of fields", () => {
    fc.assert(
      fc.property(neutral, (value) => {
        expect(diff(want({ deep: value }), { deep: reversed(value) })).toEqual([]);
      }),
    );
  });

  it("finds every difference that JSON shows", () => {
    fc.assert(
      fc.property(neutral, neutral, (a, b) => {
        expect(sameNeutral(a, b)).toBe(sorted(a) === sorted(b));
        expect(sameNeutral(a, b)).toBe(sameNeutral(b, a));
      }),
    );
  });
});

group("withoutMarks", () => {
  it("leaves out our marks and keeps the user's tags and other fields", () => {
    const changes = [
      { field: "size", want: 1, actual: 2 },
      { field: "tags", want: { "onyx-uid": "a", team: "x" }, actual: { "onyx-uid": "b", team: null } },
    ];
    expect(withoutMarks(changes)).toEqual([
      { field: "size", want: 1, actual: 2 },
      { field: "tags", want: { team: "x" }, actual: { team: null } },
    ]);
    expect(withoutMarks([{ field: "tags", want: { "onyx-uid": "a" }, actual: { "onyx-uid": "b" } }])).toEqual([]);
  });
});

group("describe", () => {
  it("shows the live value, then the wanted one, and cuts long ones", () => {
    expect(describe({ field: "retentionSeconds", want: 345_600, actual: 60 })).toBe("retentionSeconds: 60 → 345600");
    expect(describe({ field: "note", want: undefined, actual: null })).toBe("note: null → nothing");
    expect(describe({ field: "note", want: "x".repeat(100), actual: "" }).length).toBeLessThan(80);
  });
});

function reversed(value: Neutral): Neutral {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(reversed);
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, one]) => [key, reversed(one)]),
  );
}

/** JSON with sorted fields; -0 is 0 in JSON and in a diff. */
function sorted(value: Neutral): string {
  return JSON.stringify(value, (_key, one) =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}
