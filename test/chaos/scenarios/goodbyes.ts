import { CREDENTIALS } from "../../../hack/platform/environment.ts";
import { titleOf } from "../../../operator/provider/conformance/tried.ts";
import type { LeafObject } from "../../../operator/reconcile/leaf-object.ts";
import { crowdOf } from "../../support/crowd.ts";
import { applyTo } from "../../support/managed.ts";
import { secretOf } from "../../support/side.ts";
import { ownType } from "../collections.ts";
import type { Lane } from "../lane.ts";
import { pass } from "../oracles.ts";
import { among, inRoom, operations, type Room } from "../room.ts";
import type { Scenario } from "../scenario.ts";
import { approve, type LiveSubject } from "../subject.ts";

export const credentialsGone: Scenario = {
  faults: [30],
  title: "the right to the cloud is gone before the objects are",
  async *run(lane, options) {
    const kinds = among(lane.kinds, options, 2);
    if (kinds.length === 0) return;
    yield await inRoom(lane, this.title, async (room) => {
      for (const [how, take, giveBack] of waysToLose(lane))
        await room.plan(`${how}: ${kinds.map(titleOf).join(", ")}`, async () => {
          const subjects: LiveSubject[] = [];
          for (const tried of kinds) subjects.push(await room.subject(tried));
          for (const one of subjects) await room.ready(one);
          await pass(lane, 2 * 60_000);
          await take();
          try {
            await expectHeld(room, subjects);
          } finally {
            await giveBack();
          }
          const areGone = async () => (await Promise.all(subjects.map((one) => one.isGone()))).every(Boolean);
          const explain = () => subjects.map((one) => one.told()).join("\n");
          await lane.until("all gone once it is back", areGone, { explain });
          for (const one of subjects) {
            const count = await one.count();
            room.holds("U2 one resource for one object", count === 0, () => `${one.title}: ${count}, not 0`);
          }
        });
    });
  },
};

type Way = readonly [string, () => Promise<void> | void, () => Promise<void> | void];

function waysToLose(lane: Lane): readonly Way[] {
  const [canary = ""] = lane.canaries;
  const { namespace, name } = CREDENTIALS;
  const secret = secretOf({ AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: canary });
  return [
    ["every call is denied", () => lane.side.cloud.troubleSome("denied", 1), () => lane.side.cloud.heal()],
    ...(lane.side.name === "aws"
      ? [
          [
            "the Secret is deleted",
            async () => void (await lane.cluster.kubectl(["delete", "secret", name, `-n=${namespace}`])),
            async () => void (await applyTo(lane.cluster, secret)),
          ] as const,
        ]
      : []),
  ];
}

async function expectHeld({ lane, scribe, mark, holds }: Room, subjects: readonly LiveSubject[]): Promise<void> {
  // The Environment asks who we are once a minute.
  await pass(lane, 2 * 60_000, 10_000);
  const written = mark();
  for (const one of subjects) await one.remove();
  const reasons = new Set(["AccessDenied", "EnvironmentNotReady"]);
  const areTold = async () => {
    await Promise.all(subjects.map((one) => one.isGone()));
    return subjects.every((one) => reasons.has(one.says("Synced")?.reason ?? ""));
  };
  const explain = () => subjects.map((one) => one.told()).join("\n");
  await lane.until("each tells why it stays", areTold, { explain });
  scribe.hit();
  await pass(lane, 40 * 60_000);
  for (const one of subjects) holds("it stays", (await one.find()) !== undefined, () => `${one.title} is gone`);
  const done = written().filter(({ ok }) => ok);
  holds("nothing is done without the right to", done.length === 0, () => operations(done));
}

/** So many objects go with their namespace. */
const CROWD = { short: 12, long: 40 };

export const namespaceDeleted: Scenario = {
  faults: [31],
  title: "a namespace goes with its Secrets, its configuration and its objects at once, in any order",
  async *run(lane, options) {
    if (options.kinds !== undefined) return;
    const size = options.short ? CROWD.short : CROWD.long;
    yield await inRoom(lane, this.title, (room) =>
      room.plan(`${size} objects`, async () => {
        const { namespace } = room;
        const crowd = crowdOf(size, lane.kinds, namespace, lane.side.name, options.dice).map((one) => ({
          ...one,
          spec: { ...one.spec, deletionPolicy: "Delete" },
        }));
        const more = ["Secret", "ConfigMap"].map((kind) => ({
          apiVersion: "v1",
          kind,
          metadata: { name: "config", namespace },
        }));
        await applyTo(lane.cluster, ...more, ...options.dice.shuffled(crowd));
        let objects: readonly LeafObject[] = [];
        const isReady = ({ status }: LeafObject) =>
          ["Ready", "Synced"].every((type) =>
            status?.conditions?.some((one) => one.type === type && one.status === "True"),
          );
        const areReady = async () => {
          objects = await living(lane, namespace);
          return objects.length === crowd.length && objects.every(isReady);
        };
        await lane.until("all Ready", areReady, { explain: () => told(objects.filter((one) => !isReady(one))) });
        room.scribe.hit();
        const before = objects;
        const first = options.dice.shuffled(before).slice(0, size / 3);
        await Promise.all([
          ...first.map(({ kind, metadata }) =>
            lane.api.client.delete(ownType(kind), { namespace, name: metadata.name }),
          ),
          lane.leave(namespace),
        ]);
        const areGone = async () => {
          objects = await living(lane, namespace);
          for (const one of objects) await approve(lane, one);
          return objects.length === 0;
        };
        await lane.until("all gone", areGone, { explain: () => told(objects) });
        await lane.cluster.kubectl(["wait", "--for=delete", "--timeout=60s", `namespace/${namespace}`]);
        for (const object of before)
          for (const tried of lane.kinds.filter(({ kind }) => kind.leaf.kind === object.kind).slice(0, 1))
            for (const { id } of await tried.on.list({ name: object.status?.externalName ?? "", object }))
              room.scribe.violation(
                "U2 one resource for one object",
                `${object.kind} ${object.metadata.name}: ${id} is left`,
              );
      }),
    );
  },
};

async function living(lane: Lane, namespace: string): Promise<readonly LeafObject[]> {
  const kinds = [...new Set(lane.kinds.map(({ kind }) => kind.leaf.kind))];
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      const { items } = await lane.api.client.list(ownType(kind), { namespace });
      return items.map((one) => ({ ...one, kind }) as unknown as LeafObject);
    }),
  );
  return lists.flat();
}

const told = (objects: readonly LeafObject[]): string =>
  objects
    .map(({ kind, metadata, status }) => {
      const synced = status?.conditions?.find(({ type }) => type === "Synced");
      return `${kind} ${metadata.name}: ${synced?.message}`;
    })
    .join("\n");
