import { expect, test } from "vitest";
import { leaves } from "../../controllers/leaf/index.ts";
import type { Wanted } from "../../operator/provider/provider.ts";
import { decide, type Situation } from "../../operator/reconcile/decide.ts";
import type { Leaf, LeafSpec } from "../../operator/reconcile/leaf-object.ts";

/** What a person is told before a resource that holds data is destroyed or replaced, kind by kind. */
const all = leaves as unknown as readonly Leaf<LeafSpec, Wanted>[];
const WINDOWS = { deletionWindowDays: 30, recoveryDays: 7 };

const situationOf = (leaf: Leaf<LeafSpec, Wanted>): Situation<Wanted & { size: number }, object> => {
  const owner = { environment: "prod", cluster: "blue", namespace: "shop", kind: leaf.kind, name: "a", uid: "1" };
  const actual = { size: 1, tags: {}, ...WINDOWS };
  return {
    want: { size: 2, tags: {} },
    seen: { exists: true, id: "id-1", owner, phase: "ready", actual, outputs: {} },
    owner,
    deleting: false,
    known: true,
    applied: false,
    policy: {
      management: "Manage",
      adoption: "Never",
      drift: "Correct",
      deletion: "Delete",
      active: true,
      dataBearing: leaf.dataBearing,
    },
    immutable: ["size"],
    succeeds: [],
    approved: undefined,
    holds: leaf.holds,
    keptDays: leaf.keptDays?.(actual as unknown as Partial<Wanted>),
  };
};
const losses = (change: object) =>
  Object.fromEntries(
    all
      .filter(({ dataBearing }) => dataBearing)
      .map((leaf) => {
        const decision = decide({ ...situationOf(leaf), ...change });
        return [leaf.kind, decision.do === "refuse" ? decision.consent?.loses : decision.do];
      }),
  );

test("destroyed: what goes with it, and whether it can be had back", () => {
  expect(losses({ deleting: true })).toEqual({
    Table: "id-1 is destroyed with its items, and no backup is made.",
    Bucket: "id-1 is destroyed with its objects and all versions of them, and no backup is made.",
    ManagedSecret:
      "id-1 is destroyed with its value and all versions of it; for 7 days the same object made again brings it back.",
    EncryptionKey:
      "id-1 is destroyed with all that is encrypted with it; for 30 days the same object made again brings it back.",
  });
});

test("replaced: the old one stays with what it holds", () => {
  const stays = (what: string) =>
    `A new one is made, empty; the old one, id-1, stays in the cloud with ${what} and is no longer ours.`;
  expect(losses({})).toEqual({
    Table: stays("its items"),
    Bucket: stays("its objects and all versions of them"),
    ManagedSecret: stays("its value and all versions of it"),
    EncryptionKey: stays("all that is encrypted with it"),
  });
});
