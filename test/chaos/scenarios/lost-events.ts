import { titleOf } from "../../../operator/provider/conformance/tried.ts";
import { ANNOTATIONS } from "../../../operator/reconcile/object.ts";
import type { Dice } from "../../support/crowd.ts";
import { isWatch, ownType, readLine } from "../collections.ts";
import type { Lane } from "../lane.ts";
import { pass } from "../oracles.ts";
import type { Scenario } from "../scenario.ts";
import { play, type Scene } from "../scene.ts";
import { FIELD_MANAGER, type LiveSubject } from "../subject.ts";

/** So many of a hundred events are lost. */
const LOST_PERCENT = 40;
/** More than the time in which every object is looked at once, in ms of the lane. */
const RESYNC_MS = 13 * 60_000;
const SHORT = 4;

/** Loses events without a sign; bookmarks come through, so that nothing of what was lost is ever sent again. */
function lose({ proxy }: Scene, dice: Dice): { lost(): number } {
  let lost = 0;
  proxy.streams.edit((line, call) => {
    if (!isWatch(call) || readLine(line).type === "BOOKMARK" || !dice.percent(LOST_PERCENT)) return "pass";
    lost++;
    return { send: "" };
  });
  return { lost: () => lost };
}

/** The next event: whoever notices that nothing happens asks for it. */
async function ask(lane: Lane, namespace: string, name: string, { tried }: LiveSubject): Promise<void> {
  const patch = { metadata: { annotations: { [ANNOTATIONS.reconcileRequestedAt]: "later" } } };
  const type = ownType(tried.kind.leaf.kind);
  await lane.api.client.patch(type, { namespace, name }, patch, { as: "merge", fieldManager: FIELD_MANAGER });
}

export const lostEvents: Scenario = {
  faults: [6],
  title: "events of watches are lost at random, without any error",
  async *run(lane, { short, dice, kinds }) {
    const plain = lane.kinds.filter(
      (one) => one.kind.leaf.references(one.kind.spec()).length === 0 && (!kinds || kinds.has(titleOf(one))),
    );
    const chosen = [...new Set(dice.shuffled(plain).map(({ kind }) => kind.leaf.kind))].slice(
      0,
      short ? SHORT : undefined,
    );
    const script = async (scene: Scene) => {
      const { namespace, scribe } = scene;
      const lives = chosen.flatMap((kind) =>
        ["stays", "changes", "goes"].map((what) => ({ what, name: `${what}-${kind}`.toLowerCase(), kind })),
      );
      const subjects = lives.map((life) => ({ ...life, subject: scene.subject(life.name, life.kind) }));
      scribe.plan(`${LOST_PERCENT} % of the events lost, for ${chosen.join(", ")}`);
      const losing = lose(scene, dice);
      const acts: readonly ((one: (typeof subjects)[number]) => Promise<void>)[] = [
        ({ subject }) => scene.apply(subject),
        async ({ what, subject }) => {
          if (what === "changes") await scene.apply(subject, { tags: { changed: "yes" } });
        },
        async ({ what, subject }) => {
          if (what === "goes") await scene.remove(subject);
        },
      ];
      for (const act of acts) {
        for (const one of subjects) await act(one);
        await pass(lane, 60_000);
      }
      if (losing.lost() > 0) scribe.hit();
      scene.proxy.heal();
      await pass(lane, RESYNC_MS);
      for (const { subject, name } of subjects) if (await subject.find()) await ask(lane, namespace, name, subject);
      await scene.settled();
    };
    yield await play(lane, "lost events", script, { connections: lane.clock });
  },
};
