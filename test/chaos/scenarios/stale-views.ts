import { type Collection, collectionOf, isRelist, ownType, readLine } from "../collections.ts";
import { pass } from "../oracles.ts";
import type { Scenario } from "../scenario.ts";
import { play, type Scene } from "../scene.ts";
import { FIELD_MANAGER, type LiveSubject } from "../subject.ts";

/** So long, in ms of the lane, an operator works on an old view. */
const OLD_VIEW_MS = 180_000;

/** What all watches and lists of a collection show for as long as it is frozen. */
type View = readonly string[];

/** The collection as it is now. */
async function viewOf({ lane, namespace }: Scene, { type, line }: Collection): Promise<View> {
  const { items, resourceVersion } = await lane.api.client.list(type, { namespace });
  const annotations = { "k8s.io/initial-events-end": "true" };
  return [...items.map((one) => line("ADDED", one)), line("BOOKMARK", { metadata: { resourceVersion, annotations } })];
}

/** Another operator takes over, to which that view is shown while its writes go to the real server. */
async function relieveWith(scene: Scene, { watches }: Collection, view: View): Promise<void> {
  const { proxy, shift, lane, scribe } = scene;
  proxy.inject({ when: watches, trouble: (call) => ({ do: "serve", text: isRelist(call) ? view.join("") : "" }) });
  await shift.relieve();
  const [from, seen] = [lane.wire.passed.length, proxy.calls.length];
  await pass(lane, OLD_VIEW_MS);
  for (const { side, mutating, operation, target } of lane.wire.passed.slice(from))
    if (side === "cloud" && mutating)
      scribe.violation("the cloud is not changed on an old view", `${operation} ${target}`);
  if (proxy.calls.slice(seen).some(({ mutating }) => mutating) || proxy.calls.length > seen) scribe.hit();
  proxy.heal();
  for (const stream of proxy.streams.open) if (watches(stream.call)) stream.cut();
}

/** What became of an object after the view of it was taken. @returns the view */
type Past = (scene: Scene, subject: LiveSubject, collection: Collection) => Promise<View>;

const PASTS: Readonly<Record<string, Past>> = {
  async "the object is long gone"(scene, subject, collection) {
    await scene.ready(subject);
    const view = await viewOf(scene, collection);
    await scene.remove(subject);
    await scene.settled();
    return view;
  },
  async "it was being deleted, and was made anew since"(scene, subject, collection) {
    await scene.ready(subject);
    scene.shift.current().kill();
    await scene.remove(subject);
    const view = await viewOf(scene, collection);
    await scene.shift.relieve();
    await scene.settled();
    await scene.ready(subject);
    return view;
  },
  async "its spec is another one since"(scene, subject, collection) {
    await scene.ready(subject);
    const view = await viewOf(scene, collection);
    await scene.apply(subject, { tags: { since: "then" } });
    await scene.settled();
    return view;
  },
  async "nothing was made of it yet"(scene, subject, collection) {
    scene.shift.current().kill();
    await scene.apply(subject);
    const view = await viewOf(scene, collection);
    await scene.shift.relieve();
    await scene.settled();
    return view;
  },
};

/** One kind whose ids the operator picks, and one whose ids the cloud picks. */
const KINDS = ["Queue", "EncryptionKey"];

export const oldViews: Scenario = {
  faults: [4],
  title: "an operator that was started again is shown an old state, and its writes go to the real server",
  async *run(lane) {
    for (const kind of KINDS) {
      const script = async (scene: Scene) => {
        const collection = collectionOf(ownType(kind), scene.namespace);
        for (const [index, [title, past]] of Object.entries(PASTS).entries()) {
          scene.scribe.plan(title);
          const view = await past(scene, scene.subject(`past-${index}`, kind), collection);
          await relieveWith(scene, collection, view);
          await scene.settled();
        }
      };
      yield await play(lane, `an old view: ${kind}`, script, { connections: lane.clock });
    }
  },
};

/** Hides from the operator that an object went and came back: its new self is shown as a change of the old one. */
function hideReturn(
  { proxy }: Scene,
  { watches, line }: Collection,
  { name }: { readonly name: string },
  all: boolean,
): void {
  let returned = false;
  proxy.streams.edit((text, call) => {
    if (!watches(call)) return "pass";
    const { type, object } = readLine(text);
    if (object.metadata.name !== name || returned) return "pass";
    if (type === "ADDED") {
      returned = true;
      return { send: line("MODIFIED", object) };
    }
    return all || type === "DELETED" ? { send: "" } : "pass";
  });
}

export const madeAnew: Scenario = {
  faults: [5],
  title: "an object goes and comes back under its name, seen as one change",
  async *run(lane) {
    const script = async (scene: Scene) => {
      const { scribe } = scene;
      const queues = collectionOf(ownType("Queue"), scene.namespace);
      const at = { namespace: scene.namespace, name: "returns" };
      const subject = scene.subject(at.name);
      await scene.ready(subject);

      scribe.plan("it went in good order");
      hideReturn(scene, queues, at, false);
      await scene.remove(subject);
      await scene.settled();
      await scene.ready(subject);
      scribe.hit();

      scribe.plan("it went by hand, and what it had in the cloud stayed");
      hideReturn(scene, queues, at, true);
      await subject.remove();
      const patch = { metadata: { finalizers: null } };
      await lane.api.client.patch(queues.type, at, patch, { as: "merge", fieldManager: FIELD_MANAGER });
      await scene.comes("the object gone", subject.isGone);
      const from = lane.wire.passed.length;
      await scene.ready(subject);
      scribe.hit();
      for (const { side, operation, target } of lane.wire.passed.slice(from))
        if (side === "cloud" && operation.startsWith("Delete"))
          scribe.violation("nothing is deleted for the new object", `${operation} ${target}`);

      // The emulator of AWS deletes at once.
      if (lane.side.name === "aws") return;
      scribe.plan("it went by hand while the cloud deletes what it had");
      const table = scene.subject("returns", "Table");
      await scene.ready(table);
      const tables = collectionOf(ownType("Table"), scene.namespace);
      lane.side.cloud.operationsTake(60_000);
      await table.remove();
      const { externalId } = (await table.find())?.status ?? {};
      await scene.comes("the cloud at its deletion", async () => {
        await table.isGone();
        return table.told().includes("Deleting");
      });
      hideReturn(scene, tables, at, true);
      await lane.api.client.patch(tables.type, at, patch, { as: "merge", fieldManager: FIELD_MANAGER });
      await scene.comes("the object gone", table.isGone);
      await scene.apply(table);
      await pass(lane, 20_000);
      const { status } = (await table.find()) ?? {};
      if (status?.externalId !== undefined)
        scribe.violation("what is being deleted is never used", `${status.externalId} after ${externalId}`);
      scribe.hit();
      lane.side.cloud.operationsTake(0);
      // The deletion comes to its end, and then the name is free again.
      for (let n = 0; n < 2; n++) {
        lane.side.cloud.advance(600_000);
        await pass(lane, 60_000);
      }
      await scene.settled();
    };
    yield await play(lane, "made anew under the same name", script, { connections: lane.clock });
  },
};
