import { isRelist, isWatch, pathOf, watchedPaths } from "../collections.ts";
import type { Scenario } from "../scenario.ts";
import { play, type Scene } from "../scene.ts";

/** A watch that was ended is open again within this time, in ms. */
const AT_ONCE_MS = 2_000;
/** After so long it is noticed that the other side is gone without a sign. */
const SILENT_MS = 120_000;

/** Waits until everything is watched again that was watched, by requests after this one. */
async function rewatched({ proxy, comes }: Scene, paths: ReadonlySet<string>, from: number): Promise<boolean> {
  const again = () => new Set(proxy.calls.slice(from).filter(isWatch).map(pathOf));
  return comes("every watch open again", () => {
    const open = again();
    return [...paths].every((path) => open.has(path));
  });
}

/** What of it was read as a whole since that request. */
function expectNoRelist({ proxy, scribe }: Scene, paths: ReadonlySet<string>, from: number): void {
  for (const { path } of proxy.calls.slice(from).filter((call) => isRelist(call) && paths.has(pathOf(call))))
    scribe.violation("nothing is read as a whole again", path);
}

export const watchesEnd: Scenario = {
  faults: [7],
  title: "watches end in good order, break, or fall silent",
  async *run(lane) {
    const script = async (scene: Scene) => {
      const { scribe, proxy, shift } = scene;
      const subject = scene.subject("one");
      await scene.ready(subject);
      const ways: Readonly<Record<string, () => void>> = {
        "end in good order": () => {
          for (const stream of proxy.streams.open) stream.end();
        },
        "are broken": () => shift.current().gate.breakAll(),
        "fall silent": () => shift.current().gate.freezeAll(),
      };
      for (const [way, happen] of Object.entries(ways)) {
        scribe.plan(`all watches ${way}`);
        const paths = watchedPaths(proxy, scene.namespace);
        const from = proxy.calls.length;
        const [real, own] = [performance.now(), lane.clock.monotonic()];
        happen();
        await subject.apply({ tags: { way: way.replaceAll(" ", "-") } });
        if (await rewatched(scene, paths, from)) scribe.hit();
        const [passed, limit] =
          way === "fall silent"
            ? [lane.clock.monotonic() - own, SILENT_MS + AT_ONCE_MS]
            : [performance.now() - real, AT_ONCE_MS];
        if (passed > limit)
          scribe.violation("the watches are soon open again", `after ${Math.round(passed)} ms, not ${limit}`);
        expectNoRelist(scene, paths, from);
        await scene.settled();
      }
    };
    yield await play(lane, "watches end, break or fall silent", script, { connections: lane.clock });
  },
};
