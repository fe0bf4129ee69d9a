import { isOlder } from "../../../operator/runtime/resource-version.ts";
import { collectionOf, isRelist, ownType, queryOf, readLine, statusOf } from "../collections.ts";
import type { Scenario } from "../scenario.ts";
import { play, type Scene } from "../scene.ts";

/** A server ends watches that ask for so little time soon, in s, and says before that how far it is. */
const WATCH_SECONDS = 3;

export const quietKinds: Scenario = {
  faults: [9],
  title: "nothing but bookmarks comes for a kind, and then the server forgets the time before",
  async *run(lane) {
    const script = async (scene: Scene) => {
      const { proxy, scribe, namespace } = scene;
      const topics = collectionOf(ownType("Topic"), namespace);
      scribe.plan("compaction after bookmarks");
      await scene.ready(scene.subject("busy"));
      const { resourceVersion } = await lane.api.client.list(topics.type, { namespace });
      proxy.inject({
        when: topics.watches,
        trouble: ({ path }) => ({
          do: "ask",
          path: path.replace(/timeoutSeconds=\d+/, `timeoutSeconds=${WATCH_SECONDS}`),
        }),
      });
      for (const stream of proxy.streams.open) if (topics.watches(stream.call)) stream.end();
      let position = "0";
      proxy.streams.edit((line, call) => {
        const { type, object } = topics.watches(call) ? readLine(line) : { type: "", object: undefined };
        if (type === "BOOKMARK" && object) position = object.metadata.resourceVersion;
        return "pass";
      });
      await scene.comes("a bookmark", () => !isOlder(position, resourceVersion));
      // The first fault that fits is the one that is made.
      proxy.heal();
      await compact(lane.cluster.ports.etcd, Number(resourceVersion));
      const forgotten = proxy.inject({
        when: (call) => topics.watches(call) && isOlder(queryOf(call).get("resourceVersion") ?? "0", resourceVersion),
        trouble: { do: "answer", status: 410, body: statusOf(410, "Expired") },
      });
      const from = proxy.calls.length;
      scene.shift.current().gate.breakAll();
      const again = () => proxy.calls.slice(from).filter(topics.watches).length > 0;
      if (await scene.comes("the watch open again", again)) scribe.hit();
      await scene.ready(scene.subject("woken", "Topic"));
      const relists = proxy.calls.slice(from).filter((call) => isRelist(call) && call.status !== 404);
      for (const { path } of relists) scribe.violation("nothing is read as a whole again", path);
      if (forgotten.hits > 0) scribe.violation("it goes on from the last bookmark", `${forgotten.hits} from before it`);
    };
    yield await play(lane, "bookmarks, then a compaction", script, { connections: lane.clock });
  },
};

/** Has etcd forget all states before this one. */
async function compact(port: number, revision: number): Promise<void> {
  const body = JSON.stringify({ revision, physical: true });
  const answer = await fetch(`http://127.0.0.1:${port}/v3/kv/compaction`, { method: "POST", body });
  if (!answer.ok) throw new Error(`etcd did not compact: ${answer.status} ${await answer.text()}`);
}
