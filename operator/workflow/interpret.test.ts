import { describe, expect, it } from "vitest";
import { TaskError } from "./errors.ts";
import type { Value } from "./expression/index.ts";
import { workflowOf, world } from "./testing/world.ts";

const run = (yaml: string, input: Value = null) => world().run(workflowOf(yaml), input);

const send = (name: string, endpoint = name) =>
  `- ${name}: { call: http, with: { method: POST, endpoint: "https://x/${endpoint}" } }`;

describe("data goes from task to task", () => {
  it.each([
    ["a set gives its value", "do: [{a: {set: {n: 1}}}]", null, { n: 1 }],
    ["the output of one is the input of the next", 'do: [{a: {set: 2}}, {b: {set: "${input + 1}"}}]', null, 3],
    ["the first gets the run's input", 'do: [{a: {set: "${input.x}"}}]', { x: 7 }, 7],
    ["input.from of the run", 'input: {from: "${input.x}"}\ndo: [{a: {set: "${input}"}}]', { x: 7 }, 7],
    ["output.as of the run", 'do: [{a: {set: 5}}]\noutput: {as: {five: "${output}"}}', null, { five: 5 }],
    [
      "input.from and output.as of a task",
      'do: [{a: {input: {from: "${input.x}"}, set: "${input + 1}", output: {as: "${[input, output]}"}}}]',
      { x: 1 },
      [1, 2],
    ],
    [
      "only export.as writes the context, and sees what output.as gave",
      'do: [{a: {set: 1, output: {as: "${output + 1}"}, export: {as: {kept: "${output}"}}}}, {b: {set: "${context}"}}]',
      null,
      { kept: 2 },
    ],
    [
      "null is a value",
      'do: [{a: {set: 1, output: {as: null}}}, {b: {set: 2, input: {from: null}, output: {as: "${[input]}"}}}]',
      0,
      [null],
    ],
    ["a task that is skipped gives what came", 'do: [{a: {if: "${input > 3}", set: 9}}]', 3, 3],
    [
      "a skipped task is left to the next one",
      'do: [{a: {if: false, set: 9, then: c}}, {b: {set: 1}}, {c: {set: "${input + 1}"}}]',
      0,
      2,
    ],
    ["what a run tells of itself", 'do: [{a: {set: "${run.id + run.startedAt}"}}]', null, "r12026-01-05T10:00:00Z"],
  ])("%s", async (_what, yaml, input, output) => {
    expect(await run(yaml, input as Value)).toEqual({ output });
  });
});

describe("what comes next", () => {
  const ways = `
do:
  - choose:
      switch:
        - small: { when: "\${input < 10}", then: small }
        - huge: { when: "\${input > 100}", then: exit }
        - last: { when: "\${input == 50}", then: end }
        - other: { then: other }
  - other: { set: other, then: exit }
  - small: { set: small }
output: { as: ["\${output}"] }
`;
  it.each([
    [5, ["small"]],
    [101, [101]],
    [50, [50]],
    [60, ["other"]],
  ])("a switch sends %j its way", async (input, output) => {
    expect(await run(ways, input)).toEqual({ output });
  });

  it("ends the run from a list within", async () => {
    const yaml = "do: [{a: {do: [{b: {if: '${input > 0}', set: 1, then: end}}, {c: {set: 2}}]}}, {d: {set: 3}}]";
    expect([await run(yaml, 5), await run(yaml, -5)]).toEqual([{ output: 1 }, { output: 3 }]);
    const shaped = "do: [{a: {do: [{b: {set: 1, then: end}}], output: {as: 2}}}]\noutput: {as: ['${output}']}";
    expect(await run(shaped)).toEqual({ output: [1] });
  });

  it("leaves only the list that it is in", async () => {
    expect(
      await run('do: [{a: {do: [{b: {if: true, set: 1, then: exit}}, {c: {set: 2}}]}}, {d: {set: "${input + 2}"}}]'),
    ).toEqual({ output: 3 });
  });
});

describe("loops", () => {
  it("hands each body the output and the context of the one before", async () => {
    const yaml = `
do:
  - sum:
      for: { each: n, in: "\${input}", at: i }
      do:
        - add: { set: "\${n * (i + 1)}", export: { as: { total: "\${(has(context.total) ? context.total : 0) + output}" } } }
  - give: { set: { last: "\${input}", total: "\${context.total}" } }
`;
    expect(await run(yaml, [1, 2, 3])).toEqual({ output: { last: 9, total: 14 } });
    expect(await run(yaml.replace('context.total}" } }', 'input}" } }'), [])).toMatchObject({ output: { last: [] } });
  });

  it("stops when while is false", async () => {
    const yaml =
      'do: [{a: {set: 0}}, {b: {for: {in: "${[1, 2, 3, 4]}"}, while: "${input < 3}", do: [{c: {set: "${input + item}"}}]}}]';
    expect(await run(yaml)).toEqual({ output: 3 });
  });

  it("runs bodies at once, gives their outputs in order, and drops what they write to the context", async () => {
    const yaml = `
do:
  - a: { set: "\${input}", export: { as: { x: 1 } } }
  - b:
      for: { in: "\${input}" }
      metadata: { concurrency: 2 }
      do: [{ c: { set: "\${item * 2}", export: { as: { x: 2 } } } }]
  - d: { set: { all: "\${input}", x: "\${context.x}" } }
`;
    expect(await run(yaml, [3, 2, 1])).toEqual({ output: { all: [6, 4, 2], x: 1 } });
  });

  it("ends all bodies, then raises the error of the first item that failed", async () => {
    const w = world(({ with: { body } }) => {
      const { n } = body as { n: number };
      if (n > 1) throw new TaskError("Business", `no ${n}`, `N${n}`);
      return { status: 200 };
    });
    const yaml = `
do:
  - b:
      for: { in: "\${input}" }
      metadata: { concurrency: 1 }
      do: [{ c: { call: http, with: { method: POST, endpoint: "https://x", body: { n: "\${item}" } } } }]
`;
    expect(await w.run(workflowOf(yaml), [1, 2, 3])).toEqual({
      error: { class: "Business", code: "N2", message: "no 2" },
    });
    expect(w.calls.map(({ key }) => key)).toEqual(["r1/b/c/0", "r1/b/c/1", "r1/b/c/2"]);
  });

  it.each([["x"], [{ a: 1 }], [null], [7]])("fails on %j, which is no list", async (input) => {
    const yaml = 'do: [{b: {for: {in: "${input}"}, do: [{c: {set: 1}}]}}]';
    expect(await run(yaml, input)).toMatchObject({ error: { class: "Expression" } });
  });
});

describe("branches", () => {
  it("gives their outputs in order, and raises the first error in order once all have ended", async () => {
    const w = world(({ with: { endpoint } }) => {
      if (endpoint !== "https://x/a") throw new TaskError("NotFound", `${endpoint}`);
      return "done";
    });
    const yaml = (last: string) =>
      `do: [{f: {fork: {branches: [{a: {call: http, with: {method: GET, endpoint: "https://x/a"}}}, ${last}]}}}]`;
    expect(await w.run(workflowOf(yaml('{b: {set: "${input}"}}')), 5)).toEqual({ output: ["done", 5] });
    const fails = yaml(
      '{b: {call: http, with: {method: GET, endpoint: "https://x/b"}}}, {c: {call: http, with: {method: GET, endpoint: "https://x/c"}}}',
    );
    expect(await w.run(workflowOf(fails))).toMatchObject({ error: { class: "NotFound", message: "https://x/b" } });
    expect(w.calls.map(({ key }) => key)).toEqual(["r1/f/a", "r1/f/a", "r1/f/b", "r1/f/c"]);
  });
});

describe("errors", () => {
  const tried = (caught: string) => `
do:
  - t:
      try:
        - first: { set: 1, export: { as: { seen: true } } }
        ${send("pay")}
      catch: ${caught}
  - after: { set: { got: "\${input}", context: "\${context}" } }
`;
  const failing = (times: number, error = new TaskError("Throttled", "slow down")) =>
    world((_request, attempt) => {
      if (attempt <= times) throw error;
      return "paid";
    });

  it("tries again after waits that grow, then goes on", async () => {
    const w = failing(3);
    const yaml = tried(
      "{retry: {delay: {seconds: 2}, backoff: {exponential: {max: {seconds: 5}}}, limit: {attempt: {count: 3}}}}",
    );
    expect(await w.run(workflowOf(yaml))).toEqual({ output: { got: "paid", context: { seen: true } } });
    expect(w.waits).toEqual([2, 4, 5]);
    expect(new Set(w.calls.map(({ key }) => key))).toEqual(new Set(["r1/t/pay"]));
  });

  it("raises the error once retries are used up, or the handler's turn comes", async () => {
    const retry = "retry: {limit: {attempt: {count: 1}}}";
    expect(await failing(9).run(workflowOf(tried(`{${retry}}`)))).toMatchObject({ error: { class: "Throttled" } });
    const handled = tried(`{${retry}, as: problem, do: [{h: {set: "\${problem.class + input}"}}]}`);
    const w = failing(9);
    expect(await w.run(workflowOf(handled), "!")).toEqual({ output: { got: "Throttled!", context: {} } });
    expect(w.waits).toEqual([1]);
  });

  it.each([
    ["what passes by itself is tried again", new TaskError("Transient", "x"), 2],
    ["what does not is not", new TaskError("Denied", "x"), 1],
    ["nor what the workflow itself means", new TaskError("Business", "x", "Empty"), 1],
  ])("%s", async (_what, error, calls) => {
    const w = failing(9, error);
    await w.run(workflowOf(tried("{retry: {limit: {attempt: {count: 1}}}}")));
    expect(w.calls).toHaveLength(calls);
  });

  it.each([
    ["type: Business", { output: { got: 4, context: {} } }],
    ["code: Empty", { output: { got: 4, context: {} } }],
    ["type: [NotFound, Business]", { output: { got: 4, context: {} } }],
    ["status: 409", { error: { class: "Business", code: "Empty", message: "x" } }],
    ["type: NotFound", { error: { class: "Business", code: "Empty", message: "x" } }],
    ["code: Full", { error: { class: "Business", code: "Empty", message: "x" } }],
    ["type: [NotFound, Business], code: Full", { error: { class: "Business", code: "Empty", message: "x" } }],
  ])("catches by %s", async (filter, came) => {
    const w = failing(9, new TaskError("Business", "x", "Empty"));
    expect(await w.run(workflowOf(tried(`{errors: {with: {${filter}}}}`)), 4)).toEqual(came);
  });

  it("a code leaves out other codes, no other class", async () => {
    const caught = tried(
      "{errors: {with: {type: [Throttled, Business], code: Full}}, retry: {limit: {attempt: {count: 2}}}}",
    );
    for (const [error, calls] of [
      [new TaskError("Throttled", "x"), 3],
      [new TaskError("Business", "x", "Full"), 3],
      [new TaskError("Business", "x", "Empty"), 1],
      [new TaskError("Transient", "x"), 1],
    ] as const) {
      const w = failing(9, error);
      await w.run(workflowOf(caught));
      expect(w.calls).toHaveLength(calls);
    }
  });

  it("raises what a workflow says, and catches what an expression does", async () => {
    const raised = "do: [{r: {raise: {error: {type: Business, code: OutOfStock, detail: \"${'no ' + input}\"}}}}]";
    expect(await run(raised, "tea")).toEqual({ error: { class: "Business", code: "OutOfStock", message: "no tea" } });
    const status = "do: [{r: {raise: {error: {type: 'https://x/busy', status: 503, title: Busy}}}}]";
    expect(await run(status)).toEqual({ error: { class: "Transient", code: "", message: "Busy" } });
    const caught = 'do: [{t: {try: [{a: {set: "${input.missing}"}}], catch: {do: [{h: {set: "${error.class}"}}]}}}]';
    expect(await run(caught, {})).toEqual({ output: "Expression" });
  });
});

describe("the world", () => {
  it("is called with the arguments and a key of the task and the loops around it", async () => {
    const w = world(() => ({ id: "m-1" }));
    const yaml = `
do:
  - each:
      for: { in: "\${input}" }
      do:
        - tell: { call: queue.send, with: { queue: orders, body: { order: "\${item}" }, attributes: { kind: new } } }
`;
    expect(await w.run(workflowOf(yaml), ["a", "b"])).toEqual({ output: { id: "m-1" } });
    expect(w.calls[1]).toEqual({
      call: "queue.send",
      target: "orders",
      with: { body: { order: "b" }, attributes: { kind: "new" } },
      settings: {},
      key: "r1/each/tell/1",
      timeoutSeconds: 30,
    });
  });

  it.each([["text"], [5], [null]])("is not called with the body %j", async (input) => {
    const w = world();
    const yaml = 'do: [{a: {call: http, with: {method: POST, endpoint: "https://x", body: "${input}"}}}]';
    expect(await w.run(workflowOf(yaml), input)).toMatchObject({ error: { class: "Expression" } });
    expect(w.calls).toEqual([]);
  });

  it.each([
    ["endpoint", '"${input}"', { endpoint: 5 }],
    ["headers", "https://x, headers: '${input.headers}'", { headers: { a: 5 } }],
    ["query", "https://x, query: {a: '${input.a}'}", { a: null }],
  ])("is not called where %s is of another type", async (_what, endpoint, input) => {
    const w = world();
    const yaml = `do: [{a: {call: http, with: {method: GET, endpoint: ${endpoint}}}}]`;
    expect(await w.run(workflowOf(yaml), input)).toMatchObject({ error: { class: "Expression" } });
    expect(w.calls).toEqual([]);
  });

  it("hears of an event with the key for its id", async () => {
    const w = world();
    await w.run(workflowOf("do: [{e: {emit: {topic: news, event: {with: {type: a.b, source: shop, data: {n: 1}}}}}}]"));
    expect(w.calls[0]).toMatchObject({
      call: "topic.publish",
      target: "news",
      with: { body: { specversion: "1.0", id: "r1/e", type: "a.b", source: "shop", data: { n: 1 } } },
    });
  });

  it("is waited for: seconds, a moment, a signal, another workflow", async () => {
    const w = world();
    const yaml = `
do:
  - a: { wait: { minutes: 2 } }
  - b: { wait: { seconds: "\${input}" } }
  - c: { wait: { until: "2026-02-01T00:00:00Z" } }
  - d: { listen: { to: { one: { with: { type: approved } } } }, timeout: { after: P1D } }
  - e: { run: { workflow: { name: child, input: "\${input}" } } }
  - f: { run: { workflow: { name: child }, await: false } }
`;
    expect(await w.run(workflowOf(yaml), 7)).toEqual({ output: { id: "r1/f" } });
    expect(w.waits).toEqual([120, 7, "2026-02-01T00:00:00Z"]);
    expect(w.runs).toEqual([
      { workflow: "child", input: { signal: "approved" }, await: true, key: "r1/e", timeoutSeconds: 86_400 },
      { workflow: "child", input: {}, await: false, key: "r1/f", timeoutSeconds: 86_400 },
    ]);
  });

  it.each([[1.5], [-1], ["1"], [null], [40_000_000]])("does not wait for %j s", async (input) => {
    expect(await run('do: [{a: {wait: {seconds: "${input}"}}}]', input)).toMatchObject({
      error: { class: "Expression" },
    });
  });

  it.each([["soon"], ["2026-02-31T08:00:00Z"], ["2026-01-31T25:00:00Z"], [5]])(
    "does not wait until %j",
    async (input) => {
      expect(await run('do: [{a: {wait: {until: "${input}"}}}]', input)).toMatchObject({
        error: { class: "Expression" },
      });
    },
  );

  it("tells of each step", async () => {
    const w = world();
    await w.run(workflowOf("do: [{a: {set: 1}}, {b: {if: false, set: 2}}, {c: {do: [{d: {set: 3}}]}}]"));
    expect(w.steps.map(({ task, what }) => `${task.path} ${what.is}`)).toEqual([
      "a started",
      "a ended",
      "b skipped",
      "c started",
      "c/d started",
      "c/d ended",
      "c ended",
    ]);
  });
});
