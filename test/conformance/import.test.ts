import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { leaves } from "../../controllers/leaf/index.ts";
import { kinds as schemas } from "../../crds/index.ts";
import { startAws } from "../../hack/testbed/index.ts";
import { type Importable, importLeaves } from "../../operator/cli/import/import.ts";
import { importExitCode, importText } from "../../operator/cli/import/text.ts";
import { caseWorld, READY, toldOf } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import { byKind, type Tried, titleOf } from "../../operator/provider/conformance/tried.ts";
import type { Wanted } from "../../operator/provider/provider.ts";
import type { EnvironmentView } from "../../operator/reconcile/environment-view.ts";
import type { Leaf, LeafObject, LeafSpec } from "../../operator/reconcile/leaf-object.ts";
import { environmentWith } from "../../operator/reconcile/testing/environment.ts";
import { oneObject } from "../../operator/reconcile/testing/one-object.ts";
import { awsUnderTest } from "./aws/cloud.ts";
import { makeScheduleGroup } from "./aws/eventrule.ts";
import { kindsOnAws } from "./aws/kinds.ts";
import { gcpUnderTest } from "./gcp/cloud.ts";
import { makeKeyRing } from "./gcp/encryptionkey.ts";
import { kindsOnGcp } from "./gcp/kinds.ts";
import { makeStarter } from "./gcp/workflows.ts";
import { stored } from "./kinds/parse.ts";

const emulator = await startAws();
const aws = await awsUnderTest(emulator.endpoint);
const gcp = await gcpUnderTest();
afterAll(() => Promise.all([aws.stop(), gcp.stop()]).then(() => emulator.stop()));

/** What adoption changes of somebody's resource all the same: what every one of ours has, and spec can't do without. */
const CHANGED: Readonly<Record<string, readonly string[]>> = {
  // A bucket of ours takes requests by TLS only.
  "Bucket aws": ["private"],
  // A schedule of ours delivers by a role of its own.
  "EventRule aws": ["target"],
};

/** Kinds whose resources carry no tags, only our marks, so that none can be found by tags. */
const UNTAGGED: readonly string[] = ["EventRule gcp"];

/** The spec of the others names what no cloud knows: a ServiceAccount and objects of the cluster. */
const canBeImported = ({ kind }: Tried) => kind.leaf.specOf !== undefined;

const clouds: readonly { readonly cloud: CloudUnderTest; readonly kinds: readonly Tried[] }[] = [
  {
    cloud: aws,
    kinds: kindsOnAws(aws).filter(canBeImported),
  },
  {
    cloud: gcp,
    kinds: kindsOnGcp(gcp).filter(canBeImported),
  },
];

/** What a foreign resource does not tell, so that no object can be written for it. */
const UNTOLD: Readonly<Record<string, RegExp>> = { "Table gcp": /spec\.partitionKey/ };

const importables: readonly Importable[] = schemas.flatMap((kind) => {
  const leaf = (leaves as unknown as readonly Leaf<LeafSpec, Wanted>[]).find((one) => one.kind === kind.kind);
  return leaf ? [{ leaf, kind }] : [];
});

const everyKind = { aws: kindsOnAws(aws), gcp: kindsOnGcp(gcp) };
const firstOfItsKind = ({ kind }: Tried, at: number, all: readonly Tried[]) =>
  all.findIndex((one) => one.kind.leaf.kind === kind.leaf.kind) === at;
const nameOf = (title: string) => title.toLowerCase().replaceAll(" ", "-");

beforeAll(async () => {
  await makeScheduleGroup(aws);
  await makeKeyRing(gcp);
  await makeStarter(gcp);
});

describe.each(clouds)("import from $cloud.cloud", ({ cloud, kinds }) => {
  const connection = cloud.connect();
  afterAll(() => connection.close());
  const environment: EnvironmentView = {
    ...environmentWith({ unsupported: "" }),
    name: cloud.place.environment,
    prefix: cloud.place.environment,
    cloud: cloud.cloud,
    place: cloud.place,
    who: cloud.who,
    provider: (kind) => connection.providers[kind] ?? { unsupported: "not in the adapter" },
  };
  const look = (namePrefix: string, tags = {}) =>
    importLeaves(importables, environment, { kinds: [], namePrefix, tags }, "shop", AbortSignal.timeout(20_000));
  const specOf = (tried: Tried, spec: unknown) =>
    stored(schemas.find(({ kind }) => kind === tried.kind.leaf.kind)?.spec as never, spec) as LeafSpec;
  const hostFor = (tried: Tried, spec: LeafSpec, name: string) => {
    const host = oneObject(tried.kind.leaf, environment, spec, { namespace: "shop", name });
    host.pause = () => cloud.pause();
    return host;
  };

  test.each(kinds.filter(firstOfItsKind).map((tried) => [tried.kind.leaf.kind, tried] as const))(
    "%s that nobody holds: its object adopts it and writes nothing but our marks",
    async (kind, tried) => {
      const name = `legacy-${kind.toLowerCase()}`;
      const stranger = hostFor(tried, tried.kind.spec() as LeafSpec, name).object as LeafObject;
      await tried.on.createForeign({ name, object: stranger });
      const found = await look(name);
      const [one] = found.imported;
      expect(found.imported).toHaveLength(1);
      const untold = UNTOLD[`${kind} ${cloud.cloud}`];
      if (untold) {
        expect(one?.problem).toMatch(untold);
        expect(one?.object).toBeUndefined();
        expect(importExitCode(found)).toBe(2);
        return;
      }
      const changed = CHANGED[`${kind} ${cloud.cloud}`] ?? [];
      expect(one).toMatchObject({ object: { metadata: { namespace: "shop", name } } });
      expect(one?.changes.map(({ field }) => field)).toEqual(changed);
      expect(importExitCode(found)).toBe(changed.length > 0 ? 2 : 0);
      for (const field of changed) expect(importText(found, "here")).toContain(`# Applying changes ${field}: `);
      const [document] = parseAllDocuments(importText(found, "here")).map((each) => each.toJS());
      expect(document.spec).toMatchObject({ adoptionPolicy: "Adopt", deletionPolicy: "Retain", externalName: name });
      const before = cloud.writes().length;
      const host = hostFor(tried, specOf(tried, document.spec), name);
      await host.settle();
      expect(toldOf(host.status)).toBe(READY);
      const writes = cloud.writes().slice(before);
      expect(writes.length).toBeGreaterThan(0);
      const touched = writes.flatMap((write) => tried.on.touches(write)).filter((field) => field !== "tags");
      expect(touched.filter((field) => !changed.includes(field))).toEqual([]);
      await tried.on.remove({ name, object: stranger });
    },
  );

  test.each(kinds.map((tried) => [titleOf(tried), tried] as const))(
    "%s that an object holds: the same object is written, and applying it changes nothing",
    async (title, tried) => {
      const world = await caseWorld(tried, byKind(everyKind[cloud.cloud]), cloud, `im-${nameOf(title)}`);
      try {
        await world.ready({ tags: { stage: "held" } });
        const { host } = world;
        const { externalName = "", externalId } = host.status;
        const { kind } = tried.kind.leaf;
        const tagged = !UNTAGGED.includes(`${kind} ${cloud.cloud}`);
        const found = await look(externalName, tagged ? { stage: "held" } : {});
        expect(found.imported).toMatchObject([{ kind, id: externalId, changes: [], owner: { name: "orders" } }]);
        const { object } = found.imported[0] ?? {};
        expect(object?.metadata).toEqual(
          expect.objectContaining({ namespace: host.object?.metadata.namespace, name: "orders" }),
        );
        expect(object?.spec).not.toHaveProperty("adoptionPolicy");
        expect(object?.spec).not.toHaveProperty("externalName");
        expect((await look(externalName, { stage: "other" })).imported).toEqual([]);
        host.edit(specOf(tried, { ...object?.spec, tags: { stage: "held" } }));
        host.setStatus(undefined);
        await host.settle();
        expect(world.told()).toBe(READY);
        expect(host.status.externalId).toBe(externalId);
        expect(world.tried()).toEqual([]);
      } finally {
        await world.close();
      }
    },
  );
});

test("a reference to what is imported too is by name, to anything else by the cloud's id", async () => {
  const connection = aws.connect();
  const environment: EnvironmentView = {
    ...environmentWith({ unsupported: "" }),
    place: aws.place,
    provider: (kind) => connection.providers[kind] ?? { unsupported: "not in the adapter" },
  };
  const { CreateQueueCommand } = await import("@aws-sdk/client-sqs");
  const arn = (name: string) => `arn:aws:sqs:${aws.place.region}:${aws.place.account}:${name}`;
  const redrive = (name: string) => ({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn(name), maxReceiveCount: 5 }),
  });
  for (const QueueName of ["refs-dead", "elsewhere"]) await aws.eyes.sqs.send(new CreateQueueCommand({ QueueName }));
  await aws.eyes.sqs.send(new CreateQueueCommand({ QueueName: "refs-orders", Attributes: redrive("refs-dead") }));
  await aws.eyes.sqs.send(new CreateQueueCommand({ QueueName: "refs-bills", Attributes: redrive("elsewhere") }));
  const filter = { kinds: ["Queue"], namePrefix: "refs-", tags: {} };
  const { imported } = await importLeaves(importables, environment, filter, "shop", AbortSignal.timeout(20_000));
  connection.close();
  const refs = Object.fromEntries(
    imported.map(({ object }) => [
      object?.metadata.name,
      (object?.spec as { deadLetter?: { queueRef: unknown } } | undefined)?.deadLetter?.queueRef,
    ]),
  );
  expect(refs).toEqual({
    "refs-dead": undefined,
    "refs-orders": { name: "refs-dead" },
    "refs-bills": { external: arn("elsewhere") },
  });
});

test("a subscription of somebody's topic is a Queue that subscribes, with its filter; the topic is a Topic", async () => {
  const connection = gcp.connect();
  const environment: EnvironmentView = {
    ...environmentWith({ unsupported: "" }),
    cloud: "gcp",
    place: gcp.place,
    provider: (kind) => connection.providers[kind] ?? { unsupported: "not in the adapter" },
  };
  const { publisher, subscriber } = gcp.eyes;
  const id = (kind: string, name: string) => `projects/${gcp.place.account}/${kind}/${name}`;
  const topic = id("topics", "subs-news");
  await gcp.byOthers(async () => {
    await publisher.createTopic({ name: topic });
    await subscriber.createSubscription({ name: id("subscriptions", "subs-eu"), topic, filter: 'attributes:"eu"' });
    await subscriber.createSubscription({
      name: id("subscriptions", "subs-rest"),
      topic,
      filter: 'NOT attributes:"eu"',
    });
  });
  const { imported } = await importLeaves(
    importables,
    environment,
    { kinds: [], namePrefix: "subs-", tags: {} },
    "shop",
    AbortSignal.timeout(20_000),
  );
  connection.close();
  expect(
    imported
      .map(({ object }) => object?.kind)
      .filter(Boolean)
      .sort(),
  ).toEqual(["Queue", "Topic"]);
  expect(imported.find(({ object }) => object?.kind === "Queue")?.object?.spec).toMatchObject({
    subscribeTo: { topicRef: { name: "subs-news" }, filter: [{ attribute: "eu", exists: true }] },
  });
  expect(imported.find(({ object }) => !object)?.problem).toContain("spec.subscribeTo.filter");
});
