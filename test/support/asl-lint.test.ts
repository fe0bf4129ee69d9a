import { expect, it } from "vitest";
import type { State, StateMachine } from "../../operator/workflow/step-functions/index.ts";
import { aslLint } from "./asl-lint.ts";

const machine = (States: Record<string, State>): StateMachine => ({
  Comment: "",
  QueryLanguage: "JSONata",
  StartAt: Object.keys(States)[0]!,
  States,
});
const pass = (fields: object): State => ({ Type: "Pass", ...fields }) as State;
const end = pass({ End: true });

it("has nothing to say of a sound machine", () => {
  const inner = { StartAt: "b", States: { b: pass({ Assign: { y: "{% $x + 1 %}" }, Next: "c" }), c: end } };
  const sound = machine({
    a: pass({ Assign: { x: 1 }, Next: "p" }),
    p: {
      Type: "Parallel",
      Branches: [inner],
      Catch: [{ ErrorEquals: ["States.ALL"], Assign: { e: 1 }, Next: "f" }],
      Next: "d",
    },
    f: { Type: "Fail", Error: "{% $string($e) %}" },
    d: pass({ Output: "{% ($g:=function($k){$k+$x};$g(1)) %}", End: true }),
  });
  expect(aslLint(sound)).toEqual([]);
});

it.each<[string, Record<string, State>]>([
  ["a may read $x before it is assigned", { a: pass({ Output: { o: ["{% $x %}"] }, End: true }) }],
  [
    "b may read $x before it is assigned",
    {
      a: { Type: "Choice", Choices: [{ Condition: "{% true %}", Assign: { x: 1 }, Next: "b" }], Default: "b" },
      b: pass({ Output: "{% $x %}", End: true }),
    },
  ],
  [
    "$x is assigned within a scope of a variable of that name",
    {
      a: pass({ Assign: { x: 1 }, Next: "p" }),
      p: {
        Type: "Parallel",
        Branches: [{ StartAt: "b", States: { b: pass({ Assign: { x: 2 }, End: true }) } }],
        End: true,
      },
    },
  ],
  ["p: Parallel has no Output here", { p: { Type: "Parallel", Branches: [], Output: 1, End: true } }],
  ["a: a Choice without Default", { a: { Type: "Choice", Choices: [{ Condition: "{% true %}", Next: "b" }] }, b: end }],
  ["b is never reached", { a: end, b: end }],
  ['"states" is no name of a variable', { a: pass({ Assign: { states: 1 }, End: true, Next: "b" }), b: end }],
  [`${"n".repeat(81)} is a name of more than 80 characters`, { ["n".repeat(81)]: end }],
])("says: %s", (problem, states) => {
  expect(aslLint(machine(states))).toEqual([problem]);
});
