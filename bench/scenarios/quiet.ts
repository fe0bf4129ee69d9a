import { setTimeout as delay } from "node:timers/promises";
import { isRead, total } from "../measure.ts";
import type { Scenario } from "../scenario.ts";
import { setScene } from "../scene.ts";
import { countAtRest, countOf, spentBetween } from "../spent.ts";

/** Nothing happens. */
export const quiet: Scenario<"writes" | "reads" | "events" | "cloud" | "cpu" | "apiserver" | "resident"> = {
  name: "quiet",
  title: "Nothing happens",
  about:
    "All Queues are Ready and nobody does anything, for --seconds. A peer that looks at the cloud again does so once in " +
    "that time: in production that is once in ten minutes.",
  objects: 1_000,
  needs: [],
  columns: {
    writes: { head: "WRITES", digits: 0, means: "writes of the peer to Queues in the whole time" },
    reads: { head: "READS", digits: 0, means: "reads of Queues in the whole time, without watches" },
    events: { head: "EVENTS", digits: 0, means: "Events that the peer wrote in the whole time" },
    cloud: { head: "CLOUD/obj", digits: 2, means: "calls that the stand-in counted" },
    cpu: { head: "CPU ms/s", digits: 1, means: "CPU time of the peer's process a second" },
    apiserver: { head: "APISERVER ms/s", digits: 1, means: "CPU time of kube-apiserver a second" },
    resident: { head: "RESIDENT MiB", digits: 0, means: "memory that the peer's process held at the end" },
  },
  async run(peer, host, { objects, seconds }) {
    await using scene = await setScene(peer, host, { resyncSeconds: Math.max(10, seconds) });
    await scene.populate("rest", objects);
    const start = await countAtRest(scene);
    await delay(seconds * 1000);
    const end = await countOf(scene);
    const spent = spentBetween(start, end);
    const reads = total(spent.api, isRead);
    return {
      figures: {
        writes: total(spent.api) - reads,
        reads,
        events: spent.events,
        cloud: total(spent.cloud) / objects,
        cpu: spent.cpuMs / spent.seconds,
        apiserver: spent.apiserverCpuMs / spent.seconds,
        resident: end.peer.residentMiB,
      },
    };
  },
};
