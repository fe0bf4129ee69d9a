import fc from "fast-check";
import type { Over } from "../../operator/provider/conformance/kind-under-test.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import type { LeafSpec } from "../../operator/reconcile/leaf-object.ts";
import { ours } from "./managed.ts";

export type Manifest = ReturnType<typeof ours>;

/** Chances that come again with the same seed. */
export interface Dice {
  shuffled<T>(items: readonly T[]): T[];
  oneOf<T>(items: readonly T[]): T;
  /** True in so many of a hundred cases. */
  percent(chance: number): boolean;
}

export function createDice(seed: number): Dice {
  let throws = 0;
  const sample = <T>(arbitrary: fc.Arbitrary<T>): T =>
    fc.sample(fc.noBias(arbitrary), { seed: seed + throws++, numRuns: 1 })[0] as T;
  const below = (limit: number) => sample(fc.integer({ min: 0, max: limit - 1 }));
  return {
    shuffled: (items) => {
      const size = { minLength: items.length, maxLength: items.length };
      return sample(fc.shuffledSubarray([...items], size));
    },
    oneOf: (items) => items[below(items.length)] as (typeof items)[number],
    percent: (chance) => below(100) < chance,
  };
}

/**
 * So many objects of all kinds in one namespace, each valid: the kind's base spec with one of its changes or none; what
 * they refer to is among them. About a fifth of those that refer to nothing stays in the cloud when it is deleted.
 */
export function crowdOf(
  count: number,
  kinds: readonly Tried[],
  namespace: string,
  cloud: string,
  dice: Dice,
): Manifest[] {
  const made = new Map<string, Manifest>();
  /** The object, and before it what it refers to and is not there yet. */
  const withReferences = ({ kind }: Tried, name: string, over: Over): [string, Manifest][] => {
    const spec = kind.spec(over) as LeafSpec;
    const others = kind.leaf.references(spec).flatMap((reference) => {
      if (made.has(`${reference.kind}/${reference.name}`)) return [];
      const known = kinds.find((one) => one.kind.leaf.kind === reference.kind);
      if (!known) throw new Error(`${kind.leaf.kind} refers to a ${reference.kind}, which is not among the kinds.`);
      const needs = kind.companions?.[`${reference.kind}/${reference.name}`];
      return withReferences(known, reference.name, { ...common(cloud), ...needs });
    });
    return [...others, [`${kind.leaf.kind}/${name}`, ours(kind.leaf.kind, name, spec, namespace)]];
  };
  for (let n = 0; made.size < count; n++) {
    const tried = kinds[n % kinds.length] as Tried;
    const change = dice.percent(50) ? dice.oneOf(changesOf(tried)) : {};
    const over = { ...common(cloud), ...change, ...(tried.kind.guard?.off ?? {}), ...tried.kind.own?.(`one-${n}`) };
    const refers = tried.kind.leaf.references(tried.kind.spec(over) as LeafSpec).length > 0;
    const deletionPolicy = !refers && dice.percent(20) ? "Retain" : "Delete";
    const more = new Map(withReferences(tried, `one-${n}`, { ...over, deletionPolicy }));
    if (made.size + more.size <= count) for (const [key, object] of more) made.set(key, object);
  }
  return [...made.values()];
}

const common = (cloud: string): Over => ({ deletionPolicy: "Delete", environmentRef: { name: cloud } });

/** What a cloud keeps for days after its deletion can't be told from what was left behind. */
const changesOf = ({ kind }: Tried): readonly Over[] => [
  {},
  ...kind.edits.filter(({ fields }) => !fields.includes("recoveryDays")).map(({ spec }) => spec),
];
