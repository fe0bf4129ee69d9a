import { readFileSync } from "node:fs";
import { ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { WorkflowRunStatus } from "../../crds/workflowrun.ts";
import { onyx } from "../../hack/platform/onyx.ts";
import { type Cluster, startAws, startCluster, waitUntil } from "../../hack/testbed/index.ts";
import type { Condition } from "../../operator/reconcile/conditions.ts";
import { writeStatus } from "../../operator/reconcile/leaf-controller.ts";
import type { KubeObject as ServerObject } from "../../operator/runtime/resource.ts";
import { connect } from "../../operator/wiring.ts";
import { OWN_TYPES } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { applyTo, installKinds, type Managed, ours, startManaged } from "../support/managed.ts";

/** Workflows and their runs in a cluster, on an engine that really runs them. */
const NAMESPACE = "shop";
const REGION = "us-east-1";
const ACCOUNT = "000000000000";
const CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" };

let cluster: Cluster;
let aws: Awaited<ReturnType<typeof startAws>>;
let managed: Managed | undefined;
let sfn: SFNClient;

const apply = (...objects: readonly object[]) => applyTo(cluster, ...objects);
const mine = (kind: string, name: string, spec: object) => ours(kind, name, spec, NAMESPACE);
const workflow = (name: string, tasks: readonly object[]) => mine("Workflow", name, { definition: { do: tasks } });
const listen = (type: string) => ({
  listen: { to: { one: { with: { type } } } },
  timeout: { after: { minutes: 10 } },
});
const run = (name: string, of: string, input: unknown = {}, more: object = {}) =>
  mine("WorkflowRun", name, { workflowRef: { name: of }, input: JSON.stringify(input), ...more });

interface Seen {
  readonly metadata: { readonly name: string };
  readonly status?: WorkflowRunStatus & { readonly outputs?: Readonly<Record<string, string>> };
}
const read = async (kind: string, name: string): Promise<Seen> =>
  JSON.parse(await cluster.kubectl(["get", `${kind}.onyx.onelens.io`, name, `-n=${NAMESPACE}`, "-o=json"]));
const conditions = ({ status }: Seen) =>
  Object.fromEntries((status?.conditions ?? []).map((one: Condition) => [one.type, one]));
const runs = async (of: string): Promise<readonly Seen[]> => {
  const selector = `--field-selector=spec.workflowRef.name=${of}`;
  const list = await cluster.kubectl(["get", "workflowruns.onyx.onelens.io", `-n=${NAMESPACE}`, selector, "-o=json"]);
  return JSON.parse(list).items;
};
const executions = async (of: string) => {
  const { WORKFLOW_ID: stateMachineArn } = (await read("workflows", of)).status?.outputs ?? {};
  return (await sfn.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 1000 }))).executions ?? [];
};

const isReady = (kind: string, name: string) =>
  eventually(async () => conditions(await read(kind, name)).Ready, {
    status: "True",
    reason: "Available",
    message: "It is there and usable.",
  });
const comesTo = (name: string, status: object) =>
  eventually(async () => (await read("workflowruns", name)).status, status);

const ofRun = (...args: string[]) =>
  onyx("run", ...args, `--namespace=${NAMESPACE}`, `--kubeconfig=${cluster.kubeconfig}`);

beforeAll(async () => {
  [cluster, aws] = await Promise.all([startCluster({ name: "runs" }), startAws()]);
  sfn = new SFNClient({ endpoint: aws.endpoint, region: REGION, credentials: CREDENTIALS });
  await installKinds(cluster);
  await apply(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "aws", namespace: NAMESPACE },
      stringData: { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
    },
  );
  managed = await startManaged(cluster, { connect });
  await apply(
    ours("Environment", "prod", {
      cloud: "aws",
      region: REGION,
      account: ACCOUNT,
      clusterName: "runs",
      default: true,
      credentials: { secretRef: { namespace: NAMESPACE, name: "aws" } },
      endpoints: { default: aws.endpoint },
    }),
    mine("Queue", "orders", {}),
    workflow("fulfil", [
      { send: { call: "queue.send", with: { queue: "orders", body: "${ {'order': input.id} }" } } },
      { done: { set: { sent: "${input.id != ''}" } } },
    ]),
    workflow("long", [{ rest: { wait: { seconds: 600 } } }]),
    workflow("fails", [{ stop: { raise: { error: { type: "Business", code: "Empty", detail: "nothing in it" } } } }]),
    workflow("asks", [
      { first: { ...listen("approved"), export: { as: { first: "${output}" } } } },
      { second: { ...listen("paid"), output: { as: ["${context.first}", "${output}"] } } },
    ]),
    workflow("quick", [{ done: { set: "${input.n + 1}" } }]),
  );
  for (const name of ["fulfil", "long", "fails", "quick", "asks"]) await isReady("workflows", name);
}, 300_000);

afterAll(async () => {
  await managed?.stop();
  sfn?.destroy();
  await aws?.stop();
  await cluster?.stop();
});

it("a run does what its Workflow says, and tells what came of it", async () => {
  await apply(run("one", "fulfil", { id: "4711" }));
  await comesTo("one", { phase: "Succeeded", output: '{"sent":true}', steps: [{ task: "send" }, { task: "done" }] });
  const { QUEUE_URL: QueueUrl } = (await read("queues", "orders")).status?.outputs ?? {};
  const sqs = new SQSClient({ endpoint: aws.endpoint, region: REGION, credentials: CREDENTIALS });
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
  sqs.destroy();
  expect(Messages.map(({ Body }) => JSON.parse(Body ?? ""))).toEqual([{ order: "4711" }]);
  const { text, code } = await ofRun("logs", "one");
  expect(code).toBe(0);
  expect(text).toMatch(/shop\/one of fulfil: Succeeded/);
  expect(text).toMatch(/✓ send +\d{4}-/);
});

it("one that waits for a signal says so, and goes on with what comes, early or late", async () => {
  await apply(run("asks", "asks"));
  await eventually(async () => conditions(await read("workflowruns", "asks")).Ready, {
    reason: "Running",
    message: "It waits for the signal approved, at first: onyx run signal asks approved",
  });
  expect(await ofRun("signal", "asks", "paid", "--value", "{")).toMatchObject({
    code: 1,
    text: expect.stringContaining("--value { is no JSON"),
  });
  const sent = await Promise.all([
    ofRun("signal", "asks", "paid", "--value", '{"cents":1250}'),
    ofRun("signal", "asks", "approved", "--value", '"by me"'),
  ]);
  expect(sent.map(({ code }) => code)).toEqual([0, 0]);
  await comesTo("asks", { phase: "Succeeded", output: '["by me",{"cents":1250}]' });
  const { spec, status } = (await read("workflowruns", "asks")) as Seen & { spec: { signals: { id: string }[] } };
  expect(status?.signals?.map(({ id }) => id).toSorted()).toEqual(spec.signals.map(({ id }) => id).toSorted());
  expect(await ofRun("signal", "asks", "approved")).toMatchObject({
    code: 1,
    text: expect.stringContaining("is over: Succeeded"),
  });
});

it("the guide's policy lets approvers alone approve", async () => {
  const guide = readFileSync("docs/guides/workflows.md", "utf8");
  const policy = guide.split("```yaml\n").find((block) => block.includes("kind: ValidatingAdmissionPolicy\n"))!;
  await cluster.kubectl(["apply", "-f", "-"], policy.split("```")[0]!);
  await apply(run("guarded", "asks"));
  const as = (...groups: readonly string[]) => ["--as=eve", ...groups.map((group) => `--as-group=${group}`)];
  const patch = (spec: object, who: readonly string[]) => {
    const what = ["patch", "workflowruns.onyx.onelens.io", "guarded", `-n=${NAMESPACE}`, "--type=merge"];
    return cluster.kubectl([...what, `-p=${JSON.stringify({ spec })}`, ...who]);
  };
  const approval = { id: "a", name: "approved", value: '"eve"' };
  const refused = () => patch({ signals: [approval] }, [...as("system:masters"), "--dry-run=server"]).catch(String);
  await expect.poll(refused, { timeout: 20_000 }).toContain("only the group approvers sends the signal approved");
  await patch({ signals: [{ id: "b", name: "paid", value: "1" }] }, as("system:masters"));
  await patch({ signals: [{ id: "b", name: "paid", value: "1" }, approval] }, as("system:masters", "approvers"));
  await comesTo("guarded", { phase: "Succeeded", output: '["eve",1]' });
  await patch({ ttlAfterFinished: "1h" }, as("system:masters"));
  await cluster.kubectl(["delete", "validatingadmissionpolicybinding", "approvals"]);
});

it("a signal that was sent does not change", async () => {
  await apply(run("asked", "asks", {}, { signals: [{ id: "a", name: "paid", value: "1" }] }));
  const change = (signals: string) =>
    cluster.kubectl([
      "patch",
      "workflowruns.onyx.onelens.io",
      "asked",
      `-n=${NAMESPACE}`,
      "--type=merge",
      `-p={"spec":{"signals":${signals}}}`,
    ]);
  await expect(change('[{"id":"a","name":"paid","value":"2"}]')).rejects.toThrow("a signal does not change");
  await change('[{"id":"b","name":"paid"}]');
  await ofRun("cancel", "asked");
  await comesTo("asked", { phase: "Cancelled" });
});

it("one that fails says so, and is run again by another object", async () => {
  await apply(run("bad", "fails"));
  await comesTo("bad", { phase: "Failed", error: { class: "Business", code: "Empty", message: "nothing in it" } });
  expect(conditions(await read("workflowruns", "bad"))).toMatchObject({ Stalled: { reason: "Failed" } });
  expect(await ofRun("logs", "bad")).toMatchObject({
    code: 2,
    text: expect.stringContaining("Business Empty: nothing"),
  });
  const { text } = await ofRun("retry", "bad");
  const [, again = ""] = /shop\/(bad-retry-\w{5})/.exec(text) ?? [];
  await comesTo(again, { phase: "Failed" });
  expect(await executions("fails")).toHaveLength(2);
});

it("one that is cancelled ends, and one whose object is deleted too", async () => {
  await apply(run("stopped", "long"), run("gone", "long"));
  await comesTo("stopped", { phase: "Running", steps: [{ task: "rest", state: "Running" }] });
  await comesTo("gone", { phase: "Running" });
  expect(await ofRun("retry", "stopped")).toMatchObject({ code: 1, text: expect.stringContaining("is not over") });
  expect((await ofRun("cancel", "stopped")).code).toBe(0);
  await comesTo("stopped", { phase: "Cancelled" });
  await cluster.kubectl(["delete", "workflowruns.onyx.onelens.io", "gone", `-n=${NAMESPACE}`, "--timeout=30s"]);
  expect((await executions("long")).map(({ status }) => status)).toEqual(["ABORTED", "ABORTED"]);
});

it("what can't be is said before anything runs", async () => {
  await apply(
    workflow("wrong", [{ add: { set: "${1 + 'one'}" } }]),
    workflow("missing", [{ send: { call: "queue.send", with: { queue: "nowhere", body: 1 } } }]),
    run("early", "later"),
  );
  await eventually(async () => conditions(await read("workflows", "wrong")), {
    Synced: {
      status: "False",
      reason: "InvalidSpec",
      message: expect.stringMatching(/^spec\.definition\.do\[0\]\.add\.set/),
    },
    Stalled: { status: "True" },
  });
  await eventually(async () => conditions(await read("workflows", "missing")), {
    Synced: { reason: "DependencyNotFound", message: expect.stringContaining("Queue shop/nowhere") },
  });
  await eventually(async () => conditions(await read("workflowruns", "early")), {
    Synced: { reason: "DependencyNotFound", message: expect.stringContaining("Workflow shop/later") },
  });
  await apply(workflow("later", [{ done: { set: 1 } }]));
  await comesTo("early", { phase: "Succeeded", output: "1" });
});

it("a start is recorded on the latest state of its object alone: who sees an older one can't begin it again", async () => {
  const type = OWN_TYPES.get("WorkflowRun");
  if (!type || !managed) expect.fail("there is no such kind");
  const { client } = managed.api;
  await apply(run("seen-late", "nowhere"));
  const old = await client.get<ServerObject>(type, { namespace: NAMESPACE, name: "seen-late" });
  await cluster.kubectl(["annotate", "workflowruns.onyx.onelens.io/seen-late", `-n=${NAMESPACE}`, "touched=now"]);
  const signal = AbortSignal.timeout(30_000);
  const begin = (object: ServerObject) =>
    writeStatus(client, type, object, { attemptedAt: "2026-01-05T10:00:00Z" }, signal, { only: "latest" });
  await expect(begin(old)).rejects.toMatchObject({ status: 409 });
  await cluster.kubectl(["delete", "workflowruns.onyx.onelens.io/seen-late", `-n=${NAMESPACE}`, "--timeout=30s"]);
});

it("its time after the end is over, the object goes", async () => {
  await apply(run("brief", "quick", { n: 1 }, { ttlAfterFinished: "1s" }));
  await eventually(async () => (await runs("quick")).map(({ metadata }) => metadata.name), []);
  expect((await executions("quick")).map(({ status }) => status)).toEqual(["SUCCEEDED"]);
});

it("no more are under way than spec.maxRuns says, and the others follow, the oldest first", async () => {
  const names = ["a", "b", "c", "d", "e"].map((letter) => `narrow-${letter}`);
  await apply(mine("Workflow", "narrow", { maxRuns: 2, definition: { do: [{ rest: { wait: { seconds: 2 } } }] } }));
  await isReady("workflows", "narrow");
  for (const name of names) await apply(run(name, "narrow"));
  await eventually(async () => conditions(await read("workflowruns", "narrow-e")).Ready, {
    reason: "Waiting",
    message: "2 runs are under way, which is the most: spec.maxRuns of what it runs.",
  });
  for (const name of names) await comesTo(name, { phase: "Succeeded" });
  const spans = (await executions("narrow")).map(({ startDate, stopDate }) => [Number(startDate), Number(stopDate)]);
  const most = Math.max(...spans.map(([at = 0]) => spans.filter(([from = 0, to = 0]) => from <= at && at < to).length));
  expect([spans.length, most]).toEqual([names.length, 2]);
});

it("many at once are each there once, though the operator is killed among them", { timeout: 120_000 }, async () => {
  const COUNT = 60;
  const before = (await executions("quick")).length;
  await apply(...Array.from({ length: COUNT }, (_, n) => run(`many-${n}`, "quick", { n })));
  await waitUntil(async () => (await runs("quick")).filter(({ status }) => status?.externalId).length >= COUNT / 4, {
    what: "a quarter of them",
    timeoutMs: 60_000,
    everyMs: 50,
  });
  await managed?.drop();
  managed = await startManaged(cluster, { connect });
  await eventually(
    async () =>
      Object.fromEntries((await runs("quick")).map(({ metadata, status }) => [metadata.name, status?.output])),
    Object.fromEntries(Array.from({ length: COUNT }, (_, n) => [`many-${n}`, String(n + 1)])),
    90_000,
  );
  expect(await executions("quick")).toHaveLength(before + COUNT);
});
