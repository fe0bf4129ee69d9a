import { setTimeout as delay } from "node:timers/promises";
import { waitUntil } from "../../hack/testbed/wait.ts";
import type { Scenario } from "../scenario.ts";
import { type Scene, setScene } from "../scene.ts";

/** A second process has all objects and waits for its turn after this time. */
const STAND_BY_MS = 5_000;
const PATIENCE_MS = 120_000;

/** The process that works is lost, or is ended in good order, and another one takes over. */
export const failover: Scenario<"killed" | "ended"> = {
  name: "failover",
  title: "The leading one of two ends",
  about:
    "Two processes run, one of which leads. It is ended, and at once a Queue is made: the clock runs from the signal until " +
    "the other one writes to that Queue.",
  objects: 100,
  needs: ["election"],
  columns: {
    killed: {
      head: "KILLED s",
      digits: 2,
      means: "after SIGKILL, as when a machine is lost: the lease has to run out",
    },
    ended: { head: "ENDED s", digits: 2, means: "after SIGTERM, as with each update of the operator" },
  },
  async run(peer, host, { objects }) {
    await using scene = await setScene(peer, host, { elects: true });
    await scene.populate("rest", objects);
    return {
      figures: {
        killed: await takeOver(scene, "killed", "SIGKILL"),
        ended: await takeOver(scene, "ended", "SIGTERM"),
      },
    };
  },
};

/** @returns seconds from the signal to the first write of the other process */
async function takeOver(scene: Scene, name: string, signal: "SIGKILL" | "SIGTERM"): Promise<number> {
  const leader = scene.peer;
  const other = await scene.start();
  await delay(STAND_BY_MS);
  const signalledAt = performance.now();
  await leader.end(signal);
  await scene.driver.createOne(name);
  await waitUntil(() => scene.watched.writtenAt(name) !== undefined, {
    what: "The first write of the other process",
    timeoutMs: PATIENCE_MS,
    everyMs: 10,
    check: () => other.check(),
  });
  return ((scene.watched.writtenAt(name) ?? Number.NaN) - signalledAt) / 1000;
}
