import { perObject, total } from "../measure.ts";
import type { Scenario } from "../scenario.ts";
import { setScene } from "../scene.ts";
import { countAtRest, countOf, spentBetween } from "../spent.ts";

/** Everything goes at once. */
export const deletion: Scenario<"gone" | "rate" | "cpu" | "api" | "cloud"> = {
  name: "delete",
  title: "All Queues go at once",
  about: "With all Queues Ready, one request deletes them all; the clock runs until the last one is gone.",
  objects: 1_000,
  needs: [],
  columns: {
    gone: { head: "GONE s", digits: 2, means: "from the request to the end of the last Queue" },
    rate: { head: "Queues/s", digits: 0, means: "Queues by that time" },
    cpu: { head: "CPU ms/obj", digits: 2, means: "CPU time of the peer's process a Queue" },
    api: { head: "API/obj", digits: 2, means: "requests of the peer for Queues, without watches" },
    cloud: { head: "CLOUD/obj", digits: 2, means: "calls that the stand-in counted" },
  },
  async run(peer, host, { objects }) {
    await using scene = await setScene(peer, host);
    await scene.populate("gone", objects);
    const start = await countAtRest(scene);
    const all = scene.watched.size();
    const startedAt = performance.now();
    await scene.driver.deleteAll();
    await scene.gone();
    const seconds = (performance.now() - startedAt) / 1000;
    const { cpuMs } = spentBetween(start, await countOf(scene));
    const { api, cloud } = spentBetween(start, await countAtRest(scene));
    return {
      figures: {
        gone: seconds,
        rate: all / seconds,
        cpu: cpuMs / all,
        api: total(api) / all,
        cloud: total(cloud) / all,
      },
      detail: [`API server: ${perObject(api, all)}`, `cloud: ${perObject(cloud, all)}`],
    };
  },
};
