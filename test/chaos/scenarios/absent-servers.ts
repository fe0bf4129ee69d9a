import type { ProxyCall } from "../../support/fault-proxy.ts";
import { isRelist, pathOf, statusOf, watchedPaths } from "../collections.ts";
import type { Lane } from "../lane.ts";
import type { Scenario } from "../scenario.ts";
import { play, type Scene } from "../scene.ts";

const OBJECTS = 5;
/** So long it is away at least, in ms. */
const AWAY_MS = 4_000;
/** One caller asks a server that is away no more often than this, a second. */
const MOST_PER_SECOND = 2;

const question = ({ method, path }: ProxyCall): string =>
  `${method} ${path.replace(/timeoutSeconds=\d+|resourceVersion=\d+/g, "")}`;

/** Requests by what they ask. */
function byQuestion(calls: readonly ProxyCall[]): ReadonlyMap<string, readonly ProxyCall[]> {
  return Map.groupBy(calls, question);
}

const several = (scene: Scene, start: string) =>
  Array.from({ length: OBJECTS }, (_, index) => scene.subject(`${start}-${index}`));

export const restart: Scenario = {
  faults: [11],
  title: "the API server is killed in the midst of work, and started again",
  async *run(lane) {
    const script = async (scene: Scene) => {
      const { proxy, scribe } = scene;
      scribe.plan("killed at the first write of several objects");
      await scene.ready(scene.subject("before"));
      const working = new Promise<void>((resolve) =>
        lane.wire.tap({
          asked({ mutating, side }) {
            if (mutating && side === "cloud") resolve();
            return "pass";
          },
          done: () => "pass",
        }),
      );
      for (const subject of several(scene, "midst")) await scene.apply(subject);
      await working;
      lane.wire.tap(undefined);
      const paths = watchedPaths(proxy, scene.namespace);
      await lane.apiserver.kill();
      const [from, since] = [proxy.calls.length, performance.now()];
      await scene.comes("the end of the outage", () => performance.now() - since > AWAY_MS, { stepMs: 0 });
      const away = proxy.calls.slice(from);
      const seconds = (performance.now() - since) / 1000;
      for (const [asked, calls] of byQuestion(away))
        if (calls.length > Math.ceil(seconds * MOST_PER_SECOND))
          scribe.violation("a server that is away is not stormed", `${asked}: ${calls.length} in ${seconds} s`);
      const back = proxy.calls.length;
      await lane.apiserver.start();
      scribe.hit();
      // Tries are further and further apart, in real time.
      const areOpen = () => [...paths].every((path) => watchedPaths(proxy, scene.namespace).has(path));
      await scene.comes("every watch open again", areOpen, { stepMs: 0 });
      await scene.settled();
      const relists = proxy.calls.slice(back).filter((call) => isRelist(call) && call.status === 200);
      for (const [path, calls] of Map.groupBy(relists, pathOf))
        if (calls.length > 1) scribe.violation("nothing is read as a whole twice", `${path}: ${calls.length} times`);
    };
    yield await play(lane, "the API server is killed", script);
  },
};

/** What the server asks for, in s, and how long it goes on with that, in ms of the lane. */
const RETRY_AFTER = 5;
const BUSY_MS = 60_000;

/** Notes when each question is asked. */
function timesOf(lane: Lane) {
  const asked = new Map<string, number[]>();
  return {
    asked,
    note(call: ProxyCall) {
      const key = `${question(call)} ${call.body}`;
      asked.set(key, [...(asked.get(key) ?? []), lane.clock.monotonic()]);
    },
  };
}

export const tooMany: Scenario = {
  faults: [12],
  title: "the API server has too much to do, and says when to come again",
  async *run(lane) {
    const script = async (scene: Scene) => {
      const { proxy, scribe } = scene;
      scribe.plan(`429 to everything for ${BUSY_MS / 1000} s`);
      const [goes, changes] = [scene.subject("goes"), scene.subject("changes")];
      await scene.ready(goes, changes);
      const times = timesOf(lane);
      const until = lane.clock.monotonic() + BUSY_MS;
      const busy = proxy.inject({
        when: (call) => {
          times.note(call);
          return true;
        },
        trouble: {
          do: "answer",
          status: 429,
          headers: { "retry-after": String(RETRY_AFTER) },
          body: statusOf(429, "TooManyRequests", { details: { retryAfterSeconds: RETRY_AFTER } }),
        },
      });
      await scene.remove(goes);
      await scene.apply(changes, { tags: { changed: "yes" } });
      for (const subject of several(scene, "new")) await scene.apply(subject);
      await scene.comes("the end of the rush", () => lane.clock.monotonic() >= until, { stepMs: 500 });
      proxy.heal();
      if (busy.hits > 0) scribe.hit();
      for (const [asked, at] of times.asked)
        for (const [index, time] of at.entries()) {
          const waited = time - (at[index - 1] ?? Number.NEGATIVE_INFINITY);
          if (waited < RETRY_AFTER * 1000 - 50)
            scribe.violation("it comes again when it was told to", `${asked}: after ${Math.round(waited)} ms`);
        }
      await scene.settled();
    };
    yield await play(lane, "too many requests", script, { connections: lane.clock });
  },
};
