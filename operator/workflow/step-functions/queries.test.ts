import jsonata from "jsonata";
import { describe, expect, it } from "vitest";
import type { Value } from "../expression/index.ts";
import { isMap } from "../expression/values.ts";
import { knownSchema } from "../tables/schema.ts";
import { workflowOf } from "../testing/world.ts";
import type { State } from "./definition.ts";
import { type StepFunctionsPlace, toStepFunctions } from "./index.ts";

/*
 * What we write into a definition by hand, by the reference implementation of JSONata. The tests of whole machines run
 * on an emulator, whose JSONata other people wrote.
 */

const place: StepFunctionsPlace = {
  target: () => ({ QUEUE_URL: "https://sqs/orders" }),
  schema: (table) => knownSchema(table, undefined),
  workflow: (name) => name,
  connection: "arn:aws:events:eu-west-1:1:connection/http/1",
};
const statesOf = (yaml: string): Readonly<Record<string, State>> => toStepFunctions(workflowOf(yaml), place).States;

async function evaluated(field: unknown, input: Value, variables: Readonly<Record<string, unknown>> = {}) {
  const expression = jsonata((field as string).slice(2, -2));
  const value: unknown = await expression.evaluate(null, { states: { input }, ...variables });
  if (value === undefined) throw new Error("no result, which fails in Step Functions");
  return JSON.parse(JSON.stringify(value));
}

const ODD: readonly Value[] = [
  null,
  0,
  false,
  "",
  [],
  {},
  [1],
  [[]],
  [[1]],
  [1, [2]],
  [null],
  { a: null },
  { output: [1] },
  "{% 1 %}",
];

describe("a result", () => {
  const framed = statesOf("do: [{ t: { try: [{ a: { set: 1, export: { as: { a: 1 } } } }], catch: {} } }]")[
    "t#try-result"
  ]!;
  const plain = statesOf("do: [{ t: { try: [{ a: { set: 1 } }], catch: {} } }]")["t#try-result"]!;

  it.each(ODD)("of a try is what its body gave: %j", async (value) => {
    expect(await evaluated(plain.Output, [value])).toEqual(value);
    const frame = [{ output: value, context: { kept: value } }];
    expect(await evaluated(framed.Output, frame)).toEqual(value);
    expect(await evaluated((framed.Assign as { context_1: string }).context_1, frame)).toEqual({ kept: value });
  });

  it("of branches is theirs in order, or the first error", async () => {
    const fork = statesOf("do: [{ f: { fork: { branches: [{ a: { set: 1 } }] } } }]");
    const fails = fork["f#join"]!.Choices![0]!.Condition;
    const ended = ODD.map((ok) => ({ ok }));
    expect(await evaluated(fails, ended)).toBe(false);
    expect(await evaluated(fork["f#results"]!.Output, ended)).toEqual(ODD);
    expect(await evaluated(fork["f#results"]!.Output, [])).toEqual([]);
    const problem = (name: string) => ({ err: { class: name, code: "", message: "" } });
    const failed = [ended[0]!, problem("Denied"), ended[1]!, problem("Timeout")];
    expect(await evaluated(fails, failed)).toBe(true);
    expect(await evaluated(fork["f#raise"]!.Error, failed)).toBe("Wf.Denied");
  });
});

it("each item of a loop is what it was", async () => {
  const states = statesOf("do: [{ l: { for: { in: [] }, do: [{ a: { set: 1 } }] } }]");
  const [list, place] = Object.keys(states.l!.Assign as object) as [string, string];
  const [choice] = states["l#next"]!.Choices ?? [];
  const [query] = Object.values(choice!.Assign as object);
  for (const [index, item] of ODD.entries()) {
    const variables = { [list]: ODD, [place]: index };
    expect(await evaluated(choice!.Condition, null, variables)).toBe(true);
    expect(await evaluated(query, null, variables)).toEqual(item);
  }
  expect(await evaluated(choice!.Condition, null, { [list]: ODD, [place]: ODD.length })).toBe(false);
});

describe("a message", () => {
  const { Arguments } = statesOf(
    'do: [{ c: { call: queue.send, with: { queue: orders, body: "${input}", attributes: "${input}" } } }]',
  ).c as State & { Arguments: { MessageBody: string; MessageAttributes: string } };

  it.each([...ODD, 'a "text" \\ \n ü😀', 1.5, true])("has its body as JSON: %j", async (body) => {
    const got = await evaluated(Arguments.MessageBody, body);
    expect(typeof got === "string" ? JSON.parse(got) : got).toEqual(body);
    expect(typeof got).toBe(isMap(body) ? "object" : "string");
  });

  it.each([
    [{}, {}],
    [{ a: "x" }, { a: { DataType: "String", StringValue: "x" } }],
    [
      { a: "x", "b-c": "é" },
      { a: { DataType: "String", StringValue: "x" }, "b-c": { DataType: "String", StringValue: "é" } },
    ],
  ])("has the attributes of %j, and the key", async (given, attributes) => {
    expect(await evaluated(Arguments.MessageAttributes, given, { run: { id: "r1" } })).toEqual({
      ...attributes,
      dedupKey: { DataType: "String", StringValue: "r1/c" },
    });
  });

  it.each([[["x"]], ["x"], [{ a: 1 }], [null]])("has none of %j", async (given) => {
    await expect(evaluated(Arguments.MessageAttributes, given, { run: { id: "r1" } })).rejects.toThrow();
  });
});
