import { waitUntil } from "../../hack/testbed/wait.ts";
import { isRead, perObject, quantile, total } from "../measure.ts";
import type { Scenario } from "../scenario.ts";
import { setScene } from "../scene.ts";
import { countAtRest, spentBetween } from "../spent.ts";

const RESYNC_SECONDS = 30;
const PATIENCE_MS = 600_000;

/** Somebody changes everything in the cloud, behind the operator's back. */
export const drift: Scenario<"p50" | "worst" | "writes" | "calls" | "api" | "cpu"> = {
  name: "drift",
  title: "Changes behind the operator's back",
  about: `All queues are changed in the cloud. Each peer that looks there again does so every ${RESYNC_SECONDS} s.`,
  objects: 200,
  needs: ["resync"],
  columns: {
    p50: { head: "p50 s", digits: 1, means: "from the change until it was put right: median" },
    worst: { head: "WORST s", digits: 1, means: "the same, of the last one" },
    writes: { head: "CORRECTIONS/obj", digits: 2, means: "calls to the cloud that changed something" },
    calls: { head: "CLOUD/obj", digits: 2, means: "all calls until then, those of routine looks included" },
    api: { head: "WRITES/obj", digits: 2, means: "writes of the peer to Queues" },
    cpu: { head: "CPU ms/obj", digits: 2, means: "CPU time of the peer's process a Queue" },
  },
  async run(peer, host, { objects }) {
    await using scene = await setScene(peer, host, { resyncSeconds: RESYNC_SECONDS });
    await scene.populate("drift", objects);
    const all = scene.watched.size();
    const start = await countAtRest(scene);
    await scene.cloud.tamper();
    await waitUntil(async () => (await scene.cloud.corrections()).length >= all, {
      what: "The correction of all",
      timeoutMs: PATIENCE_MS,
      everyMs: 100,
      check: () => scene.peer.check(),
    });
    const { api, cloud, cpuMs } = spentBetween(start, await countAtRest(scene));
    const seconds = (await scene.cloud.corrections()).map((ms) => ms / 1000);
    return {
      figures: {
        p50: quantile(seconds, 0.5),
        worst: Math.max(...seconds),
        writes: total(cloud, (action) => !/^(Get|List)/.test(action)) / all,
        calls: total(cloud) / all,
        api: total(api, (verb) => !isRead(verb)) / all,
        cpu: cpuMs / all,
      },
      detail: [`API server: ${perObject(api, all)}`, `cloud: ${perObject(cloud, all)}`],
    };
  },
};
