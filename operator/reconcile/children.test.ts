import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { APPLIED_HASH, asApplied, canonical, claimOf, decideChild, type Parent } from "./children.ts";
import type { Manifest } from "./composite-object.ts";
import type { KubeObject } from "./object.ts";

const parent: Parent = {
  apiVersion: "onyx.onelens.io/v1alpha1",
  kind: "OnyxService",
  namespace: "shop",
  name: "orders",
  uid: "u-1",
};
const config = (data: Record<string, string>): Manifest => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "orders" },
  data,
});
const applied = asApplied(config({ A: "1" }), parent);
const controller = (over: object) => [
  { apiVersion: parent.apiVersion, kind: "OnyxService", name: "orders", uid: "u-1", controller: true, ...over },
];
const live = (change: Partial<KubeObject["metadata"]>): KubeObject => ({
  ...applied,
  metadata: { ...applied.metadata, ...change },
});

describe("asApplied", () => {
  it("puts the object into the namespace, with marks and its owner", () => {
    expect(applied.metadata).toMatchObject({
      namespace: "shop",
      labels: {
        "app.kubernetes.io/managed-by": "onyx-operator",
        "onyx.onelens.io/owner-kind": "OnyxService",
        "onyx.onelens.io/owner-uid": "u-1",
      },
      ownerReferences: controller({}),
    });
  });

  it("gives another hash as soon as anything differs, and the same for another order of keys", () => {
    const hash = (data: Record<string, string>) => asApplied(config(data), parent).metadata.annotations?.[APPLIED_HASH];
    expect(hash({ A: "1", B: "2" })).toBe(hash({ B: "2", A: "1" }));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), fc.dictionary(fc.string(), fc.string()), (a, b) => {
        expect(hash(a) === hash(b)).toBe(canonical(a) === canonical(b));
      }),
    );
  });
});

describe("claimOf", () => {
  it.each([
    ["ours", {}],
    ["ours", { labels: {} }],
    ["orphan", { ownerReferences: undefined }],
    ["leaving", { ownerReferences: controller({ uid: "u-0" }) }],
    ["foreign", { ownerReferences: controller({ name: "other", uid: "u-9" }) }],
    ["foreign", { ownerReferences: controller({ kind: "Deployment", uid: "u-9" }) }],
    ["foreign", { ownerReferences: undefined, labels: {} }],
    ["foreign", { ownerReferences: undefined, labels: { ...applied.metadata.labels, "app.kubernetes.io/name": "b" } }],
    ["foreign", { ownerReferences: undefined, labels: { "app.kubernetes.io/managed-by": "Helm" } }],
  ])("%s", (claim, change) => expect(claimOf(live(change), parent)).toBe(claim));
});

describe("decideChild", () => {
  it.each<[string, KubeObject | undefined, object]>([
    ["absent: make it", undefined, { do: "create" }],
    ["as it should be: nothing", live({ resourceVersion: "7" }), { do: "none" }],
    ["changed by hand: again", { ...live({}), data: { A: "2" } } as KubeObject, { do: "update", field: "data.A" }],
    [
      "a field was dropped, which only the hash tells",
      live({ annotations: { [APPLIED_HASH]: "old" } }),
      { do: "update", field: undefined },
    ],
    ["orphan: taken over", live({ ownerReferences: undefined }), { do: "update", takeover: true }],
    ["being deleted: wait", live({ deletionTimestamp: "2026-01-01T00:00:00Z" }), { do: "wait" }],
    ["of an earlier parent: wait", live({ ownerReferences: controller({ uid: "u-0" }) }), { do: "wait" }],
    ["foreign: refuse", live({ ownerReferences: undefined, labels: {} }), { do: "refuse", reason: "Conflict" }],
  ])("%s", (_, found, decision) => expect(decideChild(applied, found, parent)).toMatchObject(decision));

  it("names the object and who holds it", () => {
    const found = live({ ownerReferences: controller({ kind: "Rollout", name: "blue", uid: "u-9" }) });
    const decision = decideChild(applied, found, parent);
    expect(decision).toMatchObject({
      message: expect.stringContaining("ConfigMap orders exists and belongs to Rollout blue"),
    });
  });

  it("never changes what isn't ours", () => {
    const uid = fc.constantFrom("u-0", "u-1", "u-2");
    const name = fc.constantFrom("orders", "other");
    const kind = fc.constantFrom("OnyxService", "ReplicaSet");
    const reference = fc.record({ uid, name, kind, controller: fc.boolean(), apiVersion: fc.constant("v1") });
    const labels = fc.dictionary(
      fc.constantFrom(...Object.keys(applied.metadata.labels ?? {})),
      fc.constantFrom("orders", "OnyxService", "onyx-operator", "Helm"),
    );
    fc.assert(
      fc.property(fc.array(reference, { maxLength: 2 }), labels, fc.boolean(), (ownerReferences, marks, going) => {
        const found = live({
          ownerReferences,
          labels: marks,
          ...(going ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
        });
        const decision = decideChild(applied, found, parent);
        const claim = claimOf(found, parent);
        if (claim === "foreign") expect(decision.do).toBe("refuse");
        if (claim === "leaving" || (going && claim !== "foreign")) expect(decision.do).toBe("wait");
      }),
    );
  });
});
