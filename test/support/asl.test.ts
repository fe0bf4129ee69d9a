import { expect, it } from "vitest";
import { aslErrors } from "./asl.ts";

const machine = (States: object): object => ({ QueryLanguage: "JSONata", StartAt: "A", States });
const pass = (more: object): object => ({ Type: "Pass", ...more });

it("finds nothing in a sound definition, and leaves it as it is", () => {
  const definition = machine({ A: pass({ Output: "{% $states.input.n + 1 %}", End: true }) });
  const before = structuredClone(definition);
  expect(aslErrors(definition)).toEqual([]);
  expect(definition).toEqual(before);
});

it.each([
  ["a transition to nowhere", { A: pass({ Next: "B" }) }, /MISSING_TRANSITION_TARGET.*B/],
  ["a state that nothing leads to", { A: pass({ End: true }), B: pass({ End: true }) }, /B is not reachable/],
  [
    "an expression that does not parse",
    { A: pass({ Output: "{% 1 + %}", End: true }) },
    /SCHEMA_VALIDATION_FAILED.*Output/,
  ],
])("finds %s", (_, states, error) => {
  expect(aslErrors(machine(states)).join("\n")).toMatch(error);
});
