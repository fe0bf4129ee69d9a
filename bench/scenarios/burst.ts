import { perObject, quantile, total } from "../measure.ts";
import type { Scenario } from "../scenario.ts";
import { setScene } from "../scene.ts";
import { countAtRest, countOf, spentBetween } from "../spent.ts";

/** Many Queues at once. */
export const burst: Scenario<
  "ready" | "rate" | "p50" | "p99" | "cpu" | "peak" | "apiserver" | "api" | "cloud" | "events"
> = {
  name: "burst",
  title: "A burst of new Queues",
  about: "All are made at once, 16 creates at a time, until an independent watch has seen the last one Ready.",
  objects: 1_000,
  needs: [],
  columns: {
    ready: {
      head: "READY s",
      digits: 2,
      means: "from the first create to the last Queue Ready; the creates are part of it",
    },
    rate: { head: "Queues/s", digits: 0, means: "Queues by that time" },
    p50: {
      head: "p50 ms",
      digits: 0,
      means: "from a Queue's create to Ready, queueing behind the others included: median",
    },
    p99: { head: "p99 ms", digits: 0, means: "the same, of the slowest hundredth" },
    cpu: { head: "CPU ms/obj", digits: 2, means: "CPU time of the peer's process a Queue" },
    peak: { head: "PEAK MiB", digits: 0, means: "most memory that the peer's process ever held" },
    apiserver: {
      head: "APISERVER ms/obj",
      digits: 1,
      means: "CPU time of kube-apiserver a Queue, the creates and the independent watch included",
    },
    api: {
      head: "API/obj",
      digits: 2,
      means: "requests of the peer for Queues, from the API server's own metrics, without watches",
    },
    cloud: { head: "CLOUD/obj", digits: 2, means: "calls that the stand-in counted" },
    events: { head: "EVENTS/obj", digits: 2, means: "Events that the peer wrote" },
  },
  async run(peer, host, { objects }) {
    await using scene = await setScene(peer, host);
    const start = await countAtRest(scene);
    const created = await scene.driver.create("burst", objects);
    const ready = await scene.ready("burst", objects);
    const usage = spentBetween(start, await countOf(scene));
    const { peakMiB } = (await countOf(scene)).peer;
    const { api, cloud, events } = spentBetween(start, await countAtRest(scene));
    const latencies = [...ready].map(([name, at]) => at - (created.get(name) ?? Number.NaN));
    const seconds = (Math.max(...ready.values()) - Math.min(...created.values())) / 1000;
    return {
      figures: {
        ready: seconds,
        rate: objects / seconds,
        p50: quantile(latencies, 0.5),
        p99: quantile(latencies, 0.99),
        cpu: usage.cpuMs / objects,
        peak: peakMiB,
        apiserver: usage.apiserverCpuMs / objects,
        api: total(api) / objects,
        cloud: total(cloud) / objects,
        events: events / objects,
      },
      detail: [`API server: ${perObject(api, objects)}`, `cloud: ${perObject(cloud, objects)}`],
    };
  },
};
