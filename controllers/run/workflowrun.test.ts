import { describe, expect, it } from "vitest";
import { workflowRun } from "./workflowrun.ts";

const workflow = {
  apiVersion: "onyx.onelens.io/v1alpha1",
  kind: "Workflow",
  metadata: { name: "orders", namespace: "shop" },
  spec: {
    definition: {
      input: {
        schema: { document: { type: "object", required: ["id"], properties: { id: { type: "string" } } } },
      },
      do: [{ settle: { do: [{ "look-up": { set: 1 } }] } }],
    },
  },
} as never;
const inputOf = (input: string) =>
  workflowRun.input({ workflowRef: { name: "orders" }, input, cancel: false }, workflow);

describe("the input of a run", () => {
  it("is what its JSON says", () => expect(inputOf('{"id":"7"}')).toEqual({ input: { id: "7" } }));

  it.each([
    ["{", "input: is no JSON. Make another object with one that is."],
    ["{}", "input lacks id, by input.schema of the Workflow. Make another object with an input that fits."],
    ['{"id":7}', /^input\.id should be a text, by input\.schema/],
  ])("%s is refused", (input, invalid) =>
    expect(inputOf(input)).toEqual({
      invalid: typeof invalid === "string" ? invalid : expect.stringMatching(invalid),
    }),
  );
});

it("a step is told by the path of its task, whatever the engine calls it", () => {
  const tasks = workflowRun.tasks(workflow);
  expect([tasks.get("settle/look-up"), tasks.get("settle_look_up"), tasks.get("settle")]).toEqual([
    "settle/look-up",
    "settle/look-up",
    "settle",
  ]);
});
