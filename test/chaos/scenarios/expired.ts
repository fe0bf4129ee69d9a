import { CONFIG_MAPS } from "../../support/runtime.ts";
import { type Collection, collectionOf, errorLine, ownType, queryOf, statusOf } from "../collections.ts";
import type { Lane } from "../lane.ts";
import type { Scenario } from "../scenario.ts";
import { play, type Scene } from "../scene.ts";
import { type LiveService, liveService } from "../services.ts";

/** What the operator did not hear of is known to it within this time of the lane, in ms. */
const SOON_MS = 60_000;

/** How the server says that it no longer knows the time in which something was missed. */
interface Expiry {
  readonly title: string;
  /** @returns what goes wrong from now on */
  happens(scene: Scene, queues: Collection, configMaps: Collection): readonly { readonly hits: number }[];
  /** How often each of the two is then read as a whole. */
  readonly lists: readonly [number, number];
}

const asksAgain = (call: Parameters<Collection["watches"]>[0]) => !queryOf(call).has("sendInitialEvents");
const gone = { do: "answer", status: 410, body: statusOf(410, "Expired") } as const;

/** Ends the watches of these, with a last word. */
function end({ proxy }: Scene, collections: readonly Collection[], says = ""): void {
  for (const stream of proxy.streams.open) {
    if (!collections.some((one) => one.watches(stream.call))) continue;
    stream.send(says);
    stream.end();
  }
}

const EXPIRIES: readonly Expiry[] = [
  {
    title: "410 as the answer to a watch",
    happens(scene, ...both) {
      const faults = both.map(({ watches }) =>
        scene.proxy.inject({ when: (call) => watches(call) && asksAgain(call), times: 1, trouble: gone }),
      );
      end(scene, both);
      return faults;
    },
    lists: [1, 1],
  },
  {
    title: "410 as an event of a watch",
    happens(scene, ...both) {
      end(scene, both, errorLine(410, "Expired"));
      return [];
    },
    lists: [1, 1],
  },
  {
    title: "410 on the second page of a list, of a server that can only list",
    happens(scene, queues, configMaps) {
      const isPage = (call: Parameters<Collection["isOf"]>[0]) => queues.isOf(call) && queryOf(call).has("limit");
      const unable = { do: "answer", status: 400, body: statusOf(400, "BadRequest") } as const;
      const faults = [
        scene.proxy.inject({ when: (call) => queues.watches(call) && !asksAgain(call), trouble: unable }),
        scene.proxy.inject({
          when: (call) => isPage(call) && queryOf(call).has("continue"),
          times: 1,
          trouble: gone,
        }),
        scene.proxy.inject({
          when: isPage,
          trouble: ({ path }) => ({ do: "ask", path: path.replace(/limit=\d+/, "limit=1") }),
        }),
      ];
      end(scene, [queues, configMaps], errorLine(410, "Expired"));
      return faults;
    },
    lists: [2, 1],
  },
];

/** An object goes, another one comes and a child is deleted by hand, and of none of that the operator hears. */
async function missing(scene: Scene, service: LiveService, both: readonly Collection[], round: number): Promise<void> {
  const [goes, comes] = [scene.subject(`goes-${round}`), scene.subject(`comes-${round}`)];
  await scene.ready(goes);
  await scene.comes("the service at rest", service.isReady, { explain: service.told });
  scene.proxy.streams.edit((_line, call) => (both.some((one) => one.watches(call)) ? { send: "" } : "pass"));
  await scene.remove(goes);
  await scene.apply(comes);
  await service.deleteConfigMap();
  scene.proxy.streams.edit(undefined);
}

async function script(scene: Scene, lane: Lane): Promise<void> {
  const { proxy, scribe, namespace } = scene;
  const [queues, configMaps] = [collectionOf(ownType("Queue"), namespace), collectionOf(CONFIG_MAPS, namespace)];
  const service = liveService(lane, namespace, "service");
  await service.apply();
  for (const [round, { title, happens, lists }] of EXPIRIES.entries()) {
    scribe.plan(title);
    await missing(scene, service, [queues, configMaps], round);
    const [from, since] = [proxy.calls.length, lane.clock.monotonic()];
    const faults = happens(scene, queues, configMaps);
    await scene.comes("the deleted child made again", async () => (await service.configMap()).uid !== undefined);
    await scene.settled();
    if (faults.every(({ hits }) => hits > 0)) scribe.hit();
    proxy.heal();
    const passed = lane.clock.monotonic() - since;
    if (passed > SOON_MS) scribe.violation("what was missed is soon known", `after ${Math.round(passed / 1000)} s`);
    for (const [index, { path, relists }] of [queues, configMaps].entries()) {
      const done = proxy.calls.slice(from).filter((call) => relists(call) && call.status === 200).length;
      if (done !== lists[index])
        scribe.violation("it is read as a whole once", `${path}: ${done}, not ${lists[index]}`);
    }
  }
}

export const expired: Scenario = {
  faults: [8],
  title: "the server no longer knows the state that a watch or a list goes on from",
  async *run(lane) {
    const options = { connections: lane.clock };
    yield await play(lane, "the state to go on from has expired", (scene) => script(scene, lane), options);
  },
};
