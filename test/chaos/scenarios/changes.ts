import { isDeepStrictEqual } from "node:util";
import { type Tried, titleOf } from "../../../operator/provider/conformance/tried.ts";
import { type Change, changesOf, overOf, type Rest, resting, restOf } from "../changes.ts";
import { prepare } from "../crashes.ts";
import type { Scenario } from "../scenario.ts";
import { play, type Scene } from "../scene.ts";
import type { LiveSubject } from "../subject.ts";

/** What does not come to rest within this time of the lane stays as it is, in ms. */
const PATIENCE_MS = 15 * 60_000;
const SHORT = { kinds: 3, changes: 3 };

/** Waits until it rests, or long enough. */
async function rest({ lane }: Scene, subject: LiveSubject): Promise<Rest> {
  const since = lane.clock.monotonic();
  const isResting = async () => {
    await subject.isReady();
    const object = await subject.find();
    return object !== undefined && resting(object) !== undefined;
  };
  await lane.until(
    `${subject.title} at rest`,
    async () => (await isResting()) || lane.clock.monotonic() - since > PATIENCE_MS,
  );
  return restOf(subject);
}

/** A→B must come to what a fresh B comes to; and back at A all is as it was. What can't be changed must change nothing. */
async function tryChange(scene: Scene, tried: Tried, subject: LiveSubject, before: Rest, change: Change, n: number) {
  const { scribe } = scene;
  const over = overOf(change);
  const fresh = scene.live(`fresh-${n}`, tried);
  scribe.plan(`${change.field}: ${JSON.stringify(change.value)}`);
  scribe.hit();
  await scene.apply(subject, over);
  const there = await rest(scene, subject);
  await fresh.apply(over);
  const anew = await rest(scene, fresh);
  const [wanted, oracle] =
    there.state === "Ready"
      ? [anew, "changed, it is what a new one is"]
      : [{ ...anew, effective: before.effective, cloud: before.cloud }, "refused, it stays as it was"];
  const same = there.state === "Ready" || there.state === anew.state ? isDeepStrictEqual(there, wanted) : true;
  if (!same) scribe.violation(oracle, difference(there, wanted));
  await fresh.remove();
  await scene.comes(`${fresh.title} gone`, fresh.isGone, { explain: fresh.told });
  await scene.apply(subject);
  const back = await rest(scene, subject);
  if (!isDeepStrictEqual(back, before)) scribe.violation("changed back, it is what it was", difference(back, before));
}

const difference = (found: Rest, wanted: Rest): string =>
  (["state", "effective", "cloud"] as const)
    .filter((part) => !isDeepStrictEqual(found[part], wanted[part]))
    .map((part) => `${part}: ${JSON.stringify(found[part])}, not ${JSON.stringify(wanted[part])}`)
    .join("; ");

export const singleChanges: Scenario = {
  faults: [0],
  title: "any one field is changed to what its schema allows, and back",
  async *run(lane, { short, dice, kinds }) {
    const chosen = lane.kinds.filter((one) => kinds === undefined || kinds.has(titleOf(one)));
    for (const tried of short ? dice.shuffled(chosen).slice(0, SHORT.kinds) : chosen) {
      const seed = dice.oneOf(Array.from({ length: 1_000_000 }, (_, index) => index));
      const script = async (scene: Scene) => {
        await prepare(lane, tried, scene.namespace);
        const subject = scene.live("changes", tried);
        await scene.ready(subject);
        const before = await restOf(subject);
        let tries = 0;
        for (const change of dice.shuffled(changesOf(tried, seed))) {
          if (tries >= (short ? SHORT.changes : Number.POSITIVE_INFINITY)) break;
          const [here, anew] = [subject, scene.live(`fresh-${tries}`, tried)];
          if (!(await here.accepts(overOf(change))) || !(await anew.accepts(overOf(change)))) continue;
          await tryChange(scene, tried, subject, before, change, tries++);
        }
      };
      yield await play(lane, `one field changed, by seed ${seed}: ${titleOf(tried)}`, script);
    }
  },
};
