import { perObject, quantile, total } from "../measure.ts";
import type { Scenario } from "../scenario.ts";
import { type Scene, setScene } from "../scene.ts";
import { countAtRest, countOf, spentBetween } from "../spent.ts";

const DELAY_MS = 100;
const REFUSED_PART = 0.8;
const REFUSED_MS = 30_000;

/** Each call takes its time, as those of real clouds do. */
export const slow: Scenario<"ready" | "p50" | "p99" | "cpu" | "cloud"> = {
  name: "slow",
  title: `A burst on a cloud that takes ${DELAY_MS} ms`,
  about: `As burst, each call to the cloud taking ${DELAY_MS} ms: what counts is how many are under way at once.`,
  objects: 500,
  needs: [],
  columns: {
    ready: { head: "READY s", digits: 2, means: "from the first create to the last Queue Ready" },
    p50: { head: "p50 ms", digits: 0, means: "from a Queue's create to Ready: median" },
    p99: { head: "p99 ms", digits: 0, means: "the same, of the slowest hundredth" },
    cpu: { head: "CPU ms/obj", digits: 2, means: "CPU time of the peer's process a Queue" },
    cloud: { head: "CLOUD/obj", digits: 2, means: "calls that the stand-in counted" },
  },
  async run(peer, host, { objects }) {
    await using scene = await setScene(peer, host);
    await scene.cloud.delay(DELAY_MS);
    return await burstOf(scene, objects);
  },
};

/** The cloud refuses most calls for a while. */
export const throttled: Scenario<"ready" | "p50" | "p99" | "cpu" | "cloud" | "refused"> = {
  name: "throttled",
  title: `A burst on a cloud that refuses ${REFUSED_PART * 100} % of all calls for ${REFUSED_MS / 1000} s`,
  about:
    `As burst; for the first ${REFUSED_MS / 1000} s the cloud refuses ${REFUSED_PART * 100} % of the calls as too many, whoever ` +
    "asks and how often. What counts is how few are asked in vain, and how soon all is well afterwards.",
  objects: 100,
  needs: ["retries"],
  columns: {
    ...slow.columns,
    refused: {
      head: "REFUSED/obj",
      digits: 2,
      means: "those of them that were refused; without them it is as many as `burst` has",
    },
  },
  async run(peer, host, { objects }) {
    await using scene = await setScene(peer, host);
    await scene.cloud.throttle(REFUSED_PART);
    const lift = setTimeout(() => void scene.cloud.throttle(0), REFUSED_MS);
    try {
      const { figures, cloud, ...rest } = await burstOf(scene, objects);
      const refused = cloud.get("refused") ?? 0;
      return {
        figures: { ...figures, cloud: (total(cloud) - refused) / objects, refused: refused / objects },
        ...rest,
      };
    } finally {
      clearTimeout(lift);
    }
  },
};

async function burstOf(scene: Scene, objects: number) {
  const start = await countAtRest(scene);
  const created = await scene.driver.create("slow", objects);
  const ready = await scene.ready("slow", objects);
  const { cpuMs } = spentBetween(start, await countOf(scene));
  const { cloud } = spentBetween(start, await countAtRest(scene));
  const latencies = [...ready].map(([name, at]) => at - (created.get(name) ?? Number.NaN));
  return {
    cloud,
    figures: {
      ready: (Math.max(...ready.values()) - Math.min(...created.values())) / 1000,
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      cpu: cpuMs / objects,
      cloud: total(cloud) / objects,
    },
    detail: [`cloud: ${perObject(cloud, objects)}`],
  };
}
