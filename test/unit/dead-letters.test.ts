import { expect, test } from "vitest";
import type { IdentityWant } from "../../controllers/leaf/wants.ts";
import { workloadIdentity } from "../../controllers/leaf/workloadidentity.ts";
import { workloadIdentity as schema, type WorkloadIdentitySpec } from "../../crds/workloadidentity.ts";
import { createMemoryCloud } from "../../operator/provider/testing/memory.ts";
import { prepare } from "../../operator/reconcile/gather.ts";
import type { LeafObject, LeafStatus } from "../../operator/reconcile/leaf-object.ts";
import type { KubeObject } from "../../operator/reconcile/object.ts";
import { environmentWith } from "../../operator/reconcile/testing/environment.ts";

/** Who consumes dead letters is told of the keys of the queues that they come from. */
const queue = (name: string, deadLetter?: string, encryptionKey?: string, more: Partial<KubeObject["metadata"]> = {}) =>
  ({
    apiVersion: "onyx.onelens.io/v1alpha1",
    kind: "Queue",
    metadata: { name, namespace: "shop", ...more },
    spec: deadLetter ? { deadLetter: { queueRef: { name: deadLetter }, maxReceives: 3 } } : {},
    status: {
      externalId: `id/${name}`,
      outputs: { QUEUE_ID: `id/${name}` },
      effective: encryptionKey ? { encryptionKey } : {},
    },
  }) as KubeObject<unknown, LeafStatus>;

function grantsOf(access: "Consume" | "Produce", ...others: readonly KubeObject<unknown, LeafStatus>[]) {
  const spec = schema.spec.parse({
    serviceAccountRef: { name: "api" },
    grants: [{ kind: "Queue", name: "dead", access }],
  }) as WorkloadIdentitySpec;
  const object = {
    apiVersion: "onyx.onelens.io/v1alpha1",
    kind: "WorkloadIdentity",
    metadata: { name: "api", namespace: "shop", uid: "u" },
    spec,
  } as LeafObject<WorkloadIdentitySpec>;
  const all = [queue("dead"), ...others];
  const { fit: _fits, footprint: _leaves, ...provider } = createMemoryCloud().provider;
  const prepared = prepare<WorkloadIdentitySpec, IdentityWant>(workloadIdentity, object, {
    environments: { get: () => environmentWith(provider as never) },
    lookup: ({ name }) => all.find(({ metadata }) => metadata.name === name),
    referrers: () => all,
  });
  if ("blocked" in prepared) throw new Error(prepared.blocked.message);
  return prepared.want?.grants;
}

const plain = { kind: "Queue", id: "id/dead", encryptionKey: null };

test("the encrypted queues whose dead letters they are, also one that is being deleted, in one order", () => {
  const leaving = queue("b", "dead", "key-b", { deletionTimestamp: "2026-01-01T00:00:00Z" });
  expect(grantsOf("Consume", leaving, queue("a", "dead", "key-a"))).toEqual([
    {
      ...plain,
      access: "Consume",
      from: [
        { id: "id/a", encryptionKey: "key-a" },
        { id: "id/b", encryptionKey: "key-b" },
      ],
    },
  ]);
});

test("no queue that has no key, is yet to be made, or sends its dead letters elsewhere", () => {
  const { status: _none, ...unmade } = queue("c", "dead", "key-c");
  const others = [queue("a", "dead"), queue("b", "other", "key-b"), unmade, queue("d", undefined, "key-d")];
  expect(grantsOf("Consume", ...others)).toEqual([{ ...plain, access: "Consume" }]);
});

test("who only sends reads nothing", () => {
  expect(grantsOf("Produce", queue("a", "dead", "key-a"))).toEqual([{ ...plain, access: "Produce" }]);
});
