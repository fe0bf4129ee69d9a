import type { Leaf, LeafSpec } from "../../reconcile/leaf-object.ts";
import type { ThingWant } from "./memory.ts";

export interface ThingSpec extends LeafSpec {
  readonly size: number;
  readonly shape?: "round" | "square" | undefined;
  readonly locked?: boolean | undefined;
  readonly note?: string | undefined;
  readonly parentRef?: { readonly name: string } | undefined;
  readonly places?: readonly string[] | undefined;
}

/** The kind of the cloud in memory, as a leaf definition. `dataBearing` and `heldByUsers` as the test needs it. */
export const thingLeaf = (dataBearing = false, heldByUsers = false): Leaf<ThingSpec, ThingWant> => ({
  kind: "Thing",
  dataBearing,
  heldByUsers,
  holds: "its items",
  finalBackup: () => dataBearing,
  nameLimit: 63,
  references: ({ parentRef }) => (parentRef ? [{ field: "parentRef", kind: "Thing", name: parentRef.name }] : []),
  want: (spec, given) => ({
    size: spec.size,
    shape: spec.shape ?? "round",
    locked: spec.locked ?? false,
    note: spec.note ?? null,
    parent: spec.parentRef ? (given.target("parentRef").outputs.THING_ID ?? "") : null,
    places: spec.places ?? [],
    tags: given.tags,
  }),
});
