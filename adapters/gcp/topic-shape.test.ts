import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TopicWant } from "../../controllers/leaf/wants.ts";
import { actualTopic, fitTopic, toTopic } from "./topic-shape.ts";

const want = (over: Partial<TopicWant> = {}): TopicWant => ({
  ordering: "None",
  maxMessageBytes: 262_144,
  encryptionKey: null,
  overrides: {},
  tags: { team: "core" },
  ...over,
});

const overrides = fc.record(
  {
    messageStorage: fc.record({
      regions: fc.uniqueArray(fc.constantFrom("europe-west1", "europe-west3", "us-east1"), { minLength: 1 }),
      enforceInTransit: fc.boolean(),
    }),
    retention: fc.integer({ min: 600, max: 2_678_400 }).map((seconds) => `${seconds}s`),
    schema: fc.record(
      {
        name: fc.constant("projects/p/schemas/s"),
        encoding: fc.constantFrom("Json", "Binary"),
        firstRevisionId: fc.constant("a1"),
        lastRevisionId: fc.constant("b2"),
      },
      { requiredKeys: ["name", "encoding"] },
    ),
  },
  { requiredKeys: [] },
);

describe("what is written reads back as what was wanted", () => {
  test("with any overrides", () => {
    fc.assert(
      fc.property(overrides, fc.constantFrom(null, "projects/p/locations/l/keyRings/r/cryptoKeys/k"), (given, key) => {
        const fitted = fitTopic(want({ overrides: given as TopicWant["overrides"], encryptionKey: key })).want;
        const { ordering: _kept, ...wanted } = fitted;
        const actual = actualTopic(toTopic("projects/p/topics/t", fitted, { team: "core" }));
        expect(actual).toEqual({ messageStorage: null, ...wanted });
      }),
    );
  });

  test("also where a reply tells the encoding by number", () => {
    const schemaSettings = { schema: "projects/p/schemas/s", encoding: 2 };
    expect(actualTopic({ schemaSettings }).overrides).toEqual({
      schema: { name: "projects/p/schemas/s", encoding: "Binary" },
    });
  });
});

test("without a wish for where messages lie, the organization's policy is not compared", () => {
  expect("messageStorage" in fitTopic(want()).want).toBe(false);
});

test("a smaller size is covered, and overrides are specific to this cloud", () => {
  const { deviations } = fitTopic(want({ overrides: { retention: "1h" } }));
  expect(deviations.map(({ field, kind }) => [field, kind])).toEqual([
    ["maxMessageBytes", "Covered"],
    ["overrides.gcp.retention", "CloudSpecific"],
  ]);
});

test("an unknown override is refused by its path", () => {
  expect(() => fitTopic(want({ overrides: { colour: "red" } }))).toThrow("overrides.gcp.colour");
});
