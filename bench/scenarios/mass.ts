import { perObject, quantile, total } from "../measure.ts";
import type { Scenario } from "../scenario.ts";
import { setScene } from "../scene.ts";
import { countAtRest, countOf, spentBetween } from "../spent.ts";

const CHANGED_SECONDS = 45;

/** Somebody changes everything, and somebody else wants one Queue. */
export const mass: Scenario<"done" | "p50" | "p99" | "samples" | "cpu" | "api" | "cloud"> = {
  name: "mass",
  title: "A change of all, and users inside it",
  about:
    "The spec of all Queues is changed, 16 at a time. While that goes on, in the same namespace, a user makes a Queue, waits " +
    "until it is Ready, and makes the next.",
  objects: 1_000,
  needs: [],
  columns: {
    done: { head: "DONE s", digits: 2, means: "from the first change until the last was carried out" },
    p50: { head: "USER p50 ms", digits: 0, means: "from the create of the user's Queue to Ready: median" },
    p99: { head: "USER p99 ms", digits: 0, means: "the same, of the slowest hundredth" },
    samples: { head: "USER's", digits: 0, means: "how many Queues the user made meanwhile" },
    cpu: {
      head: "CPU ms/obj",
      digits: 2,
      means: "CPU time of the peer's process a changed Queue, the user's included",
    },
    api: { head: "API/obj", digits: 2, means: "requests of the peer for Queues, those for the user's included" },
    cloud: { head: "CLOUD/obj", digits: 2, means: "calls that the stand-in counted, those for the user's included" },
  },
  async run(peer, host, { objects }) {
    await using scene = await setScene(peer, host);
    await scene.populate("mass", objects);
    const start = await countAtRest(scene);
    const startedAt = performance.now();
    const latencies: number[] = [];
    let over = false;
    const user = async () => {
      while (!over) latencies.push(await scene.one("user"));
    };
    const changes = async () => {
      try {
        await scene.driver.change("mass", objects, CHANGED_SECONDS);
        return await scene.ready("mass", objects, 2);
      } finally {
        over = true;
      }
    };
    const [changed] = await Promise.all([changes(), user()]);
    const { cpuMs } = spentBetween(start, await countOf(scene));
    const { api, cloud } = spentBetween(start, await countAtRest(scene));
    return {
      figures: {
        done: (Math.max(...changed.values()) - startedAt) / 1000,
        p50: quantile(latencies, 0.5),
        p99: quantile(latencies, 0.99),
        samples: latencies.length,
        cpu: cpuMs / objects,
        api: total(api) / objects,
        cloud: total(cloud) / objects,
      },
      detail: [`API server: ${perObject(api, objects)}`, `cloud: ${perObject(cloud, objects)}`],
    };
  },
};
