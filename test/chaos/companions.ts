import type { Over } from "../../operator/provider/conformance/kind-under-test.ts";
import { byKind, type Tried, titleOf } from "../../operator/provider/conformance/tried.ts";
import type { LeafSpec } from "../../operator/reconcile/leaf-object.ts";
import type { Lane } from "./lane.ts";
import { type LiveSubject, liveSubject } from "./subject.ts";

/** What the objects of one namespace refer to. */
export interface Companions {
  /** All of them so far, what others refer to first. */
  readonly all: readonly LiveSubject[];
  /** What a kind refers to in these shapes is there, and Ready. */
  provide(tried: Tried, overs: readonly (Over | undefined)[]): Promise<void>;
}

export function companionsIn(lane: Lane, namespace: string): Companions {
  const known = byKind(lane.kinds);
  const made = new Map<string, LiveSubject>();
  async function provide(one: Tried, overs: readonly (Over | undefined)[]): Promise<void> {
    for (const over of overs)
      for (const { kind, name } of one.kind.leaf.references(one.kind.spec(over) as LeafSpec)) {
        const other = known.get(kind);
        if (!other) throw new Error(`${titleOf(one)} refers to a ${kind}, which is not among the kinds.`);
        if (made.has(`${kind}/${name}`)) continue;
        const needs = one.kind.companions?.[`${kind}/${name}`];
        await provide(other, [needs]);
        const companion = liveSubject(lane, other, namespace, name);
        made.set(`${kind}/${name}`, companion);
        await companion.apply(needs);
        await lane.until(`${kind} ${name}`, companion.isReady, { explain: companion.told });
      }
  }
  return {
    get all() {
      return [...made.values()];
    },
    provide,
  };
}
