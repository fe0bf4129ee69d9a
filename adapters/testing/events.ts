/** Any patterns, and events that they have a chance to match. */
import fc from "fast-check";
import { canonical, type Match, type Pattern } from "../../crds/pattern.ts";

const NAMES = ["type", "source", "subject", "tenant", "stage2"];
const text = fc.oneof(
  fc.constantFrom(
    "a",
    "ab",
    "abc",
    "b",
    "/orders",
    "/orders/eu",
    "com.example.order",
    "é\u{1f600}",
    " ",
    "$.x",
    "x && y",
  ),
  fc.stringMatching(/^[^"\\\p{Cc}]{1,12}$/u),
);

const match = (attribute: string): fc.Arbitrary<Match> =>
  fc.oneof(
    fc.array(text, { minLength: 1, maxLength: 4 }).map((anyOf): Match => ({ attribute, anyOf })),
    text.map((prefix): Match => ({ attribute, prefix })),
    ...(attribute === "type" || attribute === "source"
      ? []
      : [fc.boolean().map((exists): Match => ({ attribute, exists }))]),
  );

export const aPattern: fc.Arbitrary<Pattern> = fc
  .subarray(NAMES, { minLength: 1 })
  .chain((names) => fc.tuple(...names.map(match)))
  .map((matches) => canonical(matches));

/** Context attributes of an event. */
export const anEvent: fc.Arbitrary<Readonly<Record<string, string>>> = fc
  .record({ type: text, source: text, subject: text, tenant: text, stage2: text }, { requiredKeys: ["type", "source"] })
  .map((event) => ({ ...event, id: "1", specversion: "1.0" }));
