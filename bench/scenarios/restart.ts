import { setTimeout as delay } from "node:timers/promises";
import { waitUntil } from "../../hack/testbed/wait.ts";
import { isRead, total, usageOf } from "../measure.ts";
import type { Scenario } from "../scenario.ts";
import { type Member, setScene } from "../scene.ts";
import { countAtRest, countOf, spentBetween } from "../spent.ts";

const REST_MS = 12_000;
/** What a call to a cloud takes that is near: without it, thousands of looks take no time. */
const DELAY_MS = 20;
const PATIENCE_MS = 600_000;

/** The process starts anew and finds everything as it was, but for one new Queue. */
export const restart: Scenario<"cached" | "ready" | "cpu" | "resident" | "peak" | "writes" | "cloud"> = {
  name: "restart",
  title: "A cold start with Queues there",
  about:
    "With all Queues Ready the process is ended, one Queue more is made, and the process is started again. From then on " +
    `each call to the cloud takes ${DELAY_MS} ms.`,
  objects: 1_000,
  needs: [],
  columns: {
    cached: {
      head: "CACHED s",
      digits: 2,
      means: "from the start of the process until it says that it has all objects",
    },
    ready: { head: "READY s", digits: 2, means: "from the start of the process until the new Queue is Ready" },
    cpu: { head: "CPU s", digits: 2, means: "CPU time of the process until it has come to rest" },
    resident: {
      head: "RESIDENT MiB",
      digits: 0,
      means: `memory that the process holds ${REST_MS / 1000} s after that`,
    },
    peak: { head: "PEAK MiB", digits: 0, means: "most memory that it ever held" },
    writes: { head: "WRITES", digits: 0, means: "writes to Queues; the new one takes two" },
    cloud: { head: "CLOUD/obj", digits: 2, means: "calls to the cloud" },
  },
  async run(peer, host, { objects }) {
    await using scene = await setScene(peer, host);
    await scene.populate("rest", objects);
    const before = await countAtRest(scene);
    await scene.peer.end("SIGTERM");
    await scene.cloud.delay(DELAY_MS);
    // The last one by its name: who takes all in turn comes to it last.
    await scene.driver.create("then", 1);
    const startedAt = performance.now();
    const again = await scene.start();
    const cachedAt = readyAt(again);
    const seen = (await scene.ready("then", 1)).get("then-0") ?? Number.NaN;
    const cached = await cachedAt;
    const { cpuSeconds } = (await countAtRest(scene)).peer;
    await delay(REST_MS);
    const after = await countOf(scene);
    const spent = spentBetween(before, after);
    const { residentMiB, peakMiB } = usageOf(again.pid);
    return {
      figures: {
        ...(cached !== undefined && { cached: (cached - startedAt) / 1000 }),
        ready: (seen - startedAt) / 1000,
        cpu: cpuSeconds,
        resident: residentMiB,
        peak: peakMiB,
        writes: total(spent.api, (verb) => !isRead(verb)),
        cloud: total(spent.cloud) / objects,
      },
    };
  },
};

/** When the process said that it has all objects; undefined where it does not say. */
async function readyAt({ readyUrl, check }: Member): Promise<number | undefined> {
  if (readyUrl === undefined) return undefined;
  await waitUntil(async () => (await fetch(readyUrl)).ok, {
    what: readyUrl,
    timeoutMs: PATIENCE_MS,
    everyMs: 10,
    check,
  });
  return performance.now();
}
