import type { Kind } from "../../../crds/define.ts";
import { isReleased, type Owner, tagValue } from "../../provider/owner.ts";
import type { Found, Present, Wanted } from "../../provider/provider.ts";
import type { AnyProvider, EnvironmentView } from "../../reconcile/environment-view.ts";
import type { Leaf, LeafObject, LeafSpec, Naming } from "../../reconcile/leaf-object.ts";
import { objectNames, type Place } from "./names.ts";
import { objectFor } from "./object.ts";

/** A kind as import knows it: what it is, and its schema. */
export interface Importable {
  readonly leaf: Leaf<LeafSpec, Wanted>;
  readonly kind: Kind;
}

/** Which resources are wanted. All that is given must hold. */
export interface Filter {
  /** Kinds, such as `Queue`; empty: all. */
  readonly kinds: readonly string[];
  readonly namePrefix?: string | undefined;
  /** Tags that it must carry, with their values. */
  readonly tags: Readonly<Record<string, string>>;
}

/** A resource that is there, with the object that stands for it. */
export interface Imported {
  readonly kind: string;
  /** Name and id in the cloud. */
  readonly externalName: string;
  readonly id: string;
  /** Undefined: no object can stand for it; `problem` says why. */
  readonly object?: LeafObject | undefined;
  readonly problem?: string | undefined;
  /** The object that holds it already, or held it. */
  readonly owner?: Owner | undefined;
  /** What would still change once the object is applied: what spec can't say. */
  readonly changes: readonly { readonly field: string; readonly from: unknown; readonly to: unknown }[];
}

/** What an import came to. */
export interface Import {
  readonly imported: readonly Imported[];
  /** Kinds that were not looked at, with the reason. */
  readonly skipped: readonly { readonly kind: string; readonly reason: string }[];
}

/** A resource that was looked at. */
export interface Seen {
  readonly of: Importable;
  readonly provider: AnyProvider;
  readonly found: Found;
  readonly present: Present<Wanted, Readonly<Record<string, string>>>;
}

/** Looks at the cloud at most this often at a time. */
const SIDE_BY_SIDE = 8;

/**
 * Lists what is there and writes an object for each: the spec that `want` turns into what the cloud has. Nothing is
 * changed.
 *
 * @param namespace  of the objects for what nobody holds
 * @throws ProviderError when the cloud can't be read
 */
export async function importLeaves(
  importables: readonly Importable[],
  environment: EnvironmentView,
  filter: Filter,
  namespace: string,
  signal: AbortSignal,
): Promise<Import> {
  const skipped: { kind: string; reason: string }[] = [];
  const seen: Seen[] = [];
  for (const of of importables) {
    const { kind } = of.leaf;
    if (filter.kinds.length > 0 && !filter.kinds.includes(kind)) continue;
    const provider = environment.provider(kind);
    const reason = whyNot(of, provider, environment);
    if (reason !== undefined) skipped.push({ kind, reason });
    else seen.push(...(await look(of, provider as AnyProvider, environment, filter, signal)));
  }
  const wanted = seen.filter((one) => !partOfAnother(one, seen));
  return { imported: written(wanted, environment, namespace), skipped };
}

function whyNot(
  { leaf }: Importable,
  provider: ReturnType<EnvironmentView["provider"]>,
  { cloud }: EnvironmentView,
): string | undefined {
  if ("unsupported" in provider) return `not available on ${cloud}: ${provider.unsupported}`;
  if (!provider.list) return `the ${cloud} adapter can't list it`;
  if (!leaf.specOf) return "the cloud does not know what its spec says";
  return undefined;
}

async function look(
  of: Importable,
  provider: AnyProvider,
  environment: EnvironmentView,
  filter: Filter,
  signal: AbortSignal,
): Promise<readonly Seen[]> {
  const listed = ((await provider.list?.({ signal })) ?? []).filter(({ name }) =>
    name.startsWith(filter.namePrefix ?? ""),
  );
  const nobody: Owner = {
    environment: environment.name,
    cluster: environment.place.cluster,
    namespace: "",
    kind: of.leaf.kind,
    name: "",
    uid: "",
  };
  const seen = await bounded(listed, async (found): Promise<Seen | undefined> => {
    const present = await provider.observe({ ...found, footprint: [] }, { signal, owner: nobody, token: "import" });
    if (!present.exists || !carries(present.actual as Partial<Wanted>, filter.tags)) return undefined;
    return { of, provider, found, present: present as Seen["present"] };
  });
  return seen.filter((one) => one !== undefined);
}

const carries = ({ tags = {} }: Partial<Wanted>, asked: Readonly<Record<string, string>>): boolean =>
  Object.entries(asked).every(([key, value]) => tags[key] === value);

/** The topic of a Queue is no Topic of its own. */
function partOfAnother({ of, found, present }: Seen, all: readonly Seen[]): boolean {
  if (present.owner && present.owner.kind !== tagValue(of.leaf.kind)) return true;
  return all.some(
    (other) =>
      other.of !== of && other.found.name === found.name && Object.values(other.present.outputs).includes(present.id),
  );
}

function written(seen: readonly Seen[], environment: EnvironmentView, namespace: string): readonly Imported[] {
  const places: readonly Place[] = objectNames(
    seen.map(({ of, found, present }) => ({
      kind: of.leaf.kind,
      externalName: found.name,
      held: present.owner && { namespace: present.owner.namespace, name: present.owner.name },
    })),
    namespace,
  );
  const byId = new Map(seen.map((one, at) => [`${one.of.leaf.kind}/${one.present.id}`, places[at]]));
  const byPlace = new Map(
    seen.map((one, at) => [`${one.of.leaf.kind}/${places[at]?.namespace}/${places[at]?.name}`, one.present]),
  );
  return seen.map((one, at) => {
    const place = places[at] ?? { namespace, name: one.found.name };
    const naming: Naming = {
      cloud: environment.cloud,
      reference(kind, id) {
        const target = byId.get(`${kind}/${id}`);
        return target?.namespace === place.namespace ? { name: target.name } : { external: id };
      },
    };
    const base = {
      kind: one.of.leaf.kind,
      externalName: one.found.name,
      id: one.present.id,
      owner: one.present.owner,
    };
    const elsewhere = heldElsewhere(one.present.owner, environment);
    if (elsewhere) return { ...base, problem: elsewhere, changes: [] };
    return { ...base, ...objectFor(one, place, naming, environment, byPlace) };
  });
}

function heldElsewhere(owner: Owner | undefined, environment: EnvironmentView): string | undefined {
  if (!owner || isReleased(owner) || owner.environment === tagValue(environment.name)) return undefined;
  return `it belongs to ${owner.kind} ${owner.namespace}/${owner.name} of environment "${owner.environment}"`;
}

/** `run` for each, a few at a time, in order of the results. The first error ends it. */
async function bounded<Item, Result>(
  items: readonly Item[],
  run: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const waiting = items.entries();
  const worker = async () => {
    for (const [at, item] of waiting) results[at] = await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, items.length) }, worker));
  return results;
}
