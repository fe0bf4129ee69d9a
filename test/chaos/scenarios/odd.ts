import { kinds as schemas } from "../../../crds/index.ts";
import { limits } from "../../../crds/limits.ts";
import type { Over } from "../../../operator/provider/conformance/kind-under-test.ts";
import { type Tried, titleOf } from "../../../operator/provider/conformance/tried.ts";
import { ApiError } from "../../../operator/runtime/errors.ts";
import type { KubeObject, ResourceType } from "../../../operator/runtime/resource.ts";
import { ours } from "../../support/managed.ts";
import { ownType } from "../collections.ts";
import type { Lane } from "../lane.ts";
import { pass } from "../oracles.ts";
import { among, inRoom, type Room } from "../room.ts";
import type { Scenario } from "../scenario.ts";
import { type LiveSubject, liveSubject } from "../subject.ts";

const { key, value, perResource } = limits.tags;
const many = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`${n}`.padStart(key.portable.max, "k-"), "v".repeat(value.portable.max)]),
  );

/** What must be refused at admission, with words; as JSON, so that `__proto__` is a key like any other. */
const REFUSED: Readonly<Record<string, string>> = {
  "a tag too many": JSON.stringify({ spec: { tags: many(perResource.portable.max + 1) } }),
  "a key of Hebrew letters": '{"spec":{"tags":{"שלום":"x"}}}',
  "a value that runs from right to left": '{"spec":{"tags":{"team":"\\u202eabc"}}}',
  "a value of half a surrogate pair": '{"spec":{"tags":{"team":"\\ud83d"}}}',
  "the key __proto__": '{"spec":{"tags":{"__proto__":"polluted"}}}',
  "the key constructor": '{"spec":{"tags":{"constructor":"x"}}}',
  "an object under __proto__": '{"spec":{"tags":{"__proto__":{"polluted":"x"}}}}',
  "two megabytes": JSON.stringify({ metadata: { annotations: { huge: "x".repeat(2 * 1024 * 1024) } } }),
};

/** What must be taken, and change nothing but what it says: in spec, or beside it. */
const TAKEN: Readonly<Record<string, { readonly over?: Over; readonly metadata?: object }>> = {
  "tags up to the limit": { over: { tags: many(perResource.portable.max) } },
  "a reason of all scripts": { over: { disabledReason: "שלום \u202e 🧨 日本語 e\u0301" } },
  "annotations of 250 kB, of all scripts": {
    metadata: { annotations: { big: "x".repeat(250_000), constructor: "שלום \u202e 🧨 日本語" } },
  },
};

export const oddObjects: Scenario = {
  faults: [33],
  title: "objects that are huge, or of words that nobody expects",
  async *run(lane, options) {
    const kinds = among(
      lane.kinds.filter(({ on }) => on.tag),
      options,
      2,
    );
    if (kinds.length === 0) return;
    yield await inRoom(lane, this.title, async (room) => {
      for (const tried of kinds) {
        const subject = await room.subject(tried);
        await room.ready(subject);
        for (const [what, text] of Object.entries(REFUSED))
          await room.plan(`${titleOf(tried)}: ${what}`, () => refused(room, subject, text));
        for (const [what, odd] of Object.entries(TAKEN))
          await room.plan(`${titleOf(tried)}: ${what}`, () => handled(room, subject, odd));
      }
    });
  },
};

async function refused({ scribe, holds }: Room, subject: LiveSubject, text: string): Promise<void> {
  scribe.hit();
  const error = await subject.patch(JSON.parse(text)).then(
    () => undefined,
    (one: unknown) => one,
  );
  const said = error instanceof ApiError && error.status >= 400 && error.status < 500 ? error.message : "";
  holds("refused with words", said.length > 0, () => (error === undefined ? "it was taken" : String(error)));
  expectNoPollution(holds);
}

async function handled(room: Room, subject: LiveSubject, { over, metadata }: (typeof TAKEN)[string]): Promise<void> {
  await subject.apply(over);
  if (metadata) await subject.patch({ metadata });
  await room.lane.until(`${subject.title} Ready`, subject.isReady, { explain: subject.told });
  room.scribe.hit();
  const effective = (subject.seen().object.status?.effective?.tags ?? {}) as Record<string, string>;
  for (const [key, value] of Object.entries((over?.tags ?? {}) as Record<string, string>))
    room.holds(
      "it is in force",
      Object.hasOwn(effective, key) && effective[key] === value,
      () => `${key}: ${effective[key]}`,
    );
  expectNoPollution(room.holds);
}

const INHERITED = Object.getOwnPropertyNames(Object.prototype).join();

function expectNoPollution(holds: Room["holds"]): void {
  const now = Object.getOwnPropertyNames(Object.prototype).join();
  holds("no prototype is polluted", now === INHERITED, () => now);
}

const CRDS: ResourceType = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
};

/** Specs that no schema of ours would let in. */
const INVALID: Readonly<Record<string, unknown>> = {
  nothing: {},
  "tags that are a text": { tags: "x" },
  "a tag that is a number": { tags: { team: 7 } },
  "fields of other types": {
    retention: { days: 1 },
    processingTimeout: ["60s"],
    partitionKey: "id",
    lifecycle: "none",
    bindings: "all",
    schedule: 5,
    target: 5,
    deadLetter: 5,
    subscribeTo: "news",
    notifications: {},
    encryption: "all",
    rotation: 5,
    indexes: "none",
    serviceAccountRef: "worker",
    value: [],
    deletionPolicy: 3,
    enabled: "yes",
  },
};

export const pastTheSchema: Scenario = {
  faults: [34],
  title: "an object that no schema would let in is there all the same",
  async *run(lane, options) {
    const kinds = among(lane.kinds, options, 2);
    if (kinds.length === 0) return;
    yield await inRoom(lane, this.title, async (room) => {
      for (const tried of kinds) {
        const well = await room.subject(tried);
        await room.ready(well);
        const bad: { readonly what: string; readonly subject: LiveSubject }[] = [];
        const restore = await loosen(lane, tried);
        try {
          for (const [what, spec] of Object.entries(INVALID)) {
            const subject = liveSubject(lane, tried, room.namespace, `${well.name}-bad-${bad.length}`);
            bad.push({ what, subject });
            await create(room, subject, spec);
          }
          for (const { what, subject } of bad)
            await room.plan(`${titleOf(tried)}: ${what}`, () => told(room, subject, what));
          await room.plan(`${titleOf(tried)}: the ones beside them`, async () => {
            room.scribe.hit();
            await room.ready(await room.subject(tried));
            room.holds("others are well", await well.isReady(), well.told);
          });
          // Nobody but a user can put right what the API server takes no write of any more.
          for (const { subject } of bad) await mend(room, subject);
        } finally {
          await restore();
        }
        for (const { what, subject } of bad)
          await room.plan(`${titleOf(tried)}: ${what}, put right`, async () => {
            await lane.until(`${subject.title} Ready`, subject.isReady, { explain: subject.told });
            room.scribe.hit();
            await room.gone(subject);
          });
      }
    });
  },
};

async function told({ lane, scribe, holds }: Room, subject: LiveSubject, what: string): Promise<void> {
  scribe.hit();
  const isTold = async () => {
    await subject.find();
    return subject.says("Synced") !== undefined;
  };
  await lane.until("it says something", isTold, { explain: subject.told });
  await pass(lane, 60_000, 10_000);
  await subject.find();
  // What lacks a field that the schema fills in may come to something; of what can't be read nothing may.
  const { reason } = subject.says("Synced") ?? {};
  const broken = what.startsWith("fields");
  holds("not Ready as what nobody asked for", !broken || subject.says("Ready")?.status !== "True", subject.told);
  holds("the condition gives a reason", reason !== undefined, subject.told);
}

async function mend({ lane, namespace }: Room, { tried, name, spec }: LiveSubject): Promise<void> {
  const type = ownType(tried.kind.leaf.kind);
  const patch = [{ op: "replace", path: "/spec", value: spec() }];
  await lane.api.client.patch(type, { namespace, name }, patch, { as: "json" });
}

async function create({ lane, namespace }: Room, subject: LiveSubject, spec: unknown): Promise<void> {
  const { kind } = subject.tried.kind.leaf;
  const type = ownType(kind);
  const whole = { environmentRef: { name: lane.side.name }, ...(spec as object) };
  const isTaken = () =>
    lane.api.client.create(type, namespace, ours(kind, subject.name, whole, namespace)).then(
      () => true,
      (error: unknown) => {
        // The looser schema is not in force at once.
        if (error instanceof ApiError && error.status === 422) return false;
        throw error;
      },
    );
  await lane.until("it is let in", isTaken);
}

const ANYTHING = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

type Definition = KubeObject & {
  readonly spec: {
    readonly versions: readonly {
      readonly selectableFields?: unknown;
      readonly schema: { readonly openAPIV3Schema: { readonly properties: Readonly<Record<string, object>> } };
    }[];
  };
};

/** The API server takes any spec of the kind. @returns how to have it refuse again what it refused before */
async function loosen(lane: Lane, { kind }: Tried): Promise<() => Promise<void>> {
  const schema = schemas.find((one) => one.kind === kind.leaf.kind);
  const at = { name: `${schema?.plural}.${schema?.group}` };
  const crd = await lane.api.client.get<Definition>(CRDS, at);
  const set = async (versions: readonly object[]) =>
    void (await lane.api.client.patch(CRDS, at, { spec: { versions } }, { as: "merge" }));
  // Fields that lists select by must be in a schema.
  const loose = crd.spec.versions.map(({ selectableFields: _none, ...version }) => ({
    ...version,
    schema: {
      openAPIV3Schema: {
        type: "object",
        properties: { ...version.schema.openAPIV3Schema.properties, spec: ANYTHING },
      },
    },
  }));
  await set(loose);
  return () => set(crd.spec.versions);
}
