import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { createCloudWorkflowsContext, toCloudWorkflows } from "./cloud-workflows.ts";
import { subworkflows } from "./cloud-workflows-helpers.ts";
import { cloudWorkflowsSource } from "./cloud-workflows-source.ts";
import { parse } from "./parse.ts";
import { lintSteps } from "./testing/cloud-workflows-lint.ts";
import { EXAMPLE_SCOPE, FAULTS, VALUES } from "./testing/examples.ts";
import { BOOL, DYNAMIC, INTEGER, type Scope, STRING } from "./types.ts";

const scope: Scope = {
  any: DYNAMIC,
  flag: BOOL,
  count: INTEGER,
  name: STRING,
  names: { kind: "list", of: STRING },
  order: { kind: "map", fields: { id: { type: STRING, optional: false } }, rest: DYNAMIC },
};

const variables = (of: Scope) => Object.keys(of).map((name) => `v_${name}`);

function lower(source: string, of = scope) {
  const context = createCloudWorkflowsContext({ names: (name) => `v_${name}`, prefix: "x" });
  return { ...toCloudWorkflows(parse(source), of, context), helpers: Object.keys(context.helpers()) };
}

it("writes a source that YAML reads as it is meant", () => {
  const texts = ["\u007f\u0085\u009f", "\u2028\u2029", "\ufeff\uffff", "😀é", "\0\t\n", "${", "# - : {", "1e3"];
  const source = cloudWorkflowsSource({ texts });
  expect(parseYaml(source)).toEqual({ texts });
  expect(source).toMatch(/^[\t\n -~\u00a0-\u2027\u202a-\ufefe\uff00-\ufffd]*$/);
  expect(source).toContain("😀");
});

describe("Cloud Workflows", () => {
  it.each([
    ["1", 1],
    ["'text'", "text"],
    ["null", null],
    ["-1.5", -1.5],
    ["1e-7", "${0.0000001}"],
    ["-1.25e-7", "${(0 - 0.000000125)}"],
    ["[1, {'a': [name]}]", [1, { a: ["${v_name}"] }]],
    ["order.id", '${v_order["id"]}'],
    ["order.id == 'A-1'", '${(v_order["id"] == "A-1")}'],
    ["names[0]", "${v_names[0]}"],
    ["!flag", "${(v_flag == false)}"],
    ["name + 'x'", '${(v_name + "x")}'],
    ["-count < 2", "${((0 - v_count) < 2)}"],
    ["any < 2", "${((v_any - 0) < 2)}"],
    ["name in names", "${(v_name in v_names)}"],
    ["has(order.id)", '${("id" in v_order)}'],
    ["size(names) + 0 == size(names) + 0 || true", undefined],
    ["size(name)", '${len(text.find_all_regex(v_name, "(?s)."))}'],
    ["name.split(',')", undefined],
    ["timestamp('2026-11-30T00:00:00Z') > timestamp(name)", undefined],
  ])("%s", (source, value) => {
    const lowered = lower(source);
    if (value === undefined) return expect(lowered.steps).not.toEqual([]);
    expect(lowered).toEqual({ steps: [], value, helpers: [] });
  });

  it("looks at the other side of a logical operator only where it counts", () => {
    expect(lower("flag && any")).toEqual({
      steps: [
        { x2: { assign: [{ x1: false }] } },
        {
          x6: {
            switch: [
              {
                condition: "${v_flag}",
                steps: [
                  { x4: { call: "rt_bool", args: { x: "${v_any}" }, result: "x3" } },
                  { x5: { assign: [{ x1: "${x3}" }] } },
                ],
              },
            ],
          },
        },
      ],
      value: "${x1}",
      helpers: ["rt_bool"],
    });
  });

  it("stops a search at the first answer", () => {
    expect(JSON.stringify(lower("names.exists(n, n == 'a')").steps)).toContain('"next":"break"');
  });

  it("adds the helpers that are needed, with those that they call, once", () => {
    expect(lower("any + any + any").helpers).toEqual(["rt_type", "rt_range", "rt_add", "rt_concat"]);
    expect(lower("count + count").helpers).toEqual(["rt_range"]);
  });

  it("asks for no type that is known", () => {
    expect(lower("name.startsWith('a') && order.id.contains('b')").helpers).toEqual(["rt_starts_with"]);
  });

  it("splits a text that holds what an engine would read as an expression", () => {
    expect(lower(`'a\${b\${'`)).toEqual({
      steps: [{ x2: { assign: [{ x1: "a$" }, { x3: "{b$" }, { x4: "{" }] } }],
      value: "${((x1 + x3) + x4)}",
      helpers: [],
    });
  });

  it("keeps to 400 characters an expression and 50 assigns a step", () => {
    const long = `[${Array.from({ length: 120 }, (_, at) => `name + 'é${at}'`).join(", ")}]`;
    const sum = Array.from({ length: 60 }, () => "order.id").join(" + ");
    for (const source of [long, sum]) {
      const { steps, value } = lower(source);
      expect(lintSteps([...steps, { give: { return: value } }], {}, variables(scope))).toEqual([]);
    }
  });

  it("lets the names be any path", () => {
    const context = createCloudWorkflowsContext({ names: (name) => `run["${name}"]`, prefix: "x" });
    expect(toCloudWorkflows(parse("any.id[0]"), scope, context).steps).toEqual([
      { x2: { call: "rt_index", args: { of: '${run["any"]["id"]}', at: "${0}" }, result: "x1" } },
    ]);
  });

  it("keeps the examples and all helpers to the rules", () => {
    for (const [source] of [...VALUES, ...FAULTS]) {
      const context = createCloudWorkflowsContext({ names: (name) => `v_${name}`, prefix: "x" });
      const { steps, value } = toCloudWorkflows(parse(source), EXAMPLE_SCOPE, context);
      const whole = [...steps, { give: { return: value } }];
      expect([source, ...lintSteps(whole, context.helpers(), variables(EXAMPLE_SCOPE))]).toEqual([source]);
      for (const [name, helper] of Object.entries(context.helpers()))
        expect([name, ...lintSteps(helper.steps, context.helpers(), helper.params)]).toEqual([name]);
    }
  });

  it("gives no helper that was not asked for", () => {
    expect(subworkflows([])).toEqual({});
  });
});
