import { afterAll, describe, expect, it } from "vitest";
import { startWorkflowEngine, WorkflowRefused } from "../../../hack/testbed/index.ts";

const engine = await startWorkflowEngine({ env: { WAIT_SCALE: "0" } });
afterAll(() => engine.stop());

/** Prices orders by a subworkflow, looks at two things side by side, and refuses what is too dear. */
const ORDERS = `
main:
  params: [input]
  steps:
    - start:
        assign:
          - total: 0
          - seen: []
          - most: null
          - tax: null
    - each:
        for:
          value: order
          index: place
          in: '\${input.orders}'
          steps:
            - known:
                switch:
                  - condition: '\${order.kind == "gift"}'
                    next: continue
                  - condition: '\${order.kind == "end"}'
                    next: break
            - price:
                call: price
                args: { count: '\${order.count}' }
                result: cost
            - add:
                assign:
                  - total: '\${total + cost}'
                  - seen: '\${list.concat(seen, place)}'
    - rest:
        call: sys.sleep
        args: { seconds: 600 }
    - both:
        parallel:
          shared: [most, tax]
          branches:
            - limit:
                steps:
                  - find: { assign: [{ most: '\${default(map.get(input, "most"), 100)}' }] }
            - levy:
                steps:
                  - find: { assign: [{ tax: '\${total / 10}' }] }
    - judge:
        try:
          steps:
            - check:
                switch:
                  - condition: '\${total > most}'
                    steps:
                      - dear:
                          raise: { message: '\${"over " + string(most)}', code: 409, tags: [TooDear] }
        except:
          as: error
          steps:
            - refuse:
                return: { refused: '\${error.tags}', because: '\${error.message}' }
    - done:
        return: { total: '\${total}', tax: '\${tax}', seen: '\${seen}' }
price:
  params: [count, { each: 10 }]
  steps:
    - times:
        return: '\${count * each}'
`;

const orders = [
  { kind: "plain", count: 3 },
  { kind: "gift", count: 9 },
  { kind: "plain", count: 2 },
  { kind: "end", count: 0 },
  { kind: "plain", count: 50 },
];

/** A source whose `main` returns the value of an expression. */
const returning = (expression: string) => ({
  main: { params: ["input"], steps: [{ give: { return: `\${${expression}}` } }] },
});

describe("the workflow engine", () => {
  it("runs assign, for, switch, a subworkflow, parallel and try", async () => {
    const workflow = await engine.deploy(ORDERS);
    const outcome = await workflow.run({ orders });
    expect(outcome).toEqual({ state: "SUCCEEDED", result: { total: 50, tax: 5, seen: [0, 2] } });
  });

  it("catches what a source raises, with its tags", async () => {
    const workflow = await engine.deploy(ORDERS);
    const outcome = await workflow.run({ orders, most: 40 });
    expect(outcome).toEqual({ state: "SUCCEEDED", result: { refused: ["TooDear"], because: "over 40" } });
  });

  it("tells what was raised and not caught", async () => {
    const raise = { message: "no stock", code: 409, tags: ["NoStock"] };
    const own = await engine.deploy({ main: { steps: [{ stop: { raise } }] } });
    expect(await own.run()).toMatchObject({ state: "FAILED", error: raise });
    const missing = await engine.deploy(returning("input.nothing"));
    expect(await missing.run({})).toMatchObject({ state: "FAILED", error: { tags: ["KeyError"] } });
  });

  it("gives branches variables of their own, but for those that are shared", async () => {
    const entry = '${json.decode("{" + quote + string(at) + quote + ":" + string(twice) + "}")}';
    const steps = [
      { own: { assign: [{ twice: "${n * 2}" }] } },
      { pause: { for: { value: "ignored", in: [1], steps: [{ still: { assign: [{ twice: "${twice + 1}" }] } }] } } },
      { one: { assign: [{ entry }] } },
      { put: { assign: [{ out: "${map.merge(out, entry)}" }] } },
    ];
    const source = (shared: string[]) => ({
      main: {
        params: ["input"],
        steps: [
          { start: { assign: [{ out: {} }, { quote: '"' }] } },
          {
            all: {
              parallel: { shared, concurrency_limit: 3, for: { value: "n", index: "at", in: "${input}", steps } },
            },
          },
          { give: { return: "${out}" } },
        ],
      },
    });
    const numbers = Array.from({ length: 40 }, (_, n) => n);
    const workflow = await engine.deploy(source(["out"]));
    expect(await workflow.run(numbers)).toEqual({
      state: "SUCCEEDED",
      result: Object.fromEntries(numbers.map((n) => [String(n), n * 2 + 1])),
    });
    const unshared = await engine.deploy(source([]));
    expect(await unshared.run(numbers)).toMatchObject({ state: "FAILED", error: { tags: [] } });
  });

  it("waits for a callback, which may have come before, and tells when none comes", async () => {
    const workflow = await engine.deploy({
      main: {
        params: ["tell"],
        steps: [
          {
            make: {
              call: "events.create_callback_endpoint",
              args: { http_callback_method: "POST" },
              result: "callback",
            },
          },
          {
            answer: {
              switch: [
                {
                  condition: "${tell}",
                  steps: [{ post: { call: "http.post", args: { url: "${callback.url}", body: { n: 1 } } } }],
                },
              ],
            },
          },
          {
            wait: { call: "events.await_callback", args: { callback: "${callback}", timeout: 60 }, result: "request" },
          },
          { give: { return: "${request.http_request.body}" } },
        ],
      },
    });
    expect(await workflow.run(true)).toEqual({ state: "SUCCEEDED", result: { n: 1 } });
    expect(await workflow.run(false)).toMatchObject({ state: "FAILED", error: { tags: ["TimeoutError"] } });
  });

  it("runs another workflow and waits for it", async () => {
    const child = await engine.deploy(returning("input.n + 1"));
    const workflow = await engine.deploy({
      main: {
        params: ["argument"],
        steps: [
          {
            run: {
              call: "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run",
              args: { project_id: "test", location: "local", workflow_id: child.id, argument: "${argument}" },
              result: "given",
            },
          },
          { give: { return: "${given}" } },
        ],
      },
    });
    expect(await workflow.run({ n: 1 })).toEqual({ state: "SUCCEEDED", result: 2 });
    expect(await workflow.run({})).toMatchObject({ state: "FAILED", error: { tags: ["OperationError"] } });
  });

  it("refuses a source that is none", async () => {
    const deployment = engine.deploy({ main: { steps: [{ start: { assing: [] } }] } });
    await expect(deployment).rejects.toThrow(WorkflowRefused);
    await expect(engine.deploy("main: [")).rejects.toThrow(WorkflowRefused);
  });

  it("cancels a run when its time is over", async () => {
    const turn = { turn: { assign: [{ n: 1 }], next: "turn" } };
    const workflow = await engine.deploy({ main: { steps: [turn] } });
    expect(await workflow.run(null, { timeoutMs: 200 })).toEqual({ state: "CANCELLED" });
  });

  it("runs many at once, each with its own argument", async () => {
    const workflow = await engine.deploy(returning("input.n + 1"));
    const outcomes = await Promise.all(Array.from({ length: 40 }, (_, n) => workflow.run({ n })));
    expect(outcomes.map(({ result }) => result)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
  });
});
