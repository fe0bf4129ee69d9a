import fc from "fast-check";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { startWorkflowEngine } from "../../../hack/testbed/index.ts";
import { engineApi } from "../../../hack/testbed/workflows/client.ts";
import {
  type CloudWorkflowsPlace,
  ENDPOINTS,
  toCloudWorkflowsSource,
} from "../../../operator/workflow/cloud-workflows/index.ts";
import { RUNTIME } from "../../../operator/workflow/cloud-workflows/runtime.ts";
import { lintSource } from "../../../operator/workflow/cloud-workflows/testing/lint.ts";
import { RUN_KEY } from "../../../operator/workflow/envelope.ts";
import { HELPERS } from "../../../operator/workflow/expression/cloud-workflows-helpers.ts";
import { withCalled } from "../../../operator/workflow/expression/cloud-workflows-steps.ts";
import { cloudWorkflowsSource, type Value } from "../../../operator/workflow/expression/index.ts";
import { parseWorkflow } from "../../../operator/workflow/parse.ts";
import { knownSchema } from "../../../operator/workflow/tables/schema.ts";
import { drawnWorkflows } from "../../../operator/workflow/testing/generate.ts";
import { type Came, workflowOf } from "../../../operator/workflow/testing/world.ts";
import { answerTo, type Received, startScheduledService } from "../../support/scheduled-service.ts";
import { SEED } from "../../support/seed.ts";
import type { Sent } from "../../support/sent.ts";
import { ENVELOPES, RAW, TELLS, toldOf } from "./arguments.ts";
import { CASES } from "./cases.ts";
import { CONTROL_CASES } from "./control-cases.ts";
import { byKey, inOrder, interpreted, moody, type Ran, type Run, runsOf, withoutMessage } from "./interpreted.ts";
import { MISFIT_CASES } from "./misfit-cases.ts";
import { SAMPLES } from "./samples.ts";

const runs = new Map<string, Run>();
const runOf = ({ key }: Received) => runs.get(key.split("/")[0]!);
const service = await startScheduledService((request) => runOf(request)?.statusOf(request) ?? 200, answer);
const engine = await startWorkflowEngine({ env: { WAIT_SCALE: "0" } });
afterAll(() => Promise.all([engine.stop(), service.stop()]));

const STARTED_AT = "2026-01-05T10:00:00Z";
const PLACE: CloudWorkflowsPlace = {
  target: (kind, name) => ({ [kind === "Queue" ? "QUEUE_URL" : "TOPIC_ID"]: `projects/p/topics/${name}` }),
  schema: (table) => knownSchema(table, undefined),
  workflow: (name) => `projects/test/locations/local/workflows/${name}`,
  endpoints: { ...ENDPOINTS, pubsub: service.url, executions: service.url },
};

interface Message {
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const messageIn = ({ body }: Received): Message => (body as { messages: [Message] }).messages[0];
const contentOf = ({ data }: Message): unknown => JSON.parse(Buffer.from(data, "base64").toString());

/** As Pub/Sub and Workflow Executions answer. */
async function answer(request: Received): Promise<unknown> {
  if (!request.path.endsWith(":publish")) return (runOf(request)?.answerOf ?? answerTo)(request);
  const message = messageIn(request);
  return { messageIds: [`m-${message.attributes.dedupKey}`] };
}

/** What came of the run on the engine, and what it asked the service. The source keeps to our rules. */
async function ran(run: Run): Promise<Ran> {
  const { id, workflow, input, children = {} } = run;
  runs.set(id, run);
  const place = { ...PLACE, workflow: (name: string) => PLACE.workflow(`${id}-${name}`) };
  for (const [name, child] of Object.entries(children))
    await engine.deploy(toCloudWorkflowsSource(child, place), `${id}-${name}`);
  return { came: await came(id, workflow, input, place), received: inOrder(service.received(id)), sent: sentBy(id) };
}

/** The messages of a run. */
function sentBy(id: string): readonly Sent[] {
  const sent = service.receivedBelow("/v1/projects/p/topics/").map((request) => {
    const message = messageIn(request);
    const to = request.path.replace(/^.*[/]([^/:]+):publish$/, "$1");
    return { to, key: message.attributes.dedupKey!, body: contentOf(message) };
  });
  return byKey(sent.filter(({ key }) => key.startsWith(`${id}/`)));
}

async function came(id: string, workflow: Run["workflow"], input: Value, place = PLACE): Promise<Came> {
  const source = toCloudWorkflowsSource(workflow, place);
  expect(lintSource(source)).toEqual([]);
  const deployed = await engine.deploy(cloudWorkflowsSource(source), id);
  const { state, result, error } = await deployed.run({ [RUN_KEY]: { id, startedAt: STARTED_AT }, input });
  if (state === "SUCCEEDED") return { output: result as Value };
  if (state !== "FAILED" || !error?.tags[0]?.startsWith("Wf.")) throw new Error(JSON.stringify({ state, error }));
  const problem = JSON.parse(error.message) as { class: string; code: string; message: string };
  expect(error.tags).toEqual([problem.class === "Business" ? `Wf.Business.${problem.code}` : `Wf.${problem.class}`]);
  return { error: problem };
}

const agree = async (run: Run) => {
  const { came: there, ...asked } = await ran(run);
  expect({ came: withoutMessage(there), ...asked }).toEqual(await interpreted(run, service.url));
};

describe("Cloud Workflows runs a workflow like the interpreter", () => {
  it.concurrent.each(runsOf([...CASES, ...CONTROL_CASES, ...MISFIT_CASES, ...SAMPLES], service.url))(
    "$name: $input",
    agree,
  );

  it("whatever it is", { timeout: 480_000 }, async () => {
    let drawn = 0;
    const one = fc.asyncProperty(drawnWorkflows(service.url), async ({ definition, input }) => {
      const { workflow } = parseWorkflow(definition);
      if (workflow) await agree({ id: `drawn-${++drawn}`, workflow, input, statusOf: moody });
    });
    const lines = Array.from({ length: 4 }, (_, line) =>
      fc.assert(one, { numRuns: 75, seed: SEED + line, endOnFailure: true }),
    );
    await Promise.all(lines);
  });
});

const run = (id: string, yaml: string, input: Value = null) =>
  came(id, workflowOf(yaml.replaceAll("BASE", service.url)), input);

describe("what a run comes to", () => {
  it("fails with what was raised", async () => {
    const yaml = "do: [{r: {raise: {error: {type: Business, code: Empty, detail: \"${'no ' + input}\"}}}}]";
    expect(await run("raised", yaml, 'tea "}${x}ä')).toEqual({
      error: { class: "Business", code: "Empty", message: 'no tea "}${x}ä' },
    });
  });

  it("is told in a map to a run that waits for it", async () => {
    const yaml = 'do: [{a: {set: "${input.x}"}}]\noutput: {as: ["${output}"]}';
    const deployed = await engine.deploy(toCloudWorkflowsSource(workflowOf(yaml), PLACE), "wrapped");
    const argument = { [RUN_KEY]: { id: "wrapped", startedAt: STARTED_AT }, wrapped: true };
    expect(await deployed.run({ ...argument, input: { x: 1 } })).toMatchObject({ result: { ok: [1] } });
    expect(await deployed.run({ ...argument, input: {} })).toMatchObject({
      result: { err: { class: "Expression", code: "" } },
    });
  });

  it("is Transient where nobody answers, and Expression where an address is none", async () => {
    const yaml = (url: string) => `do: [{a: {call: http, with: {method: GET, endpoint: "${url}"}}}]`;
    expect(await run("nobody", yaml("http://127.0.0.1:9/"))).toMatchObject({ error: { class: "Transient" } });
    expect(await run("no-text", yaml("${input}"), 7)).toMatchObject({ error: { class: "Expression" } });
  });
});

describe("an argument", () => {
  const tells = engine.deploy(toCloudWorkflowsSource(workflowOf(TELLS), PLACE), "tells");
  const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

  it.each(RAW.map((one) => [one]))("is the input: %j", async (argument) => {
    const { result } = await (await tells).run(argument);
    expect(result).toEqual(toldOf(argument, expect.stringMatching(uuid)));
  });

  it("is null where there is none, and each execution is a run of its own", async () => {
    const outcomes = await Promise.all([1, 2].map(async () => (await tells).run()));
    const told = outcomes.map(({ result }) => result as { run: { id: string } });
    expect(told).toEqual(Array.from({ length: 2 }, () => toldOf(null, expect.any(String))));
    expect(told[0]!.run.id).not.toBe(told[1]!.run.id);
  });

  it.each([...ENVELOPES])("is an envelope: %j", async (argument, told) => {
    expect(await (await tells).run(argument)).toEqual({ state: "SUCCEEDED", result: told });
  });

  it("may be of a run that nobody wrapped, which fails as it does", async () => {
    const failing = await engine.deploy(toCloudWorkflowsSource(workflowOf('do: [{a: {set: "${input.x}"}}]'), PLACE));
    expect(await failing.run({ wrapped: true })).toMatchObject({ state: "FAILED", error: { tags: ["Wf.Expression"] } });
  });
});

describe("errors of the engine", () => {
  const message = "as the engine says";
  const known = (name: string, code = "") => ({ class: name, code });
  const raised: readonly (readonly [Value, { readonly class: string; readonly code: string }])[] = [
    ...["KeyError", "TypeError", "IndexError", "ValueError", "ZeroDivisionError", "Wf.Expression"].map(
      (tag) => [{ message, tags: [tag], code: 503 }, known("Expression")] as const,
    ),
    [{ message, tags: ["TimeoutError"] }, known("Timeout")],
    [{ message, tags: ["AuthError"] }, known("Denied")],
    ...["ConnectionError", "ConnectionFailedError", "SystemError", "ResponseTypeError"].map(
      (tag) => [{ message, tags: [tag] }, known("Transient")] as const,
    ),
    [{ message, tags: ["HttpError"], code: 408 }, known("Timeout")],
    [{ message, tags: ["HttpError"], code: 409 }, known("Business", "409")],
    [{ message, tags: ["HttpError"], code: 412, body: "no JSON" }, known("Business", "412")],
    [{ message, tags: ["HttpError"], code: 504 }, known("Transient")],
    [{ message, code: "503", tags: "HttpError" }, known("Transient")],
    [{ message: [], other: null }, known("Transient")],
    ["a text", known("Transient")],
    [{ message: '{"class": "Denied", "code": ""}', tags: ["HttpError"], code: 404 }, known("NotFound")],
    [{ message: '{"class": 7, "code": null, "message": 1}', tags: ["Wf.Denied"] }, known("Transient")],
  ];
  it.each(raised)("%j is %j", async (error, expected) => {
    const helpers = withCalled({ ...RUNTIME, ...HELPERS }, ["rt_classify"]);
    const caught = [
      { classify: { call: "rt_classify", args: { e: "${e}" }, result: "problem" } },
      { give: { return: "${problem}" } },
    ];
    const main = {
      params: ["error"],
      steps: [{ go: { try: { steps: [{ fail: { raise: "${error}" } }] }, except: { as: "e", steps: caught } } }],
    };
    const deployed = await engine.deploy({ main, ...helpers });
    expect(await deployed.run(error)).toEqual({
      state: "SUCCEEDED",
      result: { ...expected, message: expect.any(String) },
    });
  });
});

describe("what a run asks for", () => {
  const put = 'do: [{put: {call: http, with: {method: PUT, endpoint: BASE/put, body: "${input}"}}}]';
  it.each([[[1, 2]], [{}], [[]], [{ a: "text", b: [null] }]])("sends %j as JSON", async (input) => {
    const id = `body-${Buffer.from(JSON.stringify(input)).toString("hex")}`;
    await run(id, put, input as Value);
    expect(service.received(id)).toMatchObject([{ key: `${id}/put`, body: input }]);
  });

  it("sends and publishes messages", async () => {
    const yaml = `
do:
  - each:
      for: { in: "\${input}" }
      do: [{ tell: { call: queue.send, with: { queue: orders, body: { order: "\${item}" }, attributes: { kind: new }, key: "\${item}" } } }]
  - event: { emit: { topic: news, event: { with: { type: a.b, source: shop, data: { n: 1 } } } } }
`;
    expect(await run("messages", yaml, ["a", "b"])).toEqual({ output: { id: "m-messages/event" } });
    const [first] = service.receivedAt("/v1/projects/p/topics/orders:publish").map(messageIn);
    expect(first).toMatchObject({ attributes: { kind: "new", dedupKey: "messages/each/tell/0" }, orderingKey: "a" });
    expect(contentOf(first!)).toEqual({ order: "a" });
    const [event] = service.receivedAt("/v1/projects/p/topics/news:publish").map(messageIn);
    expect(contentOf(event!)).toMatchObject({ id: "messages/event", type: "a.b", data: { n: 1 } });
  });

  it("takes attributes that are computed, where they are texts", async () => {
    const yaml = 'do: [{tell: {call: queue.send, with: {queue: computed, body: 1, attributes: "${input}"}}}]';
    await run("attributes", yaml, { a: "b", dedupKey: "mine" });
    expect(service.receivedAt("/v1/projects/p/topics/computed:publish").map(messageIn)).toMatchObject([
      { attributes: { a: "b", dedupKey: "attributes/tell" } },
    ]);
    expect(await run("no-attributes", yaml, { a: 1 })).toMatchObject({ error: { class: "Expression" } });
  });

  it("waits for a signal", async () => {
    const yaml = (name: string) =>
      `do: [{d: {listen: {to: {one: {with: {type: ${name}}}}}, timeout: {after: P1D}, output: {as: {got: "\${output}"}}}}]`;
    // Without waits, nobody waits for a callback that is not there yet.
    const patient = await startWorkflowEngine();
    onTestFinished(() => patient.stop());
    const api = engineApi(patient.url);
    await patient.deploy(toCloudWorkflowsSource(workflowOf(yaml("approved")), PLACE), "listens");
    const { name } = await api.start(PLACE.workflow("listens"), "null");
    const waiting = async () => (await api.callbacks(name)).filter(({ waiters }) => waiters === "1");
    await expect.poll(waiting, { timeout: 10_000 }).toMatchObject([{ method: "POST" }]);
    const [callback] = await waiting();
    await api.callBack(callback!.name, { value: ["approved"] });
    await expect
      .poll(() => api.outcome(name), { timeout: 10_000 })
      .toMatchObject({ state: "SUCCEEDED", result: '{"got": ["approved"]}' });
    expect(await api.callbacks(name)).toEqual([]);
    expect(await run("waits", yaml("never"))).toMatchObject({ error: { class: "Timeout" } });
  });

  it("runs another workflow, and gets what it gives or fails of", async () => {
    const child =
      'do: [{a: {if: "${input.bad}", raise: {error: {type: Business, code: Bad, detail: no}}}}, {b: {set: "${[input, run]}"}}]';
    await engine.deploy(toCloudWorkflowsSource(workflowOf(child), PLACE), "child");
    const yaml =
      'do: [{each: {for: {in: "${input}"}, do: [{e: {run: {workflow: {name: child, input: {bad: "${item}"}}}}}]}}]';
    const startedAt = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(await run("parent", yaml, [false, false])).toEqual({
      output: [{ bad: false }, { id: "parent/each/e/1", startedAt }],
    });
    const failed = await run("failing-parent", yaml, [false, true]);
    expect(failed).toEqual({ error: { class: "Business", code: "Bad", message: "no" } });
    const none = "do: [{e: {run: {workflow: {name: none, input: {}}}}}]";
    expect(await run("lost-parent", none)).toMatchObject({ error: { class: "NotFound" } });
  });

  it("starts a run that nobody waits for", async () => {
    const yaml = 'do: [{f: {run: {workflow: {name: later, input: {n: "${input}"}}, await: false}}}]';
    expect(await run("starts", yaml, 7)).toEqual({ output: { id: "starts/f" } });
    const [{ body }] = service.receivedAt("/v1/projects/test/locations/local/workflows/later/executions") as [Received];
    expect(JSON.parse((body as { argument: string }).argument)).toEqual({
      [RUN_KEY]: { id: "starts/f", startedAt: expect.any(String) },
      input: { n: 7 },
    });
  });
});
