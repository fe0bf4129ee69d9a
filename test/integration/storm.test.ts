import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kinds as schemas } from "../../crds/index.ts";
import { CREDENTIALS } from "../../hack/platform/environment.ts";
import { type Cluster, startCluster, waitUntil } from "../../hack/testbed/index.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import type { LeafObject } from "../../operator/reconcile/leaf-object.ts";
import { ANNOTATIONS } from "../../operator/reconcile/object.ts";
import { connect } from "../../operator/wiring.ts";
import { createDice, crowdOf } from "../support/crowd.ts";
import { applyTo, installKinds, type Managed, startManaged } from "../support/managed.ts";
import { SEED } from "../support/seed.ts";
import { environmentOf, namespace, type Side, secretOf, startSide } from "../support/side.ts";

/** Everything goes at once: 200 objects of all kinds with their namespaces, in any order. ONYX_SEED draws others. */
const EACH = 100;
const dice = createDice(SEED);

let cluster: Cluster;
let managed: Managed | undefined;
let sides: readonly Side[] = [];

beforeAll(async () => {
  const [started, ...both] = await Promise.all([
    startCluster({ name: "storm", parts: ["controllers"] }),
    startSide("aws", "storm"),
    startSide("gcp", "storm"),
  ]);
  cluster = started;
  sides = both;
  await installKinds(cluster);
  managed = await startManaged(cluster, { connect });
  await applyTo(cluster, ...[CREDENTIALS.namespace, ...sides.map(({ name }) => name)].map(namespace));
  const secret = secretOf({ AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" });
  await applyTo(cluster, secret, ...sides.map(({ cloud }) => environmentOf(cloud)));
}, 300_000);

afterAll(async () => {
  await managed?.stop();
  for (const side of sides) await side.stop();
  await cluster?.stop();
});

/** Kinds of cloud resources, as kubectl takes them. */
const resources = new Map(
  schemas.flatMap(({ role, kind, plural, group }) => (role === "leaf" ? [[kind as string, `${plural}.${group}`]] : [])),
);
const addressOf = ({ kind, metadata }: LeafObject) => `${resources.get(kind)}/${metadata.name}`;
const living = async (): Promise<readonly LeafObject[]> =>
  (
    JSON.parse(await cluster.kubectl(["get", [...resources.values()].join(), "-A", "-o=json"])) as {
      items: LeafObject[];
    }
  ).items;
const keyOf = ({ kind, metadata }: LeafObject) => `${kind} ${metadata.namespace}/${metadata.name}`;
const isTrue = ({ status }: LeafObject, type: string) =>
  status?.conditions?.some((one) => one.type === type && one.status === "True") === true;
const told = (objects: readonly LeafObject[]) =>
  objects
    .map((one) => `${keyOf(one)}: ${one.status?.conditions?.find(({ type }) => type === "Synced")?.message}`)
    .join("\n");

describe(`200 objects of all kinds on both clouds, by ONYX_SEED=${SEED}`, () => {
  let before: readonly LeafObject[] = [];
  const sideOf = ({ metadata }: LeafObject) => sides.find(({ cloud }) => cloud.cloud === metadata.namespace) as Side;
  const onCloud = (object: LeafObject) =>
    (sideOf(object).kinds.find(({ kind }) => kind.leaf.kind === object.kind) as Tried).on;
  const subject = (object: LeafObject) => ({ name: object.status?.externalName ?? "", object });
  const retained = ({ spec }: LeafObject) => spec.deletionPolicy === "Retain";

  it("are all made", async () => {
    const crowds = sides.map(({ cloud, kinds }) => crowdOf(EACH, kinds, cloud.cloud, cloud.cloud, dice));
    await Promise.all(crowds.map((crowd) => applyTo(cluster, ...dice.shuffled(crowd))));
    let left: readonly LeafObject[] = [];
    await waitUntil(
      async () => {
        before = await living();
        left = before.filter((one) => !(isTrue(one, "Ready") && isTrue(one, "Synced")));
        return before.length === 2 * EACH && left.length === 0;
      },
      { what: "Everything Ready", timeoutMs: 180_000, everyMs: 500, explain: () => told(left) },
    );
    for (const { cloud, kinds } of sides) {
      const here = new Set(before.filter((one) => sideOf(one).cloud === cloud).map(({ kind }) => kind));
      expect(here).toEqual(new Set(kinds.map(({ kind }) => kind.leaf.kind)));
    }
  }, 240_000);

  it("are gone with their namespaces; nothing is left in a cloud but what is retained, as it was", async () => {
    const kept = before.filter(retained);
    expect(kept.length).toBeGreaterThan(0);
    const snapshots = () =>
      Promise.all(kept.map(async (one) => [keyOf(one), await onCloud(one).snapshot(subject(one))]));
    expect((await snapshots()).filter(([, snapshot]) => snapshot === undefined)).toEqual([]);
    // What looks for leaks afterwards finds what is there now: one of each kind.
    for (const one of new Map(before.map((object) => [`${object.kind} ${object.metadata.namespace}`, object])).values())
      expect(await onCloud(one).list(subject(one)), keyOf(one)).toHaveLength(1);
    const first = dice.shuffled(before).slice(0, EACH / 2);
    for (const { cloud } of sides) {
      const names = first.filter((one) => sideOf(one).cloud === cloud).map(addressOf);
      await cluster.kubectl(["delete", "--wait=false", `-n=${cloud.cloud}`, ...names]);
    }
    await cluster.kubectl(["delete", "--wait=false", "namespace", ...sides.map(({ cloud }) => cloud.cloud)]);
    let left: readonly LeafObject[] = [];
    await waitUntil(
      async () => {
        left = await living();
        for (const one of left) await approve(one);
        return left.length === 0;
      },
      { what: "Everything gone", timeoutMs: 180_000, everyMs: 500, explain: () => told(left) },
    );
    const namespaces = sides.map(({ cloud }) => `namespace/${cloud.cloud}`);
    await cluster.kubectl(["wait", "--for=delete", "--timeout=60s", ...namespaces]);

    const leaked: string[] = [];
    for (const one of before)
      for (const { id } of await onCloud(one).list(subject(one))) leaked.push(`${keyOf(one)}: ${id}`);
    expect(leaked).toEqual([]);
    expect((await snapshots()).filter(([, snapshot]) => snapshot === undefined)).toEqual([]);
  }, 300_000);

  /** What holds data waits for a word, which is given to the plan that it shows. */
  async function approve(object: LeafObject): Promise<void> {
    const { metadata, status } = object;
    const word = status?.approval?.word;
    if (word === undefined || metadata.annotations?.[ANNOTATIONS.approve] === word) return;
    const said = `${ANNOTATIONS.approve}=${word}`;
    await cluster.kubectl(["annotate", addressOf(object), `-n=${metadata.namespace}`, "--overwrite", said]);
  }
});
