import { expect } from "vitest";
import { condition } from "../../reconcile/conditions.ts";
import type { AnyProvider, EnvironmentView } from "../../reconcile/environment-view.ts";
import type { LeafSpec, LeafStatus } from "../../reconcile/leaf-object.ts";
import type { KubeObject } from "../../reconcile/object.ts";
import { environmentWith } from "../../reconcile/testing/environment.ts";
import { type OneObject, oneObject } from "../../reconcile/testing/one-object.ts";
import type { Owner } from "../owner.ts";
import { createIntent, type Found, type Unsupported, type Wanted } from "../provider.ts";
import type { CloudUnderTest } from "./cloud-under-test.ts";
import type { KindOnCloud, Over, Subject } from "./kind-under-test.ts";
import type { Tried } from "./tried.ts";

/** Things to do just before the adapter's verb of the object in question: the race that a test wins every time. */
export interface Hooks {
  /** `look` asks the cloud all that the adapter will ever ask of what a create left behind. */
  create?: (look: () => Promise<unknown>) => Promise<void> | void;
  update?: () => Promise<void> | void;
  delete?: () => Promise<void> | void;
}

/** What one case has: an object, its cloud, and eyes on both. */
export interface CaseWorld extends Tried {
  readonly cloud: CloudUnderTest;
  readonly host: OneObject<LeafSpec>;
  readonly hooks: Hooks;
  subject(): Subject;
  spec(over?: Over): LeafSpec;
  /** From here on calls are counted. */
  mark(): void;
  /** Fields of Want that calls since the mark touched. */
  touched(): readonly string[];
  /** Operations that took effect since the mark. */
  done(): readonly string[];
  /** Operations that were tried since the mark, refused ones too. */
  tried(): readonly string[];
  /** The operator starts anew: nothing is left of the old connection. */
  restart(): void;
  /** Makes the object Ready, and counts from there. */
  ready(over?: Over): Promise<void>;
  /** How many resources carry the marks of the object. */
  count(): Promise<number>;
  snapshot(): Promise<unknown>;
  told(): string;
  /** The resource as the adapter lists it, and the spec that `onyx import` makes of it. */
  imported(): Promise<{ readonly found: Found; readonly spec: Over }>;
  /** Everything away again, whatever the case did; checks that nothing of it is left. */
  close(): Promise<void>;
}

export const READY = "Ready=True/Available Synced=True/Available";

/** @param nonce part of the namespace, so that no two cases share a name in the cloud */
export async function caseWorld(
  tried: Tried,
  all: ReadonlyMap<string, Tried>,
  cloud: CloudUnderTest,
  nonce: string,
): Promise<CaseWorld> {
  const hooks: Hooks = {};
  let connection = cloud.connect();
  const environment = (): EnvironmentView => ({
    ...environmentWith({ unsupported: "" }),
    name: cloud.place.environment,
    prefix: cloud.place.environment,
    cloud: cloud.cloud,
    place: cloud.place,
    who: cloud.who,
    provider: (kind) => hooked(connection.providers[kind] ?? { unsupported: "not in the adapter" }, kind, tried, hooks),
  });
  const namespace = `c-${nonce}`;
  const make = (one: Tried, name: string, over?: Over): OneObject<LeafSpec> => {
    const host = oneObject(one.kind.leaf, environment(), one.kind.spec(over) as LeafSpec, { namespace, name });
    host.pause = () => cloud.pause();
    host.consents = true;
    return host;
  };
  const host = make(tried, "orders");
  const companions: { readonly one: Tried; readonly host: OneObject<LeafSpec> }[] = [];
  let marked = cloud.writes().length;
  const since = () => cloud.writes().slice(marked);

  const world: CaseWorld = {
    ...tried,
    cloud,
    host,
    hooks,
    subject: () => subjectOf(host),
    spec: (over) => tried.kind.spec(over) as LeafSpec,
    mark: () => {
      marked = cloud.writes().length;
    },
    touched: () => [...new Set(since().flatMap((write) => tried.on.touches(write)))].sort(),
    done: () => since().flatMap(({ operation, ok }) => (ok ? [operation] : [])),
    tried: () => since().map(({ operation }) => operation),
    restart() {
      host.restart();
      connection.close();
      connection = cloud.connect();
    },
    async ready(over) {
      if (over) host.edit(tried.kind.spec(over) as LeafSpec);
      await host.settle();
      expect(world.told()).toBe(READY);
      expect(await world.count()).toBe(1);
      world.mark();
    },
    count: async () => (await tried.on.list(world.subject())).length,
    snapshot: () => tried.on.snapshot(world.subject()),
    told: () => toldOf(host.status),
    async imported() {
      const provider = connection.providers[tried.kind.leaf.kind];
      if (!provider || "unsupported" in provider || !provider.list) throw new Error("the adapter can't list it");
      const call = { signal: AbortSignal.timeout(10_000), owner: nobody(cloud, tried), token: "import" };
      const found = (await provider.list(call)).find(({ id }) => id === host.status.externalId);
      if (!found) throw new Error(`${host.status.externalId} is not listed`);
      const seen = await provider.observe({ ...found, footprint: [] }, call);
      if (!seen.exists) throw new Error(`${found.id} is listed and not there`);
      const others = [...host.others.values()];
      const spec = tried.kind.leaf.specOf?.(seen.actual as Partial<Wanted>, {
        cloud: cloud.cloud,
        reference(kind, id) {
          const other = others.find((one) => one.kind === kind && one.status?.externalId === id);
          return other ? { name: other.metadata.name } : { external: id };
        },
      });
      return { found, spec: Object.fromEntries(Object.entries(spec ?? {}).filter(([, value]) => value !== undefined)) };
    },
    async close() {
      cloud.heal();
      cloud.operationsTake(0);
      for (const key of Object.keys(hooks) as (keyof Hooks)[]) delete hooks[key];
      await letGo(tried, host, cloud);
      for (const one of companions.reverse()) await letGo(one.one, one.host, cloud);
      connection.close();
    },
  };

  /** What spec refers to is there and Ready before the object is; so is what that refers to. */
  async function provide(
    { kind: { leaf, spec, companions: needs } }: Tried,
    to: OneObject<LeafSpec>,
    overs: readonly (Over | undefined)[],
  ) {
    for (const over of overs)
      for (const { kind, name } of leaf.references(spec(over) as LeafSpec)) {
        if (to.others.has(`${kind}/${name}`)) continue;
        const one = all.get(kind);
        if (!one) throw new Error(`${leaf.kind} refers to a ${kind}, which the suite does not know.`);
        const over = needs?.[`${kind}/${name}`];
        const companion = make(one, name, over);
        await provide(one, companion, [over]);
        companions.push({ one, host: companion });
        await companion.settle();
        expect(toldOf(companion.status)).toBe(READY);
        to.others.set(`${kind}/${name}`, companion.object as KubeObject<unknown, LeafStatus>);
      }
  }
  await provide(tried, host, [undefined, tried.kind.referring, ...tried.kind.edits.map((edit) => edit.spec)]);
  world.mark();
  return world;
}

const nobody = ({ place }: CloudUnderTest, { kind }: Tried): Owner => ({
  environment: place.environment,
  cluster: place.cluster,
  namespace: "",
  kind: kind.leaf.kind,
  name: "",
  uid: "",
});

function hooked(
  provider: AnyProvider | Unsupported,
  kind: string,
  tried: Tried,
  hooks: Hooks,
): AnyProvider | Unsupported {
  if ("unsupported" in provider || kind !== tried.kind.leaf.kind) return provider;
  const before =
    <Args extends unknown[], Result>(hook: "update" | "delete", run: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      await hooks[hook]?.();
      return run(...args);
    };
  return {
    ...provider,
    async create(name, want, call) {
      await hooks.create?.(() => provider.observe({ name, footprint: [createIntent(name)] }, call));
      return provider.create(name, want, call);
    },
    update: before("update", provider.update.bind(provider)),
    delete: before("delete", provider.delete.bind(provider)),
  };
}

function subjectOf(host: OneObject<LeafSpec>): Subject {
  const { object } = host;
  if (!object) throw new Error("the object is gone");
  return { name: host.status.externalName ?? object.spec.externalName ?? "", object };
}

/** Conditions in short, without what is said of spec alone. */
export function toldOf({ conditions = [] }: LeafStatus): string {
  return conditions
    .filter(({ type }) => type !== "Portable" && type !== "ReferencesResolved")
    .map((one) => `${one.type}=${one.status}/${one.reason}`)
    .join(" ");
}

/** Deletes object and resource in the ordinary way, and what was retained by hand. */
async function letGo({ kind, on }: Tried, host: OneObject<LeafSpec>, cloud: CloudUnderTest): Promise<void> {
  host.onWrite = () => {};
  host.consents = true;
  if (host.object) {
    const subject = subjectOf(host);
    host.advance(3_600_000);
    host.edit(kind.spec({ ...kind.guard?.off, deletionPolicy: "Delete" }) as LeafSpec);
    if (!host.object.metadata.deletionTimestamp) host.remove();
    if (host.object) await host.settle(60);
    expect(condition(host.status.conditions, "Synced")?.message).toBeUndefined();
    if (subject.name) await on.remove(subject);
    await gone(on, subject, cloud);
  }
}

async function gone(on: KindOnCloud, subject: Subject, cloud: CloudUnderTest): Promise<void> {
  for (let n = 0; n < 50; n++) {
    if ((await on.list(subject)).length === 0) return;
    await cloud.pause();
  }
  expect(await on.list(subject)).toEqual([]);
}
