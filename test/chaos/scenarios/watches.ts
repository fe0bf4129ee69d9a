import { collectionOf, errorLine, isRelist, isWatch, ownType, queryOf, statusOf } from "../collections.ts";
import type { Scenario } from "../scenario.ts";
import { play, type Scene } from "../scene.ts";

/** A watch that was ended is open again within this time, in ms. */
const AT_ONCE_MS = 2_000;
/** The same where the other side is gone without a sign. */
const SILENT_MS = 120_000;

const sameOnBoth = { gcp: "what a connection to the API server goes through is the same on both" };

/** The paths that are watched now. */
const watched = ({ proxy, namespace }: Scene): ReadonlySet<string> =>
  new Set(
    [...proxy.streams.open]
      .map(({ call }) => call.path.split("?")[0] ?? "")
      .filter((path) => path.includes(`/${namespace}/`)),
  );

/** Waits until everything is watched again that was. */
async function rewatched(scene: Scene, before: ReadonlySet<string>): Promise<boolean> {
  return scene.comes("every watch open again", () => [...before].every((path) => watched(scene).has(path)));
}

export const watchesEnd: Scenario = {
  faults: [7],
  title: "watches end in good order, break, or fall silent",
  notOn: sameOnBoth,
  async *run(lane) {
    yield await play(
      lane,
      "watches end, break or fall silent",
      async (scene) => {
        const { scribe, proxy, shift, ready } = scene;
        const subject = scene.subject("one");
        await ready(subject);
        const ways: Readonly<Record<string, () => void>> = {
          "end in good order": () => {
            for (const stream of proxy.streams.open) stream.end();
          },
          "are broken": () => shift.current().gate.breakAll(),
          "fall silent": () => shift.current().gate.freezeAll(),
        };
        for (const [way, happen] of Object.entries(ways)) {
          scribe.plan(`all watches ${way}`);
          const before = watched(scene);
          const from = proxy.calls.length;
          const [real, own] = [performance.now(), lane.clock.monotonic()];
          happen();
          await subject.apply({ tags: { way: way.replaceAll(" ", "-") } });
          if (await rewatched(scene, before)) scribe.hit();
          const [passed, limit] =
            way === "fall silent" ? [lane.clock.monotonic() - own, SILENT_MS] : [performance.now() - real, AT_ONCE_MS];
          if (passed > limit)
            scribe.violation("the watches are soon open again", `after ${Math.round(passed)} ms, not ${limit}`);
          const relists = proxy.calls.slice(from).filter(isRelist);
          for (const { path } of relists) scribe.violation("nothing is read as a whole again", path);
          await scene.settled();
        }
      },
      { connections: lane.clock },
    );
  },
};
