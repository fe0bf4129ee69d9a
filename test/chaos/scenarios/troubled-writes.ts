import { setTimeout as rest } from "node:timers/promises";
import type { Over } from "../../../operator/provider/conformance/kind-under-test.ts";
import { byKind, titleOf } from "../../../operator/provider/conformance/tried.ts";
import { apiOf } from "../../support/api.ts";
import { ownType } from "../collections.ts";
import { watchWrites } from "../crash.ts";
import { prepare } from "../crashes.ts";
import { ACTS, type Act } from "../life.ts";
import { expectNoSurprise } from "../oracles.ts";
import type { Scenario } from "../scenario.ts";
import { play, type Scene } from "../scene.ts";
import type { LiveSubject } from "../subject.ts";
import type { Passing } from "../wire.ts";

/** What one act of a user comes to. @returns what was written */
async function perform(scene: Scene, subject: LiveSubject, act: Act, edit: Over): Promise<readonly Passing[]> {
  const { lane } = scene;
  const watch = watchWrites(undefined, () => {});
  lane.wire.tap(watch);
  if (act === "delete") await scene.remove(subject);
  else await scene.apply(subject, act === "update" ? edit : undefined);
  await scene.settled();
  lane.wire.tap(undefined);
  return watch.writes;
}

const toKubernetes = (writes: readonly Passing[]) => writes.filter(({ side }) => side === "kubernetes");
const toCloud = (writes: readonly Passing[]) => writes.filter(({ side }) => side === "cloud");

export const lostAnswers: Scenario = {
  faults: [14],
  title: "the API server does what it is told, and the answer is lost",
  async *run(lane, { short, kinds }) {
    const chosen = short ? [byKind(lane.kinds).get("Queue")] : lane.kinds;
    for (const tried of chosen) {
      if (!tried || (kinds && !kinds.has(titleOf(tried)))) continue;
      const script = async (scene: Scene) => {
        const { scribe, proxy, namespace } = scene;
        const edit = await prepare(lane, tried, namespace);
        const usual = {} as Record<Act, readonly Passing[]>;
        const first = scene.live("usual", tried);
        for (const act of ACTS) usual[act] = await perform(scene, first, act, edit);
        const most = Math.max(...ACTS.map((act) => toKubernetes(usual[act]).length));
        for (let n = 0; n < most; n++) {
          const subject = scene.live(`lost-${n}`, tried);
          for (const act of ACTS) {
            const lost = toKubernetes(usual[act])[n];
            let fault: { readonly hits: number } | undefined;
            if (lost) {
              scribe.plan(`${act}, the answer to write ${n + 1} (${lost.operation})`);
              const counts = (call: { readonly mutating: boolean; readonly path: string }) =>
                call.mutating && call.path.includes(`/${namespace}/`) && !call.path.includes("/events");
              fault = proxy.inject({ when: counts, skip: n, times: 1, trouble: { do: "drop" } });
            }
            const written = await perform(scene, subject, act, edit);
            proxy.heal();
            if (!lost) continue;
            if (fault && fault.hits > 0) scribe.hit();
            expectNoSurprise(written, usual[act], scribe);
            if (toCloud(written).length > toCloud(usual[act]).length)
              scribe.violation(
                "the cloud is told everything once",
                `${operations(toCloud(written))}, not ${operations(toCloud(usual[act]))}`,
              );
          }
        }
      };
      yield await play(lane, `the answer of a write is lost: ${titleOf(tried)}`, script, { connections: lane.clock });
    }
  },
};

const operations = (writes: readonly Passing[]): string => writes.map(({ operation }) => operation).join(", ");

/** The other writer writes this often, in ms. */
const STORM_EVERY_MS = 20;
const THEIRS = "example.com/held";

/** Another writer of the same object: labels without a pause, and an annotation and a finalizer of its own. */
function storm({ lane, namespace }: Scene, name: string) {
  const { client, transport } = apiOf(lane.cluster);
  const type = ownType("Queue");
  const at = { namespace, name };
  const fieldManager = "other-writer";
  const apply = (metadata: object) => client.patch(type, at, { metadata }, { fieldManager, as: "apply", force: true });
  let writes = 0;
  let going = true;
  const writing = (async () => {
    for (; going; await rest(STORM_EVERY_MS)) {
      const patch = { metadata: { labels: { storm: String(writes) } } };
      const written = client.patch(type, at, patch, { fieldManager, as: "merge", retry: false });
      await written.then(
        () => writes++,
        () => undefined,
      );
    }
  })();
  return {
    hold: () => apply({ annotations: { [THEIRS]: "yes" }, finalizers: [THEIRS] }),
    letGo: () => apply({}),
    writes: () => writes,
    async end() {
      going = false;
      await writing;
    },
    close: () => transport.close(),
  };
}

export const conflicts: Scenario = {
  faults: [13],
  title: "another writer changes the same object all the time",
  async *run(lane) {
    const script = async (scene: Scene) => {
      const { scribe } = scene;
      const name = "contended";
      const subject = scene.subject(name);
      scribe.plan("labels change 50 times a second, through a life");
      const other = storm(scene, name);
      try {
        await scene.apply(subject);
        await other.hold();
        await scene.settled();
        await scene.apply(subject, { tags: { changed: "yes" } });
        await scene.settled();
        if (other.writes() > 0) scribe.hit();
        const { metadata } = (await subject.find()) ?? {};
        if (metadata?.annotations?.[THEIRS] !== "yes" || !metadata.finalizers?.includes(THEIRS))
          scribe.violation("what others wrote stays", JSON.stringify(metadata));
        await subject.remove();
        const onlyTheirs = async () => (await subject.find())?.metadata.finalizers?.join() === THEIRS;
        await scene.comes("only their finalizer left", onlyTheirs, { explain: subject.told });
        const left = await subject.count();
        if (left !== 0) scribe.violation("U2 one resource for one object", `${left} after its deletion`);
      } finally {
        await other.end();
      }
      await other.letGo();
      await other.close();
      await scene.remove(subject);
    };
    yield await play(lane, "another writer all the time", script);
  },
};
