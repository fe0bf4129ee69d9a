/**
 * What becomes of each peer when the API server is killed and comes back: does it still work, without help from outside?
 *
 *   node bench/restart.ts [--peers=onyx,controller-runtime,client-node,dot-i]
 */
import { parseArgs } from "node:util";
import { thisHost } from "../hack/testbed/host.ts";
import { table } from "../operator/cli/output.ts";
import { controlApiserver } from "../test/support/apiserver.ts";
import { type Peer, peers, peersNamed } from "./peers.ts";
import { setScene } from "./scene.ts";

/** Longer than the longest back-off of any of them, 30 s. */
const PATIENCE_MS = 60_000;

const { values } = parseArgs({
  options: { peers: { type: "string", default: peers.map((peer) => peer.name).join(",") } },
});
const host = thisHost();

/** One sentence: what was seen. */
async function afterRestart(peer: Peer): Promise<string> {
  await using scene = await setScene(peer, host);
  const apiserver = controlApiserver(scene.cluster);
  try {
    await apiserver.kill();
    await apiserver.start();
    const back = performance.now();
    await scene.create("after", 1, 1);
    try {
      await scene.ready("after", 1, PATIENCE_MS);
    } catch {
      return ended(() => scene.peer.check())
        ? "its process ended"
        : `its process lives on and does nothing: a new Queue is not Ready after ${PATIENCE_MS / 1000} s`;
    }
    return `a new Queue was Ready ${((performance.now() - back) / 1000).toFixed(1)} s after the API server was back`;
  } finally {
    await apiserver.stop();
  }
}

function ended(check: () => void): boolean {
  try {
    check();
    return false;
  } catch {
    return true;
  }
}

const rows: string[][] = [];
for (const peer of peersNamed(values.peers)) {
  host.say(`${peer.name}: kube-apiserver is killed and started again`);
  rows.push([peer.name, await afterRestart(peer)]);
}
console.log(table(["PEER", "AFTER THE RESTART"], rows));
