/** Workflows on Google Cloud with their accounts and rights, and what is deployed as it really runs. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { WorkflowTarget, WorkflowWant } from "../../controllers/leaf/wants.ts";
import { startWorkflowEngine } from "../../hack/testbed/index.ts";
import { diff } from "../../operator/reconcile/diff.ts";
import { type Adapter, at, call, marks, PROJECT, present, providerOf, REGION, startAdapter } from "./testing/cloud.ts";
import { makeWorkflow } from "./testing/workflows.ts";
import { accountOf } from "./workflow-account.ts";

let adapter: Adapter;
beforeAll(async () => {
  adapter = await startAdapter();
});
afterAll(() => adapter.close());
beforeEach(async () => {
  await adapter.prepare();
  await makeTopics();
});

const PARENT = `projects/${PROJECT}/locations/${REGION}`;
const ID = `${PARENT}/workflows/fulfil`;
const EMAIL = accountOf(ID);
const ACCOUNT = `projects/${PROJECT}/serviceAccounts/${EMAIL}`;
const TOPICS = ["jobs", "audits", "news"];
const LOGS = `roles/logging.logWriter on projects/${PROJECT}`;
const publisher = (topic: string) => `roles/pubsub.publisher on projects/${PROJECT}/topics/${topic}`;
const starting = (role: string) => `projects/${PROJECT}/roles/onyx.${role} on projects/${PROJECT}`;

const provider = (of = adapter.connection) => providerOf(of, "Workflow");
const context = () => call("Workflow", "fulfil");

const expression = (text: string) => `\${${text}}`;
const send = (queue: string) => ({
  send: { call: "queue.send", with: { queue, body: expression("input") } },
});
const publish = { tell: { call: "topic.publish", with: { topic: "news", body: expression("input") } } };
const start = (wait: boolean) => ({ child: { run: { workflow: { name: "nightly" }, await: wait } } });

const target = (kind: WorkflowTarget["kind"], name: string, outputs: WorkflowTarget["outputs"]): WorkflowTarget => ({
  kind,
  name,
  outputs,
  access: [kind === "Workflow" ? "Start" : "Produce"],
  encryptionKey: null,
  schema: null,
});
const queue = (name: string) =>
  target("Queue", name, {
    QUEUE_ID: `projects/${PROJECT}/subscriptions/${name}`,
    QUEUE_URL: `projects/${PROJECT}/topics/${name}`,
    REGION,
  });
const TARGETS = {
  jobs: queue("jobs"),
  audits: queue("audits"),
  news: target("Topic", "news", { TOPIC_ID: `projects/${PROJECT}/topics/news`, REGION }),
  nightly: target("Workflow", "nightly", { WORKFLOW_ID: `${PARENT}/workflows/nightly`, REGION }),
};

type Change = Partial<WorkflowWant>;

/** Not fitted yet: tables of cases are made before there is a cloud. */
const asked = (tasks: readonly object[], targets: readonly WorkflowTarget[], change: Change = {}): WorkflowWant => ({
  source: { definition: { do: tasks } as unknown as WorkflowWant["source"]["definition"], targets },
  program: "",
  permissions: [],
  logLevel: "Errors",
  overrides: {},
  tags: { ...marks("Workflow", "fulfil"), team: "core" },
  ...change,
});

function wanted(
  tasks: readonly object[] = [send("jobs")],
  targets = [TARGETS.jobs],
  change: Change = {},
): WorkflowWant {
  const want = asked(tasks, targets, change);
  return provider().fit?.(want).want ?? want;
}

const where = (want: WorkflowWant, ...before: WorkflowWant[]) =>
  at("fulfil", [...new Set([want, ...before].flatMap((one) => provider().footprint?.(one) ?? []))]);
const look = (want: WorkflowWant, ...before: WorkflowWant[]) => provider().observe(where(want, ...before), context());
const seen = async (want: WorkflowWant, ...before: WorkflowWant[]) => present(await look(want, ...before));
const differing = (want: WorkflowWant, actual: Partial<WorkflowWant>) =>
  diff(want, actual).map(({ field }) => field as keyof WorkflowWant & string);

async function update(want: WorkflowWant, ...before: WorkflowWant[]): Promise<void> {
  const found = await seen(want, ...before);
  await provider().update(found, want, new Set(differing(want, found.actual)), context());
}

/** What core does in one pass. */
async function pass(want: WorkflowWant, ...before: WorkflowWant[]): Promise<void> {
  if ((await look(want, ...before)).exists) await update(want, ...before);
  else await provider().create("fulfil", want, context());
}

interface Body {
  readonly [field: string]: unknown;
}
const ask = async (method: string, path: string, body?: object) => {
  const reply = await fetch(`${adapter.cloud.rest}/${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: reply.status, body: (await reply.json()) as Body };
};
const rest = async (method: string, path: string, body?: object) => {
  const { status, body: said } = await ask(method, `v1/${path}`, body);
  expect(status, JSON.stringify(said)).toBe(200);
  return said;
};

/** Every membership of a service account, also of one that is gone. */
async function memberships(): Promise<readonly string[]> {
  const policies = [`v3/projects/${PROJECT}`, ...TOPICS.map((topic) => `v1/projects/${PROJECT}/topics/${topic}`)];
  const held = await Promise.all(
    policies.map(async (resource) => {
      const { bindings = [] } = (await ask("POST", `${resource}:getIamPolicy`, {})).body as {
        bindings?: { role: string; members: string[] }[];
      };
      return bindings.flatMap(({ role, members }) =>
        members.map((member) => `${role} on ${resource.slice(3)} for ${member}`),
      );
    }),
  );
  return held.flat().sort();
}
const held = (...rights: string[]) => rights.map((right) => `${right} for serviceAccount:${EMAIL}`).sort();

async function makeTopics(): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  for (const topic of TOPICS) {
    const name = `projects/${PROJECT}/topics/${topic}`;
    await adapter.direct.pubsub.createTopic({ name }, signal);
    const subscription = { name: `projects/${PROJECT}/subscriptions/${topic}`, topic: name };
    await adapter.direct.pubsub.createSubscription(subscription, signal);
  }
  adapter.writes();
}

describe("rights", () => {
  const both = [TARGETS.jobs, TARGETS.news];
  test.each<[string, WorkflowWant, string[]]>([
    ["a queue", asked([send("jobs")], [TARGETS.jobs]), [LOGS, publisher("jobs")]],
    ["a queue and a topic", asked([send("jobs"), publish], both), [LOGS, publisher("jobs"), publisher("news")]],
    ["no log", asked([send("jobs")], [TARGETS.jobs], { logLevel: "None" }), [publisher("jobs")]],
    ["a run that nobody waits for", asked([start(false)], [TARGETS.nightly]), [starting("workflowStarter"), LOGS]],
    ["a run that is waited for", asked([start(true)], [TARGETS.nightly]), [starting("workflowRunner"), LOGS]],
    ["nothing", asked([{ done: { set: 1 } }], [], { logLevel: "None" }), []],
  ])("are those that the tasks need: %s", async (_what, unfitted, rights) => {
    const want = provider().fit?.(unfitted).want ?? unfitted;
    expect(want.permissions).toEqual([...rights].sort());
    await provider().create("fulfil", want, context());
    expect(diff(want, (await seen(want)).actual)).toEqual([]);
    expect(await memberships()).toEqual(held(...rights));
  });

  test("follow the definition; the old ones go once the new program is in force", async () => {
    const before = wanted();
    await provider().create("fulfil", before, context());
    const want = wanted([send("audits")], [TARGETS.audits]);
    adapter.cloud.control.settings.operationMillis = 60_000;
    adapter.writes();
    await update(want, before);
    expect(adapter.writes()).toEqual(["SetIamPolicy", "UpdateWorkflow"]);
    expect(await seen(want, before)).toMatchObject({ phase: "pending" });
    expect(await memberships()).toEqual(held(LOGS, publisher("audits"), publisher("jobs")));
    adapter.cloud.control.advance(60_000);
    expect(differing(want, (await seen(want, before)).actual)).toEqual(["permissions"]);
    await update(want, before);
    expect(diff(want, (await seen(want, before)).actual)).toEqual([]);
    expect(await memberships()).toEqual(held(LOGS, publisher("audits")));
  });

  test("that somebody takes away are drift, and given again by one call", async () => {
    const want = wanted();
    await provider().create("fulfil", want, context());
    await rest("POST", `projects/${PROJECT}/topics/jobs:setIamPolicy`, { policy: { bindings: [] } });
    expect(differing(want, (await seen(want)).actual)).toEqual(["permissions"]);
    adapter.writes();
    await update(want);
    expect(adapter.writes()).toEqual(["SetIamPolicy"]);
    expect(diff(want, (await seen(want)).actual)).toEqual([]);
  });
});

describe("the account", () => {
  test("is its own; another one is drift, and put right by one call", async () => {
    const want = wanted();
    await provider().create("fulfil", want, context());
    expect(await rest("GET", ID)).toMatchObject({ serviceAccount: ACCOUNT });
    await rest("POST", `projects/${PROJECT}/serviceAccounts`, { accountId: "another" });
    const other = `another@${PROJECT}.iam.gserviceaccount.com`;
    await rest("PATCH", `${ID}?updateMask=serviceAccount`, { serviceAccount: other });
    const { actual } = await seen(want);
    expect(differing(want, actual)).toEqual(["permissions"]);
    expect(actual.permissions).toContain(`runs as ${other}`);
    adapter.writes();
    await update(want);
    expect(adapter.writes()).toEqual(["UpdateWorkflow"]);
    expect(diff(want, (await seen(want)).actual)).toEqual([]);
  });

  test("that was deleted is made again, with its rights, and the workflow is told of the new one", async () => {
    const want = wanted();
    await provider().create("fulfil", want, context());
    await rest("DELETE", ACCOUNT);
    const { actual, message } = await seen(want);
    expect(actual.permissions).toEqual([`its account ${EMAIL} is missing`]);
    expect(message).toContain("missing");
    adapter.writes();
    await update(want);
    expect(adapter.writes()).toEqual(["CreateServiceAccount", "SetIamPolicy", "SetIamPolicy", "UpdateWorkflow"]);
    expect(diff(want, (await seen(want)).actual)).toEqual([]);
    expect(await memberships()).toEqual(held(...want.permissions));
  });

  test.each([
    ["SetIamPolicy", `Service account ${EMAIL} does not exist.`],
    [
      "CreateWorkflow",
      `the referenced service account "${EMAIL}" is invalid, please verify the correctness of its name`,
    ],
  ])("that Google does not know everywhere yet, as %s says, is tried again", async (method, message) => {
    adapter.cloud.control.faults.add({ method, times: 1, error: { code: "INVALID_ARGUMENT", message } });
    const want = wanted();
    await expect(provider().create("fulfil", want, context())).rejects.toMatchObject({ fault: "transient" });
    await pass(want);
    expect(diff(want, (await seen(want)).actual)).toEqual([]);
  });

  test("that the operator may not use: the error says what to do", async () => {
    const message = `Permission 'iam.serviceAccounts.actAs' denied on service account ${EMAIL} (or it may not exist).`;
    adapter.cloud.control.faults.add({ method: "CreateWorkflow", error: { code: "PERMISSION_DENIED", message } });
    await expect(provider().create("fulfil", wanted(), context())).rejects.toMatchObject({
      fault: "denied",
      message: expect.stringContaining("google-cloud.md"),
    });
  });
});

test("a create and a delete that are cut off at any call are finished by the next pass", async () => {
  const want = wanted();
  const gone = async () => {
    while ((await look(want)).exists) await provider().delete(await seen(want), where(want), context());
  };
  for (const method of ["CreateServiceAccount", "SetIamPolicy", "CreateWorkflow"])
    for (const trouble of [{ error: { code: "UNAVAILABLE" } as const }, { dropReply: true }]) {
      adapter.cloud.control.faults.add({ method, times: 1, ...trouble });
      await expect(provider().create("fulfil", want, context()), method).rejects.toMatchObject({ fault: "transient" });
      await pass(want);
      expect(diff(want, (await seen(want)).actual), method).toEqual([]);
      expect(await memberships()).toEqual(held(...want.permissions));
      await gone();
    }
  for (const method of ["DeleteWorkflow", "SetIamPolicy", "DeleteServiceAccount"])
    for (const trouble of [{ error: { code: "UNAVAILABLE" } as const }, { dropReply: true }]) {
      await provider().create("fulfil", want, context());
      adapter.cloud.control.faults.add({ method, times: 1, ...trouble });
      await expect(provider().delete(await seen(want), where(want), context())).rejects.toMatchObject({
        fault: "transient",
      });
      await gone();
      expect(await memberships(), method).toEqual([]);
      expect((await ask("GET", `v1/${ACCOUNT}`)).status).toBe(404);
    }
});

test("what takes its time is waited for, also by a process that has just begun", async () => {
  const want = wanted();
  adapter.cloud.control.settings.operationMillis = 60_000;
  await provider().create("fulfil", want, context());
  expect(await seen(want)).toMatchObject({ phase: "pending", message: expect.stringContaining("making") });
  const other = provider(adapter.connect());
  await expect(other.create("fulfil", want, context())).rejects.toMatchObject({ fault: "transient" });
  adapter.cloud.control.advance(60_000);
  expect(await seen(want)).toMatchObject({ phase: "ready", owner: { uid: "u-1" } });
  expect(diff(want, (await seen(want)).actual)).toEqual([]);
  await provider().delete(await seen(want), where(want), context());
  expect(await seen(want)).toMatchObject({ phase: "pending", message: expect.stringContaining("deleting") });
  expect(await memberships()).toEqual(held(...want.permissions));
  adapter.cloud.control.advance(60_000);
  await provider().delete(await seen(want), where(want), context());
  expect(await look(want)).toEqual({ exists: false });
  expect(await memberships()).toEqual([]);
});

test("an operation that fails is told, and tried again", async () => {
  const want = wanted();
  const failOperation = { code: "INTERNAL", message: "out of order" } as const;
  adapter.cloud.control.faults.add({ method: "CreateWorkflow", times: 1, failOperation });
  await expect(provider().create("fulfil", want, context())).rejects.toMatchObject({ message: "out of order" });
  await pass(want);
  expect(diff(want, (await seen(want)).actual)).toEqual([]);
});

describe("somebody else's", () => {
  test("workflow of that name is refused before anything is made", async () => {
    await makeWorkflow(adapter.cloud, REGION, "fulfil");
    adapter.writes();
    await expect(provider().create("fulfil", wanted(), context())).rejects.toMatchObject({ fault: "conflict" });
    expect(adapter.writes()).toEqual([]);
    expect((await seen(wanted())).owner).toBeUndefined();
  });

  test("workflow that comes in between is refused too, and nothing of ours stays beside it", async () => {
    adapter.cloud.control.faults.add({ method: "CreateServiceAccount", times: 1, delayMillis: 300 });
    const creating = provider().create("fulfil", wanted(), context());
    const refused = expect(creating).rejects.toMatchObject({ fault: "conflict" });
    await expect.poll(() => adapter.requests("GetServiceAccount").length).toBe(1);
    await makeWorkflow(adapter.cloud, REGION, "fulfil");
    await refused;
    expect(await memberships()).toEqual([]);
    expect((await ask("GET", `v1/${ACCOUNT}`)).status).toBe(404);
  });

  test.each([
    ["without marks", "theirs"],
    [
      "of another object",
      "[onyx onyx-environment=dev onyx-cluster=gke onyx-namespace=else onyx-kind=workflow onyx-name=fulfil onyx-uid=u]",
    ],
  ])("account %s is refused", async (_whose, description) => {
    const serviceAccount = { description };
    await rest("POST", `projects/${PROJECT}/serviceAccounts`, { accountId: EMAIL.split("@")[0], serviceAccount });
    await expect(provider().create("fulfil", wanted(), context())).rejects.toMatchObject({ fault: "conflict" });
    expect(await memberships()).toEqual([]);
    expect((await rest("GET", ACCOUNT)).description).toBe(description);
  });
});

test("deleted, nothing is left of it: no run, no right, no account", async () => {
  const want = wanted();
  await provider().create("fulfil", want, context());
  const { name } = (await rest("POST", `${ID}/executions`, {})) as { name: string };
  adapter.writes();
  await provider().delete(await seen(want), where(want), context());
  expect(adapter.writes()).toEqual(["DeleteWorkflow", "SetIamPolicy", "SetIamPolicy", "DeleteServiceAccount"]);
  expect(await look(want)).toEqual({ exists: false });
  expect(await memberships()).toEqual([]);
  expect((await ask("GET", `v1/${name}`)).status).toBe(404);
});

test("each change is one call, and brings it to what is wanted", async () => {
  await provider().create("fulfil", wanted(), context());
  adapter.writes();
  const steps: [Partial<WorkflowWant>, readonly string[]][] = [
    [{ overrides: { executionHistory: "Detailed" } }, ["UpdateWorkflow"]],
    [{ tags: { ...marks("Workflow", "fulfil"), team: "other" } }, ["UpdateWorkflow"]],
    [{ tags: marks("Workflow", "fulfil", { uid: "u-2" }) }, ["PatchServiceAccount", "UpdateWorkflow"]],
    [{ logLevel: "None" }, ["UpdateWorkflow", "SetIamPolicy"]],
  ];
  for (const [change, calls] of steps) {
    const want = wanted(undefined, undefined, change);
    await update(want, wanted());
    expect(adapter.writes()).toEqual(calls);
    expect(diff(want, (await seen(want, wanted())).actual)).toEqual([]);
    await update(wanted(), want);
    adapter.writes();
  }
});

test("it is listed, released and adopted by the marks of both parts", async () => {
  const want = wanted();
  await provider().create("fulfil", want, context());
  expect(await provider().list?.(context())).toEqual([{ name: "fulfil", id: ID }]);
  await provider().release?.(await seen(want), context());
  expect((await seen(want)).owner).toMatchObject({ cluster: "", uid: "" });
  expect((await rest("GET", ACCOUNT)).description).not.toContain("uid");
  await provider().adopt(await seen(want), want, context());
  expect(diff(want, (await seen(want)).actual)).toEqual([]);
});

test("what is deployed runs on an engine: the message reaches the queue", async () => {
  const want = wanted();
  await provider().create("fulfil", want, context());
  const { sourceContents } = (await rest("GET", ID)) as { sourceContents: string };
  expect(sourceContents).toContain(`https://pubsub.googleapis.com/v1/projects/${PROJECT}/topics/jobs:publish`);
  // Nobody gives the engine here a token of Google's, and it has none to send elsewhere.
  const here = sourceContents
    .replaceAll("https://pubsub.googleapis.com", adapter.cloud.rest)
    .replaceAll(',"auth":{"type":"OAuth2"}', "");
  const engine = await startWorkflowEngine({ env: { WAIT_SCALE: "0" } });
  try {
    const deployed = await engine.deploy(here, "fulfil");
    expect(await deployed.run({ order: 7 })).toMatchObject({ state: "SUCCEEDED" });
  } finally {
    await engine.stop();
  }
  expect(adapter.cloud.control.backlogs().get("jobs")).toBe(1);
});
