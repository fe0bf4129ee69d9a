import { Environment } from "@marcbachmann/cel-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonical, matches } from "../../crds/pattern.ts";
import { anEvent, aPattern } from "../testing/events.ts";
import { celMatch, readCelMatch } from "./cel-match.ts";

const cel = new Environment().registerVariable("message", "map");
const evaluated = (expression: string, message: Readonly<Record<string, string>>) =>
  cel.evaluate(expression, { message });

describe("a pattern in CEL", () => {
  it("matches what the pattern matches", () => {
    fc.assert(
      fc.property(aPattern, anEvent, (pattern, event) => {
        expect(evaluated(celMatch(pattern, false), event)).toBe(matches(pattern, event));
      }),
    );
  });

  it("matches nothing while it is suspended", () => {
    fc.assert(
      fc.property(aPattern, anEvent, (pattern, event) => {
        expect(evaluated(celMatch(pattern, true), event)).toBe(false);
      }),
    );
  });

  it("is read back as it was", () => {
    fc.assert(
      fc.property(aPattern, fc.boolean(), (pattern, suspended) => {
        expect(readCelMatch(celMatch(pattern, suspended))).toEqual({ pattern: canonical(pattern), suspended });
      }),
    );
  });

  it("reads what looks like an expression inside a value as a value", () => {
    const pattern = [{ attribute: "subject", prefix: "a) && has(message.type) && (b" }];
    expect(readCelMatch(celMatch(pattern, false))?.pattern).toEqual(pattern);
  });

  it.each([
    "",
    "true",
    'message.type == "a"',
    "has(message.type) && ",
    '(has(message.type) && message.source in ["a"])',
    "has(message.type) || has(message.source)",
    '(has(message.type) && message.type in ["a"]) || true',
  ])("does not take %s for one that spec can ask for", (expression) => {
    expect(readCelMatch(expression)).toBeUndefined();
  });
});
