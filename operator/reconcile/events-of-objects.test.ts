import { describe, expect, it } from "vitest";
import { PRIORITY } from "../runtime/queue.ts";
import { type Definition, tellsOther, urgencyOf, usesOther, wholesIn } from "./events-of-objects.ts";
import type { KubeObject } from "./object.ts";

const definitions: readonly Definition[] = [
  {
    kind: "Queue",
    references: (spec) => {
      const { key } = spec as { key?: string };
      return key ? [{ field: "encryption.keyRef", kind: "EncryptionKey", name: key }] : [];
    },
  },
];
const queue = (key?: string, leaving = false): KubeObject => ({
  apiVersion: "onyx.onelens.io/v1alpha1",
  kind: "Queue",
  metadata: { name: "jobs", namespace: "shop", ...(leaving && { deletionTimestamp: "2026-01-05T10:00:00Z" }) },
  spec: { key },
});
const updated = (old: KubeObject, object: KubeObject) =>
  usesOther({ type: "updated", key: "shop/jobs", old, object, initial: false }, definitions);

describe("what has one user less", () => {
  it("is told when the user is gone, begins to go, or refers to another one", () => {
    const gone = { type: "deleted", key: "shop/jobs", object: queue("main"), assumed: false, initial: false } as const;
    expect(usesOther(gone, definitions)).toEqual([["EncryptionKey", "shop/main"]]);
    expect(updated(queue("main"), queue("main", true))).toEqual([["EncryptionKey", "shop/main"]]);
    expect(updated(queue("main"), queue("other"))).toEqual([
      ["EncryptionKey", "shop/main"],
      ["EncryptionKey", "shop/other"],
    ]);
    expect(updated(queue("main"), queue())).toEqual([["EncryptionKey", "shop/main"]]);
  });

  it("is not told of anything else", () => {
    expect(updated(queue("main"), queue("main"))).toEqual([]);
    expect(updated(queue("main", true), queue("main", true))).toEqual([]);
    const made = { type: "added", key: "shop/jobs", object: queue("main"), initial: false } as const;
    expect(usesOther(made, definitions)).toEqual([]);
  });
});

describe("what sums others up", () => {
  const bills: readonly Definition[] = [
    {
      kind: "Bill",
      references: () => [],
      partOf: (spec) => {
        const { tenant } = spec as { tenant?: string };
        return tenant ? { kind: "Tenant", name: tenant } : undefined;
      },
    },
  ];
  const bill = (tenant: string | undefined, status?: object): KubeObject => ({
    ...{ apiVersion: "onyx.onelens.io/v1alpha1", kind: "Bill", metadata: { name: "b", namespace: "onelens" } },
    ...{ spec: { tenant }, ...(status && { status }) },
  });
  const change = (old: KubeObject, object: KubeObject) =>
    ({ type: "updated", key: "onelens/b", old, object, initial: false }) as const;

  it("is what it says, and what it said before", () => {
    expect(wholesIn(change(bill("acme"), bill("globex")), bills).map(({ name }) => name)).toEqual(["acme", "globex"]);
    expect(wholesIn(change(bill(undefined), bill(undefined)), bills)).toEqual([]);
    expect(wholesIn(change(queue("main"), queue("main")), bills)).toEqual([]);
  });

  it("is told when status says another thing, or the part comes or goes, and not at the start", () => {
    const added = { type: "added", key: "onelens/b", object: bill("acme") } as const;
    expect(tellsOther(change(bill("acme", { a: 1 }), bill("acme", { a: 2 })))).toBe(true);
    expect(tellsOther(change(bill("acme", { a: 1 }), bill("acme", { a: 1 })))).toBe(false);
    expect(tellsOther({ ...added, initial: false })).toBe(true);
    expect(tellsOther({ ...added, initial: true })).toBe(false);
  });
});

describe("an object of which only its state is known", () => {
  const seen = (generation: number, observedGeneration?: number) =>
    urgencyOf({
      apiVersion: "onyx.onelens.io/v1alpha1",
      kind: "Queue",
      metadata: { name: "jobs", namespace: "shop", generation },
      ...(observedGeneration !== undefined && { status: { observedGeneration } }),
    });

  it("is urgent when it was made or changed since the last pass, and routine otherwise", () => {
    expect(seen(1)).toBe(PRIORITY.changed);
    expect(seen(3, 2)).toBe(PRIORITY.changed);
    expect(seen(3, 3)).toBe(PRIORITY.resync);
  });
});
