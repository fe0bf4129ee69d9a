import { expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { leaves } from "../../controllers/leaf/index.ts";
import type { Kind } from "../../crds/define.ts";
import type { EnvironmentObject } from "../../crds/environment.ts";
import { environment, kinds, managedSecret, onyxService } from "../../crds/index.ts";
import type { OnyxServiceObject } from "../../crds/onyxservice.ts";
import type { QueueObject } from "../../crds/queue.ts";
import type { CompositeObject, CompositeStatus } from "../../operator/reconcile/composite-object.ts";
import { CONDITION_TYPES } from "../../operator/reconcile/conditions.ts";
import type { Counts, EnvironmentStatus } from "../../operator/reconcile/environment.ts";
import type { EnvironmentSpec } from "../../operator/reconcile/environments.ts";
import type { LeafObject, LeafStatus } from "../../operator/reconcile/leaf-object.ts";
import { REASONS } from "../../operator/reconcile/reasons.ts";

/** Every named field: leaving one out doesn't compile. */
type Whole<T> = { [K in keyof T as string extends K ? never : K]-?: NonNullable<T[K]> };

const conditions = CONDITION_TYPES.map((type) => ({
  type,
  status: "True" as const,
  reason: "Available",
  message: "It is there.",
  observedGeneration: 1,
  lastTransitionTime: "2026-01-02T03:04:05Z",
}));

const leafStatus: Whole<Omit<LeafStatus, "syncedTo">> = {
  observedGeneration: 1,
  conditions,
  environment: "prod",
  cloud: "aws",
  account: "123456789012",
  region: "us-east-1",
  externalName: "prod-shop-orders-abc123",
  externalId: "arn:aws:sqs:us-east-1:123456789012:prod-shop-orders-abc123",
  createdAt: "2026-01-02T03:04:05Z",
  appliedHash: "abc123",
  effective: { retentionSeconds: 60, deadLetter: { maxReceives: 5 } },
  outputs: { QUEUE_ID: "x" },
  drift: [{ field: "retentionSeconds", want: "60", actual: "61" }],
  deviations: [{ field: "delay", kind: "Clamped", message: "No." }],
  overridesInUse: ["aws.kmsDataKeyReuse"],
  footprint: ["policy/x"],
  cost: {
    monthlyEstimate: "1.00 USD",
    byUse: ["requests: 0.40 USD per 1,000,000 requests"],
    unknown: ["backups"],
    prices: "us-east-1 2026-11-23",
  },
  replaced: [{ externalName: "orders", externalId: "arn:aws:x", keep: true, state: "Kept" }],
  approval: {
    act: "replace",
    word: "replace-abcdefgh",
    loses: "The old one.",
    changes: [{ field: "ordering", want: '"PerKey"', actual: '"None"' }],
  },
  lastHandledReconcileAt: "now",
};

const compositeStatus: Whole<CompositeStatus> = {
  observedGeneration: 1,
  conditions,
  environment: "prod",
  inventory: [{ apiVersion: "apps/v1", kind: "Deployment", name: "orders-api" }],
  lastHandledReconcileAt: "now",
};

const counts: Whole<Counts> = { managed: 1, ready: 1, failed: 0, disabled: 0 };
const environmentStatus: Whole<EnvironmentStatus> = {
  observedGeneration: 1,
  conditions,
  account: "my-project",
  accountNumber: "1234",
  principal: "operator@my-project.iam.gserviceaccount.com",
  counts,
  cost: { monthlyEstimate: "12.40 USD" },
  apiBudget: [{ service: "sqs", perSecond: 50, use: "Throttled" }],
  lastHandledReconcileAt: "now",
};

const refusedOf = (kind: Kind, status: unknown) => kind.status.safeParse(status).error?.issues ?? [];

test.each(kinds.filter((kind) => kind.role === "leaf").map((kind) => [kind.kind, kind] as const))(
  "%s keeps every field of status that the operator writes",
  (_, kind) => expect(refusedOf(kind, leafStatus)).toEqual([]),
);

test("a kind with a confidential value keeps what is told of its copy", () => {
  const syncedTo: Whole<NonNullable<LeafStatus["syncedTo"]>> = { name: "token", version: "3", resourceVersion: "7" };
  expect(refusedOf(managedSecret, { ...leafStatus, syncedTo })).toEqual([]);
});

test("OnyxService keeps every field of status that the operator writes", () => {
  expect(refusedOf(onyxService, compositeStatus)).toEqual([]);
});

test("Environment keeps every field of status that the operator writes", () => {
  expect(refusedOf(environment, environmentStatus)).toEqual([]);
});

test("the server would drop a field that the CRD doesn't have: the check sees it", () => {
  expect(refusedOf(environment, { ...environmentStatus, extra: 1 })).toHaveLength(1);
});

test("every reason fits a condition", () => {
  for (const reason of Object.keys(REASONS)) expect(reason).toMatch(/^[A-Z][A-Za-z]{0,62}$/);
});

test("objects of the CRDs are what the operator's core takes", () => {
  expectTypeOf<QueueObject>().toExtend<LeafObject>();
  expectTypeOf<OnyxServiceObject>().toExtend<CompositeObject>();
  expectTypeOf<EnvironmentObject["spec"]>().toExtend<EnvironmentSpec>();
});

test("what the reference page says of deletion is what the operator does: what holds data is retained", () => {
  const stateful = kinds.filter((kind) => kind.role === "leaf" && kind.stateful).map(({ kind }) => kind);
  const dataBearing = leaves.filter((leaf) => leaf.dataBearing).map(({ kind }) => kind);
  expect(stateful.sort()).toEqual(dataBearing.sort());
});

test("no value that spec takes is read as a boolean or nothing by YAML 1.1, as kubectl and Helm read files", () => {
  const valuesIn = (schema: unknown): readonly unknown[] => {
    if (typeof schema !== "object" || schema === null) return [];
    const own = "enum" in schema && Array.isArray(schema.enum) ? schema.enum : [];
    return [...own, ...Object.values(schema).flatMap(valuesIn)];
  };
  const values = kinds.flatMap(({ spec }) => valuesIn(z.toJSONSchema(spec, { io: "input" })));
  expect(values.length).toBeGreaterThan(50);
  expect(values.filter((value) => /^(y|n|yes|no|on|off|true|false|null|~)$/i.test(String(value)))).toEqual([]);
});
