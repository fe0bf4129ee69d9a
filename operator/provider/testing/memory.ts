import { ProviderError } from "../fault.ts";
import { HOLDER_MARKS, type Owner, ownerOf, ownerTags, sameObject, type Tags } from "../owner.ts";
import type { Observation, Present, Provider, Wanted } from "../provider.ts";

/** What a Thing should be: one field for each way in which core treats fields. */
export interface ThingWant extends Wanted {
  /** Changed in place. More than 100 is clamped to 100. */
  readonly size: number;
  /** Can't be changed on a living thing. */
  readonly shape: "round" | "square";
  /** Guards against deletion. */
  readonly locked: boolean;
  readonly note: string | null;
  /** THING_ID of another one. */
  readonly parent: string | null;
  /** Where it leaves traces outside itself. */
  readonly places: readonly string[];
}

export type ThingOutputs = { readonly THING_ID: string };

/** One thing as the cloud has it. */
export interface Thing {
  phase: "ready" | "pending" | "deleting" | "failed";
  tags: Record<string, string>;
  fields: Omit<ThingWant, "tags">;
  /** How many items it holds. Absent: the cloud can't tell. */
  items?: number;
}

export type Verb = "observe" | "create" | "update" | "delete" | "adopt" | "release" | "isEmpty" | "backup";

/** One call that reached the provider, in order. */
export interface MemoryCall {
  readonly verb: Verb;
  readonly name: string;
  /** Of an update: the fields that were sent. */
  readonly changed?: readonly string[];
}

/** The cloud of the test double: what is in it, what was asked of it, and how it fails. */
export interface MemoryCloud {
  readonly provider: Provider<ThingWant, ThingOutputs>;
  /** By name. */
  readonly things: Map<string, Thing>;
  readonly calls: MemoryCall[];
  /** Final backups that are done, by name of the thing; those that `slow` holds up are done by `settle`. */
  readonly backups: Map<string, "making" | "done">;
  /** Mutating calls since the last `mark`. */
  writes(): readonly MemoryCall[];
  mark(): void;
  /**
   * The next call of this verb throws. `before`: it had no effect; `after`: it had, and the reply is lost. With
   * `times` the next so many calls.
   */
  fail(verb: Verb, error: ProviderError, when?: "before" | "after", times?: number): void;
  /** Faults that did not come yet never come. */
  heal(): void;
  /** Create, update and delete only begin; `settle` ends them. */
  slow: boolean;
  settle(): void;
  /** An update puts only the first of its fields in force, as a cloud that takes one change at a time. */
  stepwise: boolean;
  /** Observe does not see it, or not its tags, until shown again: eventual consistency. */
  hidden: "nothing" | "tags" | "things";
  /** Milliseconds for which the names of what is gone stay reserved. */
  reservedMs: number;
  /** Runs at the start of each call, to see what was done before it. */
  onCall: (call: MemoryCall) => void;
}

const DEFAULTS = { note: null, parent: null } as const;

/**
 * A test double: a cloud in memory with one kind, on which every fault can be injected. It answers at once, keeps to the
 * contract of Provider, and forgets nothing that was asked of it. For tests of core only.
 */
export function createMemoryCloud(): MemoryCloud {
  const things = new Map<string, Thing>();
  const calls: MemoryCall[] = [];
  const backups = new Map<string, "making" | "done">();
  const faults: { verb: Verb; error: ProviderError; when: "before" | "after" }[] = [];
  let marked = 0;

  async function called<T>(call: MemoryCall, effect: () => T): Promise<T> {
    cloud.onCall(call);
    calls.push(call);
    const at = faults.findIndex((fault) => fault.verb === call.verb);
    const [fault] = at < 0 ? [] : faults.splice(at, 1);
    if (fault?.when === "before") throw fault.error;
    const result = effect();
    if (fault) throw fault.error;
    return result;
  }

  const idOf = (name: string) => `thing/${name}`;
  const nameOf = (id: string) => id.replace(/^thing\//, "");
  const busy = () => (cloud.slow ? "pending" : "ready");

  function present(name: string, { phase, tags, fields }: Thing): Present<ThingWant, ThingOutputs> {
    const shown = cloud.hidden === "tags" ? {} : tags;
    return {
      exists: true,
      id: idOf(name),
      owner: ownerOf(shown),
      phase,
      ...(phase === "ready" ? {} : { message: `the cloud says ${phase}` }),
      actual: { ...fields, tags: shown },
      outputs: { THING_ID: idOf(name) },
      ...(fields.locked
        ? { deleteBlockedBy: { field: "locked", message: `${idOf(name)} is locked: unlock it.` } }
        : {}),
    };
  }

  function mine(name: string, owner: Owner): Thing {
    const thing = things.get(name);
    if (!thing) throw new ProviderError("notFound", `there is no ${idOf(name)}`);
    const found = ownerOf(thing.tags);
    if (!found || !sameObject(found, owner)) throw new Error(`core wrote to ${idOf(name)}, which is not ours`);
    return thing;
  }

  const provider: Provider<ThingWant, ThingOutputs> = {
    ids: "derived",
    service: "memory",
    immutable: ["shape"],
    footprint: (want) => want.places,
    fit: (want) =>
      want.size <= 100
        ? { want, deviations: [] }
        : {
            want: { ...want, size: 100 },
            deviations: [{ field: "size", kind: "Clamped", message: `${want.size} is more than 100.` }],
          },
    observe: ({ name, id }) => {
      const at = id ? nameOf(id) : name;
      return called({ verb: "observe", name: at }, (): Observation<ThingWant, ThingOutputs> => {
        const thing = cloud.hidden === "things" ? undefined : things.get(at);
        if (thing) return present(at, thing);
        return cloud.reservedMs > 0 ? { exists: false, reservedForMs: cloud.reservedMs } : { exists: false };
      });
    },
    create: (name, want, { owner }) =>
      called({ verb: "create", name }, () => {
        if (things.has(name)) mine(name, owner);
        const { tags, ...fields } = want;
        things.set(name, { phase: busy(), tags: given(tags), fields: { ...DEFAULTS, ...fields } });
        return cloud.slow ? { id: idOf(name) } : { id: idOf(name), outputs: { THING_ID: idOf(name) } };
      }),
    update: (seen, want, changed, { owner }) =>
      called({ verb: "update", name: nameOf(seen.id), changed: [...changed] }, () => {
        const thing = mine(nameOf(seen.id), owner);
        const { tags, ...fields } = want;
        const taken = new Set([...changed].slice(0, cloud.stepwise ? 1 : changed.size));
        const sent = Object.entries(fields).filter(([field]) => taken.has(field as keyof ThingWant));
        thing.fields = { ...thing.fields, ...Object.fromEntries(sent) };
        if (taken.has("tags")) thing.tags = given({ ...thing.tags, ...tags });
        thing.phase = busy();
      }),
    delete: (seen, _at, { owner }) =>
      called({ verb: "delete", name: nameOf(seen.id) }, () => {
        const thing = things.has(nameOf(seen.id)) ? mine(nameOf(seen.id), owner) : undefined;
        if (thing && cloud.slow) thing.phase = "deleting";
        else things.delete(nameOf(seen.id));
      }),
    adopt: (seen, _want, { owner }) =>
      called({ verb: "adopt", name: nameOf(seen.id) }, () => {
        const thing = things.get(nameOf(seen.id));
        if (!thing) throw new ProviderError("notFound", `there is no ${seen.id}`);
        Object.assign(thing.tags, ownerTags(owner));
      }),
    isEmpty: (seen) =>
      called({ verb: "isEmpty", name: nameOf(seen.id) }, () => things.get(nameOf(seen.id))?.items === 0),
    finalBackup: (seen) =>
      called({ verb: "backup", name: nameOf(seen.id) }, () => {
        const name = nameOf(seen.id);
        backups.set(name, backups.get(name) ?? (cloud.slow ? "making" : "done"));
        return { id: `backup/${name}`, ready: backups.get(name) === "done" };
      }),
    release: (seen, { owner }) =>
      called({ verb: "release", name: nameOf(seen.id) }, () => {
        const thing = mine(nameOf(seen.id), owner);
        for (const key of HOLDER_MARKS) delete thing.tags[key];
      }),
  };

  const cloud: MemoryCloud = {
    provider,
    things,
    calls,
    backups,
    writes: () => calls.slice(marked).filter((call) => call.verb !== "observe" && call.verb !== "isEmpty"),
    mark: () => {
      marked = calls.length;
    },
    fail: (verb, error, when = "before", times = 1) => {
      for (let n = 0; n < times; n++) faults.push({ verb, error, when });
    },
    heal: () => {
      faults.length = 0;
    },
    slow: false,
    settle: () => {
      for (const name of backups.keys()) backups.set(name, "done");
      for (const [name, thing] of things)
        if (thing.phase === "deleting") things.delete(name);
        else thing.phase = "ready";
    },
    stepwise: false,
    hidden: "nothing",
    reservedMs: 0,
    onCall: () => {},
  };
  return cloud;
}

const given = (tags: Tags): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).filter((entry): entry is [string, string] => entry[1] !== null));
