import { applyTo } from "../../support/managed.ts";
import { secretOf } from "../../support/side.ts";
import { companionsIn } from "../companions.ts";
import { expectCount, expectQuiet } from "../oracles.ts";
import type { RunOptions, Scenario } from "../scenario.ts";
import { play, type Scene } from "../scene.ts";
import { type LiveSubject, liveSubject } from "../subject.ts";

/** One object of each kind, with what it refers to, all Ready. */
async function oneOfEach({ lane, namespace }: Scene): Promise<readonly LiveSubject[]> {
  const companions = companionsIn(lane, namespace);
  const subjects: LiveSubject[] = [];
  for (const [index, tried] of lane.kinds.entries()) {
    await companions.provide(tried, [undefined]);
    const one = liveSubject(lane, tried, namespace, `one-${index}`);
    await one.apply();
    subjects.push(one);
  }
  for (const one of subjects) await lane.until(one.title, one.isReady, { explain: one.told });
  return [...companions.all, ...subjects];
}

/** A scene of one script, on one or both clouds. */
const inScene = (
  faults: readonly number[],
  title: string,
  script: (scene: Scene, options: RunOptions) => Promise<void>,
  notOn: Scenario["notOn"] = {},
): Scenario => ({
  faults,
  title,
  notOn,
  async *run(lane, options) {
    yield await play(lane, title, (scene) => script(scene, options));
  },
});

export const restarted = inScene(
  [39],
  "another version of the operator takes over, and the one before it again",
  async (scene) => {
    const { lane, scribe, shift } = scene;
    const subjects = await oneOfEach(scene);
    await expectQuiet(lane, scribe);
    for (const version of ["the next", "the one before"]) {
      scribe.plan(`${version} finds ${subjects.length} objects of all kinds`);
      const from = lane.wire.passed.length;
      await shift.relieve();
      scribe.hit();
      await expectQuiet(lane, scribe);
      for (const { side, operation, mutating, target, body } of lane.wire.passed.slice(from))
        if (mutating && !operation.includes("environments"))
          scribe.violation("an upgrade writes nothing", `${side}: ${operation} ${target} ${body.slice(0, 400)}`);
      for (const one of subjects) await expectCount(one, 1, scribe);
    }
  },
);

const ROTATED = "111111111111";

export const rotatedCredentials = inScene(
  [38],
  "the credentials of an Environment are replaced while it works",
  async (scene) => {
    const { lane, scribe } = scene;
    if (lane.side.name !== "aws") throw new Error("There are no credentials to see.");
    const { proxy } = lane.side.cloud;
    await scene.ready(scene.subject("before"));
    scribe.plan("another key id and another secret key");
    const [first = ""] = lane.canaries;
    const renewed = `${first}-renewed`;
    lane.canaries.push(renewed);
    const credentials = (id: string, secret: string) =>
      applyTo(lane.cluster, secretOf({ AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret }));
    const signedBy = (id: string, from: number) =>
      proxy.calls.slice(from).some(({ headers }) => headers.authorization?.includes(`Credential=${id}/`));
    const from = proxy.calls.length;
    await credentials(ROTATED, renewed);
    await lane.until("a call with the new credentials", () => signedBy(ROTATED, from));
    scribe.hit();
    const later = proxy.calls.length;
    await credentials("test", first);
    await lane.until("a call with the old ones again", () => signedBy("test", later));
  },
  { gcp: "the emulator asks for no credentials; adapters/gcp/credentials.test.ts has them" },
);

/** So many of the waiting objects may have been looked at before a user is served: those that were under way, and some. */
const SERVED_WITHIN = 25;

export const userFirst = inScene(
  [40],
  "a user's change comes first while everything is looked at anew",
  async (scene, { short }) => {
    const { lane, scribe, shift } = scene;
    const many = Array.from({ length: short ? 60 : 300 }, (_, n) => scene.subject(`many-${n}`));
    await scene.ready(...many);
    const user = scene.subject("user");
    scribe.plan(`a restart with ${many.length} Queues, and one that was made meanwhile`);
    shift.current().kill();
    await scene.apply(user);
    const from = lane.wire.passed.length;
    await shift.relieve();
    scribe.hit();
    await lane.until("the user's Queue", user.isReady, { explain: user.told });
    const cloud = lane.wire.passed.slice(from).filter(({ side }) => side === "cloud");
    const served = cloud.findIndex(({ target, body }) => `${target} ${body}`.includes("-user-"));
    const looks = cloud.slice(0, served).filter(({ operation }) => operation === LOOKS[lane.side.name]).length;
    if (served < 0 || looks > SERVED_WITHIN)
      scribe.violation("users come before resyncs", `${looks} of ${many.length} were looked at first`);
  },
);

/** The first thing that is asked of a queue. */
const LOOKS = { aws: "GetQueueAttributes", gcp: "GetSubscription" } as const;
