import { quantile } from "../measure.ts";
import type { Scenario } from "../scenario.ts";
import { setScene } from "../scene.ts";
import { countOf, spentBetween } from "../spent.ts";

const WARM_UP = 20;
const SAMPLES = 150;

/** One Queue at a time, among many that rest. */
export const single: Scenario<"p50" | "p99" | "worst" | "cpu" | "resident"> = {
  name: "single",
  title: "One new Queue among many at rest",
  about: `With all Queues Ready, one more is made, and when that is Ready the next: ${WARM_UP} to warm up, then ${SAMPLES} that count.`,
  objects: 1_000,
  needs: [],
  columns: {
    p50: { head: "p50 ms", digits: 1, means: "from a Queue's create to Ready: median" },
    p99: { head: "p99 ms", digits: 1, means: "the same, of the slowest hundredth" },
    worst: { head: "WORST ms", digits: 0, means: "the slowest" },
    cpu: { head: "CPU ms/obj", digits: 1, means: "CPU time of the peer's process a Queue" },
    resident: { head: "RESIDENT MiB", digits: 0, means: "memory that the peer's process held at the end" },
  },
  async run(peer, host, { objects }) {
    await using scene = await setScene(peer, host);
    await scene.populate("rest", objects);
    for (let number = 0; number < WARM_UP; number++) await scene.one("before");
    const start = await countOf(scene);
    const latencies: number[] = [];
    for (let number = 0; number < SAMPLES; number++) latencies.push(await scene.one("single"));
    const end = await countOf(scene);
    return {
      figures: {
        p50: quantile(latencies, 0.5),
        p99: quantile(latencies, 0.99),
        worst: Math.max(...latencies),
        cpu: spentBetween(start, end).cpuMs / SAMPLES,
        resident: end.peer.residentMiB,
      },
    };
  },
};
