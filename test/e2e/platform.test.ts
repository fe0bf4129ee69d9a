import { afterAll, beforeAll, expect, it } from "vitest";
import { openQueue } from "../../hack/platform/messages.ts";
import { onyx } from "../../hack/platform/onyx.ts";
import { OPERATOR_NAME, OPERATOR_NAMESPACE, type Operator, startOperator } from "../../hack/platform/operator.ts";
import {
  applyAndWait,
  isReady,
  type Listed,
  listOnyx,
  type Platform,
  startPlatform,
} from "../../hack/platform/platform.ts";
import { openStores } from "../../hack/platform/stores.ts";
import { openWorkflowJob, reschedule } from "../../hack/platform/workflow-job.ts";
import { localCluster, readAudit, waitUntil } from "../../hack/testbed/index.ts";
import { type CloudView, viewOf } from "./clouds.ts";
import { applyEveryKind, deleteEveryKind } from "./kinds.ts";
import { scalingOf } from "./scaling.ts";
import { bill, offboard, onboard, strengthen } from "./tenants.ts";

/** One story, told to the end on both clouds: each step begins where the one before it ended. */
const EXAMPLE = "examples/onelens";
const NAMESPACE = "onyx";
const QUEUE = "onyx-request-processor";
const TABLE = "onyx-request-db";
const JOB = "onyx-request-processor-job";
const EXECUTIONS = "onyx-workflow-execution-db";
/** The rule, the topic, the queue and the workflow of a chain are all called so. */
const CHAIN = "onyx-workflow-execution";
const CLOUDS = ["aws", "gcp"] as const;
/** So long nothing may be written while nothing changes. */
const QUIET_MS = 120_000;
const OPERATOR = "system:serviceaccount:onyx-system:onyx";

interface Side {
  readonly platform: Platform<Awaited<ReturnType<typeof localCluster>>>;
  readonly view: CloudView;
}
/** The operators that run in the end: those of the platforms are killed on the way. */
const operators = {} as Record<(typeof CLOUDS)[number], Operator>;
const sides = {} as Record<(typeof CLOUDS)[number], Side>;

beforeAll(async () => {
  await Promise.all(
    CLOUDS.map(async (cloud) => {
      const platform = await startPlatform({ cloud, provide: localCluster, keep: false, prefix: "e2e-" });
      sides[cloud] = { platform, view: viewOf(platform) };
    }),
  );
  await Promise.all(CLOUDS.map((cloud) => applyAndWait(sides[cloud].platform, EXAMPLE)));
}, 300_000);

afterAll(async () => {
  await Promise.all(
    CLOUDS.map(async (cloud) => {
      await sides[cloud]?.view.close();
      await operators[cloud]?.stop();
      await sides[cloud]?.platform.stop();
    }),
  );
});

const parityOfBoth = () =>
  onyx("parity", ...CLOUDS.flatMap((cloud) => ["--kubeconfig", sides[cloud].platform.cluster.kubeconfig]));

/** The same test on both clouds, side by side; a failure names the cloud. What is tried again tells why. */
function both(
  name: string,
  test: (cloud: (typeof CLOUDS)[number]) => Promise<void>,
  timeout?: number,
  { retry = 0 }: { readonly retry?: number } = {},
): void {
  const named = async (cloud: (typeof CLOUDS)[number]) => {
    try {
      await test(cloud);
    } catch (error) {
      if (error instanceof Error) error.message = `${cloud}: ${error.message}`;
      if (retry > 0) console.error(`${name}: ${error}`);
      throw error;
    }
  };
  it(name, { retry, ...(timeout && { timeout }) }, () => Promise.all(CLOUDS.map(named)).then(() => {}));
}

const get = async ({ platform }: Side, kind: string, name: string) =>
  JSON.parse(
    await platform.cluster.kubectl(["get", `${kind}.onyx.onelens.io`, name, "-n", NAMESPACE, "-o", "json"]),
  ) as Listed & {
    readonly status: {
      readonly externalName: string;
      readonly outputs: { readonly WORKFLOW_ID: string };
      readonly drift?: readonly unknown[];
    };
  };
const conditionOf = (object: Listed, type: string) => object.status?.conditions?.find((one) => one.type === type);

both("shows in the cloud's own listing what the YAML asks for", async (cloud) => {
  const side = sides[cloud];
  const queue = (await get(side, "queue", QUEUE)).status.externalName;
  const dlq = (await get(side, "queue", `${QUEUE}-dlq`)).status.externalName;
  const table = (await get(side, "table", TABLE)).status.externalName;
  expect(await side.view.queues()).toEqual(expect.arrayContaining([queue, dlq]));
  expect(await side.view.retention(queue)).toBe(96 * 3600);
  expect(await side.view.retention(dlq)).toBe(336 * 3600);
  expect(await side.view.deadLetter(queue)).toEqual({ queue: dlq, maxReceives: 5 });
  expect(await side.view.tables()).toContain(table);
  expect(await side.view.table(table)).toMatchObject({ protected: true });
});

both("has nothing left to apply or plan", async (cloud) => {
  const { platform } = sides[cloud];
  expect(await platform.cluster.kubectl(["diff", "--server-side", "--recursive", "-f", EXAMPLE])).toBe("");
  const plan = await onyx("plan", "-f", EXAMPLE, "--kubeconfig", platform.cluster.kubeconfig);
  expect(plan).toMatchObject({ code: 0 });
  expect(plan.text).toContain("0 to create, 0 to change, 0 to delete");
});

both(
  "lets KEDA scale the job with its queue, from its least up and down again",
  async (cloud) => {
    const { platform } = sides[cloud];
    const replicas = async () =>
      Number(
        await platform.cluster.kubectl(["get", "deployment", JOB, "-n", NAMESPACE, "-o", "jsonpath={.spec.replicas}"]),
      );
    const until = (count: number) =>
      waitUntil(async () => (await replicas()) === count, {
        what: `${count} replicas`,
        timeoutMs: 150_000,
        everyMs: 500,
        explain: () => scalingOf(platform.cluster, NAMESPACE, JOB),
      });
    const queue = await openQueue(platform, NAMESPACE, QUEUE);
    try {
      await until(1);
      await queue.send(100);
      await until(5);
      await queue.drain();
      await until(1);
    } catch (error) {
      await queue.drain();
      throw error;
    } finally {
      await queue.close();
    }
  },
  330_000,
  // What scales is KEDA's and Kubernetes' own; once in a long while, on a machine that is full, it does not begin.
  { retry: 1 },
);

both("corrects a change made behind its back, and says so", async (cloud) => {
  const { platform, view } = sides[cloud];
  const name = (await get(sides[cloud], "queue", QUEUE)).status.externalName;
  await view.setRetention(name, 700);
  await platform.cluster.kubectl([
    "annotate",
    `queue.onyx.onelens.io/${QUEUE}`,
    "-n",
    NAMESPACE,
    `onyx.onelens.io/reconcile-requested-at=${Date.now()}`,
    "--overwrite",
  ]);
  await waitUntil(async () => (await view.retention(name)) === 96 * 3600, {
    what: "The retention of spec",
    timeoutMs: 30_000,
  });
  await waitUntil(
    async () =>
      (
        await platform.cluster.kubectl(["get", "events", "-n", NAMESPACE, "-o", "jsonpath={.items[*].reason}"])
      ).includes("DriftCorrected"),
    {
      what: "The event DriftCorrected",
      timeoutMs: 30_000,
    },
  );
});

both("only reports such a change under driftPolicy Report", async (cloud) => {
  const { platform, view } = sides[cloud];
  const name = (await get(sides[cloud], "queue", QUEUE)).status.externalName;
  const patch = (driftPolicy: string, at: number) =>
    platform.cluster.kubectl([
      "patch",
      `queue.onyx.onelens.io/${QUEUE}`,
      "-n",
      NAMESPACE,
      "--type=merge",
      "-p",
      JSON.stringify({
        metadata: { annotations: { "onyx.onelens.io/reconcile-requested-at": String(at) } },
        spec: { driftPolicy },
      }),
    ]);
  await view.setRetention(name, 800);
  await patch("Report", 1);
  await waitUntil(async () => conditionOf(await get(sides[cloud], "queue", QUEUE), "Drifted")?.status === "True", {
    what: "Drifted",
    timeoutMs: 30_000,
  });
  expect((await get(sides[cloud], "queue", QUEUE)).status.drift).toEqual([
    expect.objectContaining({ field: "retentionSeconds" }),
  ]);
  expect(await view.retention(name)).toBe(800);
  await patch("Correct", 2);
  await waitUntil(async () => (await view.retention(name)) === 96 * 3600, {
    what: "The retention of spec",
    timeoutMs: 30_000,
  });
});

both(
  "refuses a queue that is not ours and leaves it as it is",
  async (cloud) => {
    const { platform, view } = sides[cloud];
    await view.createForeign("somebody-elses");
    const before = await view.retention("somebody-elses");
    const manifest = {
      apiVersion: "onyx.onelens.io/v1alpha1",
      kind: "Queue",
      metadata: { name: "foreign", namespace: NAMESPACE },
      spec: { externalName: "somebody-elses" },
    };
    await platform.cluster.kubectl(["apply", "-f", "-"], JSON.stringify(manifest));
    await waitUntil(
      async () => conditionOf(await get(sides[cloud], "queue", "foreign"), "Stalled")?.reason === "Conflict",
      { what: "Conflict", timeoutMs: 30_000 },
    );
    expect(await view.retention("somebody-elses")).toBe(before);
    // An operator that began to work less than a minute ago waits for marks that the cloud may still hide.
    await platform.cluster.kubectl(["delete", "queue.onyx.onelens.io", "foreign", "-n", NAMESPACE, "--timeout=90s"]);
    expect(await view.queues()).toContain("somebody-elses");
  },
  180_000,
);

both(
  "writes nothing while nothing changes",
  async (cloud) => {
    const { platform } = sides[cloud];
    const writes = async () => {
      let count = 0;
      for await (const event of readAudit(platform.cluster.auditLog))
        if (event.user?.username === OPERATOR && event.objectRef?.resource !== "leases") count++;
      return count;
    };
    const versions = async () =>
      (await listOnyx(platform.cluster)).map(
        (object) => (object.metadata as { resourceVersion?: string }).resourceVersion,
      );
    await waitUntil(
      async () => {
        const before = await writes();
        await new Promise((resolve) => setTimeout(resolve, 5_000));
        return (await writes()) === before;
      },
      { what: "Rest", timeoutMs: 60_000 },
    );
    const [count, before] = [await writes(), await versions()];
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    expect(await writes()).toBe(count);
    expect(await versions()).toEqual(before);
  },
  150_000,
);

both("onboards customers of each isolation", async (cloud) => onboard(sides[cloud].platform), 240_000);

both(
  "takes in what a customer's account delivers, and tells what the customer costs",
  async (cloud) => bill(sides[cloud].platform),
  120_000,
);

both("makes everything of the examples of every kind", async (cloud) => applyEveryKind(sides[cloud].platform), 240_000);

it("is the same on both clouds, but for differences that a rule names", async () => {
  const parity = await parityOfBoth();
  expect(parity.code, parity.text).toBe(0);
  expect(parity.text).toContain("The same:");
});

both(
  "makes a customer stronger without losing what it has",
  async (cloud) => strengthen(sides[cloud].platform),
  120_000,
);

it("is the same on both clouds when customers have changed", async () => {
  const parity = await parityOfBoth();
  expect(parity.code, parity.text).toBe(0);
});

it("tells a difference that no rule allows", async () => {
  const { cluster } = sides.aws.platform;
  await cluster.kubectl([
    "patch",
    `queue.onyx.onelens.io/${QUEUE}`,
    "-n",
    NAMESPACE,
    "--type=merge",
    "-p",
    '{"spec":{"processingTimeout":"2m"}}',
  ]);
  const parity = await parityOfBoth();
  expect(parity.code).toBe(2);
  expect(parity.text).toContain("processingTimeout");
  await cluster.kubectl([
    "patch",
    `queue.onyx.onelens.io/${QUEUE}`,
    "-n",
    NAMESPACE,
    "--type=merge",
    "-p",
    '{"spec":{"processingTimeout":"1m"}}',
  ]);
});

both(
  "leaves nothing of them in the cloud when they are deleted with their data",
  async (cloud) => deleteEveryKind(sides[cloud].platform),
  300_000,
);

/** Kills the operator, which does not give its lease back, and starts another. @param waits it waits for the lease's end */
async function killAndReplace(
  cloud: (typeof CLOUDS)[number],
  { waits = false }: { readonly waits?: boolean } = {},
): Promise<void> {
  const { cluster } = sides[cloud].platform;
  await operators[cloud].kill();
  if (!waits)
    await cluster.kubectl(["delete", "lease", OPERATOR_NAME, `-n=${OPERATOR_NAMESPACE}`, "--ignore-not-found"]);
  operators[cloud] = await startOperator({ cluster, keep: false });
}

/** Kills the operator once the cloud has so many, then starts another. */
function killer(
  cloud: (typeof CLOUDS)[number],
  count: () => Promise<number>,
  { firstWaits = false }: { readonly firstWaits?: boolean } = {},
): (reached: (count: number) => boolean) => Promise<void> {
  let kills = 0;
  return async (reached) => {
    await waitUntil(async () => reached(await count()), {
      what: "The moment to kill",
      timeoutMs: 60_000,
      everyMs: 5,
    });
    // That the next one waits for the end of the lease is shown once.
    await killAndReplace(cloud, { waits: firstWaits && kills++ === 0 });
  };
}

both(
  "neither loses nor doubles anything when the operator is killed again and again",
  async (cloud) => {
    const { platform, view } = sides[cloud];
    const { cluster } = platform;
    const names = Array.from({ length: 30 }, (_, n) => `killed-${n}`);
    const manifests = names.map((name) => ({
      apiVersion: "onyx.onelens.io/v1alpha1",
      kind: "Queue",
      metadata: { name, namespace: NAMESPACE },
      spec: {},
    }));
    const ours = async () => (await view.queues()).filter((name) => name.includes("-killed-"));
    const killWhen = killer(cloud, async () => (await ours()).length, { firstWaits: true });
    await platform.operator.stop();
    operators[cloud] = await startOperator({ cluster, keep: false });

    await cluster.kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests }));
    await killWhen((count) => count >= 1);
    await killWhen((count) => count >= 10);
    await waitUntil(
      async () => (await listOnyx(cluster)).filter((one) => one.metadata.name.startsWith("killed-")).every(isReady),
      { what: "All queues", timeoutMs: 90_000, everyMs: 500 },
    );
    const objects = await Promise.all(names.map((name) => get(sides[cloud], "queue", name)));
    expect((await ours()).toSorted()).toEqual(objects.map((object) => object.status.externalName).toSorted());

    await cluster.kubectl(["delete", "queues.onyx.onelens.io", ...names, "-n", NAMESPACE, "--wait=false"]);
    await killWhen((count) => count < 30);
    await killWhen((count) => count < 15);
    let left: readonly Listed[] = [];
    await waitUntil(
      async () => {
        left = (await listOnyx(cluster)).filter((one) => one.metadata.name.startsWith("killed-"));
        return left.length === 0;
      },
      {
        what: "The end of all queues",
        // A new leader waits a minute before it believes that what it does not find was never made.
        timeoutMs: 150_000,
        everyMs: 500,
        explain: () => left.map((one) => `${one.metadata.name}: ${JSON.stringify(one.status?.conditions)}`).join("\n"),
      },
    );
    expect(await ours()).toEqual([]);
  },
  300_000,
);

both(
  "begins each run once, though the operator is killed among them",
  async (cloud) => {
    const { platform, view } = sides[cloud];
    const { cluster } = platform;
    const make = (kind: string, name: string, spec: object) => ({
      apiVersion: "onyx.onelens.io/v1alpha1",
      kind,
      metadata: { name, namespace: NAMESPACE },
      spec,
    });
    const apply = (...items: readonly object[]) =>
      cluster.kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    const names = Array.from({ length: 30 }, (_, n) => `killed-run-${n}`);
    await apply(make("Workflow", "killed", { definition: { do: [{ done: { set: "${input.n}" } }] } }));
    await cluster.kubectl(["wait", "--for=condition=Ready", "workflow/killed", "-n", NAMESPACE, "--timeout=60s"]);
    const { WORKFLOW_ID } = (await get(sides[cloud], "workflow", "killed")).status.outputs;
    const begun = () => view.runs(WORKFLOW_ID);
    const killWhen = killer(cloud, async () => (await begun()).length);

    const workflowRef = { name: "killed" };
    await apply(...names.map((name, n) => make("WorkflowRun", name, { workflowRef, input: JSON.stringify({ n }) })));
    await killWhen((count) => count >= 1);
    await killWhen((count) => count >= 10);
    let runs: readonly Listed[] = [];
    await waitUntil(
      async () => {
        runs = (await listOnyx(cluster)).filter((one) => one.metadata.name.startsWith("killed-run-"));
        return runs.every(isReady);
      },
      {
        what: "The end of all runs",
        // What was cut off between start and answer is believed absent after a minute only.
        timeoutMs: 150_000,
        everyMs: 500,
        explain: () => runs.map((one) => `${one.metadata.name}: ${JSON.stringify(one.status)}`).join("\n"),
      },
    );
    expect(runs.map(({ status }) => status?.externalId).toSorted()).toEqual((await begun()).toSorted());
    expect(runs).toHaveLength(names.length);
  },
  300_000,
);

both(
  "a run leaves the same row and the same report in each cloud",
  async (cloud) => {
    const { platform } = sides[cloud];
    await applyAndWait(platform, "examples/onelens-workflow");
    const stores = openStores(platform, NAMESPACE);
    try {
      const [row, ...more] = await stores.items(EXECUTIONS);
      const second = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(row).toEqual({
        tenantId: "acme",
        executionId: expect.any(String),
        state: "Done",
        startedAt: second,
        expiresAt: Date.parse(String(row?.startedAt)) / 1_000 + 90 * 86_400,
        handedOver: 3,
      });
      expect(more).toEqual([]);
      const run = String(row?.executionId);
      expect(await stores.object("onyx-workflow", `executions/acme/${run}.json`)).toEqual({
        tenant: "acme",
        run,
        startedAt: row?.startedAt,
        handedOver: ["collect", "allocate", "report"],
      });
    } finally {
      stores.close();
    }
  },
  120_000,
);

both(
  "a schedule starts the workflow by way of topic, queue and job, once",
  async (cloud) => {
    const { platform, view } = sides[cloud];
    const { WORKFLOW_ID } = (await get(sides[cloud], "workflow", CHAIN)).status.outputs;
    const before = (await view.runs(WORKFLOW_ID)).length;
    const job = await openWorkflowJob(platform, NAMESPACE, `${CHAIN}-job`, { queue: CHAIN, workflow: CHAIN });
    const stores = openStores(platform, NAMESPACE);
    try {
      await reschedule(platform, NAMESPACE, CHAIN, "* * * * *");
      let run: string | undefined;
      await waitUntil(
        async () => {
          run = await job.work();
          return run !== undefined;
        },
        { what: "A message of the rule", timeoutMs: 120_000, everyMs: 500 },
      );
      await reschedule(platform, NAMESPACE, CHAIN, "0 3 * * *");
      const row = async () => (await stores.items(EXECUTIONS)).find(({ executionId }) => executionId === run);
      await waitUntil(async () => (await row())?.state === "Done", { what: "The row of the run", timeoutMs: 60_000 });
      expect(await row()).toMatchObject({ tenantId: "acme", handedOver: 3 });
      expect(await stores.object("onyx-workflow", `executions/acme/${run}.json`)).toMatchObject({ run });
      expect((await view.runs(WORKFLOW_ID)).length).toBe(before + 1);
    } finally {
      stores.close();
      await job.close();
    }
  },
  240_000,
);

both("services read in each cloud the rows that Git says", async (cloud) => {
  const { platform } = sides[cloud];
  const workflow = await get(sides[cloud], "workflow", "onyx-workflow-execution");
  const stores = openStores(platform, NAMESPACE);
  const rows = async (table: string) => (await stores.items(table)).map(({ onyx: _mark, ...row }) => row);
  try {
    expect(await rows("onyx-workflow-db")).toEqual([
      {
        workflowId: "onyx-workflow-execution",
        title: "Hand over the steps of a tenant's workflow",
        version: 1,
        maxRuns: 20,
        engineId: workflow.status.outputs.WORKFLOW_ID,
      },
    ]);
    expect(await rows("onyx-workflow-version-db")).toEqual([
      {
        workflowId: "onyx-workflow-execution",
        version: 1,
        steps: ["record", "each-step", "report", "conclude", "tell"],
      },
    ]);
    expect(await rows("onyx-workflow-trigger-db")).toEqual([
      {
        workflowId: "onyx-workflow-execution",
        triggerId: "nightly",
        kind: "schedule",
        cron: "0 3 * * *",
        tenant: "acme",
      },
    ]);
  } finally {
    stores.close();
  }
});

both(
  "off-boards customers in order, though the operator is killed among it, and says what stays",
  async (cloud) => {
    const { platform, view } = sides[cloud];
    await offboard(platform, view, () => killAndReplace(cloud));
  },
  420_000,
);

both(
  "leaves nothing behind in the cloud but what is retained",
  async (cloud) => {
    const { platform, view } = sides[cloud];
    const kept = (await listOnyx(platform.cluster)).filter(
      ({ kind, status }) => kind === "Table" && status?.externalId,
    );
    const names = await Promise.all(kept.map(({ metadata }) => get(sides[cloud], "table", metadata.name)));
    const tables = names.map(({ status }) => status.externalName).toSorted();
    expect(tables.length).toBe(9);
    const ofCustomers = (name: string) => /-tenant-(acme|globex|initech)-/.test(name);
    await platform.cluster.kubectl(["delete", "namespace", NAMESPACE, "--timeout=90s"]);
    expect(await view.queues()).toEqual(["somebody-elses"]);
    expect((await view.tables()).filter((name) => !ofCustomers(name)).toSorted()).toEqual(tables);
    await platform.cluster.kubectl([
      "wait",
      "--for=jsonpath={.status.counts.managed}=0",
      "environments.onyx.onelens.io",
      "--all",
      "--timeout=30s",
    ]);
  },
  150_000,
);
