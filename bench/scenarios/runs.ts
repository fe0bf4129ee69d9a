import { waitUntil } from "../../hack/testbed/wait.ts";
import { createClock } from "../../operator/runtime/clock.ts";
import { createLog } from "../../operator/runtime/log.ts";
import { createReflector } from "../../operator/runtime/reflector.ts";
import type { KubeObject, ResourceType } from "../../operator/runtime/resource.ts";
import { sideBySide } from "../driver.ts";
import { added, perObject, quantile, requestsFor, total } from "../measure.ts";
import type { Scenario } from "../scenario.ts";
import { type Scene, setScene } from "../scene.ts";
import { countAtRest, countOf, spentBetween } from "../spent.ts";
import { EXECUTION_MS } from "../states.ts";
import { QUEUES } from "../watch.ts";

const RUNS: ResourceType = { ...QUEUES, plural: "workflowruns", kind: "WorkflowRun" };
const WORKFLOWS: ResourceType = { ...QUEUES, plural: "workflows", kind: "Workflow" };
const MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:bench";
const PATIENCE_MS = 600_000;

type Run = KubeObject & { readonly status?: { readonly externalId?: string; readonly phase?: string } };

/** Many runs of one Workflow at once. */
export const runs: Scenario<"over" | "rate" | "p50" | "p99" | "late" | "cpu" | "peak" | "api" | "cloud"> = {
  name: "runs",
  title: "Many runs at once",
  about: `As many WorkflowRuns of one Workflow are made at once, 16 creates at a time, until an independent watch has seen the end of the last one. Each takes ${EXECUTION_MS / 1000} s in the stand-in. Each is there once, or the run of the bench fails.`,
  of: "runs",
  objects: 1_000,
  needs: ["runs"],
  columns: {
    over: { head: "OVER s", digits: 1, means: "from the first create to the end of the last run" },
    rate: { head: "STARTS/s", digits: 0, means: "runs by the time in which all were started" },
    p50: {
      head: "START p50 ms",
      digits: 0,
      means: "from a run's create until its status tells that it was started: median",
    },
    p99: { head: "p99 ms", digits: 0, means: "the same, of the slowest hundredth" },
    late: {
      head: "LATE p50 ms",
      digits: 0,
      means:
        "from the end of its execution, its length counted from when it was seen started, until its status tells of it: median",
    },
    cpu: { head: "CPU ms/run", digits: 2, means: "CPU time of the peer's process a run" },
    peak: { head: "PEAK MiB", digits: 0, means: "most memory that the peer's process ever held" },
    api: { head: "API/run", digits: 2, means: "requests of the peer for WorkflowRuns, without watches" },
    cloud: { head: "CLOUD/run", digits: 2, means: "calls that the stand-in counted" },
  },
  async run(peer, host, { objects }) {
    await using scene = await setScene(peer, host);
    await makeWorkflow(scene);
    const watched = await watchRuns(scene);
    try {
      const start = await countAtRest(scene);
      const before = await requests(scene);
      const created = new Map<string, number>();
      await sideBySide(objects, async (number) => {
        const name = `run-${number}`;
        created.set(name, performance.now());
        await scene.client.create(RUNS, "default", {
          metadata: { name },
          spec: { workflowRef: { name: "bench" }, input: "{}" },
        } as object);
      });
      await waitUntil(() => watched.ended.size >= objects, {
        what: `The end of ${objects} runs`,
        timeoutMs: PATIENCE_MS,
        everyMs: 20,
        check: () => scene.peer.check(),
      });
      const end = await countOf(scene);
      const begun = await scene.cloud.executions();
      if (begun !== objects) throw new Error(`${objects} runs became ${begun} executions.`);
      const { cpuMs } = spentBetween(start, end);
      const after = await countAtRest(scene);
      // What the bench made is no work of the peer's.
      const made = new Map([["POST", objects]]);
      const api = added(made, added(before, await requests(scene)));
      const { cloud } = spentBetween(start, after);
      const first = Math.min(...created.values());
      const starts = [...watched.started].map(([name, at]) => at - (created.get(name) ?? Number.NaN));
      const late = [...watched.ended].map(
        ([name, at]) => at - (watched.started.get(name) ?? Number.NaN) - EXECUTION_MS,
      );
      return {
        figures: {
          over: (Math.max(...watched.ended.values()) - first) / 1000,
          rate: objects / ((Math.max(...watched.started.values()) - first) / 1000),
          p50: quantile(starts, 0.5),
          p99: quantile(starts, 0.99),
          late: quantile(late, 0.5),
          cpu: cpuMs / objects,
          peak: after.peer.peakMiB,
          api: total(api) / objects,
          cloud: total(cloud) / objects,
        },
        detail: [`API server: ${perObject(api, objects)}`, `cloud: ${perObject(cloud, objects)}`],
      };
    } finally {
      watched.stop();
    }
  },
};

const requests = async ({ cluster }: Scene) =>
  requestsFor(await cluster.kubectl(["get", "--raw", "/metrics"]), "workflowruns");

/** One that stands as it is: the operator leaves it alone, since it is paused, and its status is written here. */
async function makeWorkflow({ client }: Scene): Promise<void> {
  await client.create(WORKFLOWS, "default", {
    metadata: { name: "bench", annotations: { "onyx.onelens.io/paused": "true" } },
    spec: { definition: { do: [{ done: { set: { done: true } } }] } },
  } as object);
  const status = { environment: "bench", externalId: MACHINE, outputs: { WORKFLOW_ID: MACHINE, REGION: "us-east-1" } };
  await client.patchStatus(WORKFLOWS, { namespace: "default", name: "bench" }, { status });
}

/** When runs were first seen started, and over, by name: times of `performance.now`. */
async function watchRuns({ client }: Scene) {
  const stop = new AbortController();
  const [started, ended] = [new Map<string, number>(), new Map<string, number>()];
  const log = createLog({ level: "silent" });
  const reflector = createReflector<Run>({ client, type: RUNS, clock: createClock(), log });
  const note = (times: Map<string, number>, name: string) => {
    if (!times.has(name)) times.set(name, performance.now());
  };
  reflector.subscribe((event) => {
    if (event.type === "deleted") return;
    const { metadata, status } = event.object;
    if (status?.externalId !== undefined) note(started, metadata.name);
    if (status?.phase === "Succeeded") note(ended, metadata.name);
  });
  void reflector.start(stop.signal);
  await reflector.synced();
  return { started, ended, stop: () => stop.abort() };
}
