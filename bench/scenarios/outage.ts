import { waitUntil } from "../../hack/testbed/wait.ts";
import { controlApiserver } from "../../test/support/apiserver.ts";
import { type Scenario, Unable } from "../scenario.ts";
import { setScene } from "../scene.ts";

/** Longer than the longest back-off of any of them, 30 s. */
const PATIENCE_MS = 60_000;

/** The API server is killed and comes back: does the peer still work, without help from outside? */
export const outage: Scenario<"ready"> = {
  name: "outage",
  title: "The API server is killed and comes back",
  about: "kube-apiserver is killed and started again, and then a Queue is made.",
  objects: 20,
  needs: [],
  columns: {
    ready: { head: "READY s", digits: 1, means: "from the API server's return until the new Queue is Ready" },
  },
  async run(peer, host) {
    await using scene = await setScene(peer, host);
    const apiserver = controlApiserver(scene.cluster);
    try {
      await apiserver.kill();
      await apiserver.start();
      const back = performance.now();
      await scene.driver.create("after", 1);
      const at = () => scene.watched.ready("after").get("after-0");
      await waitUntil(() => at() !== undefined, { what: "after-0", timeoutMs: PATIENCE_MS, everyMs: 20 }).catch(() => {
        throw new Unable(
          isGone(() => scene.peer.check())
            ? "its process ended"
            : `its process lives on and does nothing: a new Queue is not Ready after ${PATIENCE_MS / 1000} s`,
        );
      });
      return { figures: { ready: ((at() ?? Number.NaN) - back) / 1000 } };
    } finally {
      await apiserver.stop();
    }
  },
};

function isGone(check: () => void): boolean {
  try {
    check();
    return false;
  } catch {
    return true;
  }
}
