import { expect, it } from "vitest";
import { type CompositeLookups, resolve } from "./composite-gather.ts";
import type { LeafStatus } from "./leaf-object.ts";
import type { KubeObject } from "./object.ts";

const REFERENCE = { field: "bindings[0].table", kind: "Table", name: "orders" };

const target: KubeObject<unknown, LeafStatus> = {
  apiVersion: "onyx.onelens.io/v1alpha1",
  kind: "Table",
  metadata: { namespace: "shop", name: "orders" },
  spec: {},
  status: { environment: "prod", externalId: "arn:1", outputs: { TABLE_ID: "arn:1" } },
};

const lookups = (environment: ReturnType<CompositeLookups["environments"]["get"]>): CompositeLookups => ({
  lookup: () => target,
  live: () => undefined,
  secretVersion: () => undefined,
  monthlyCost: () => undefined,
  within: () => [],
  blueprint: () => [],
  parts: () => [],
  environments: { get: (name) => (name === "prod" ? environment : { problem: NOT_READY }) },
});
const NOT_READY = { reason: "EnvironmentNotReady", message: "Not yet." } as const;

it("what is referred to comes with what its own Environment says of its deletion", () => {
  const spec = { defaultDeletionPolicies: { Table: "Delete", Bucket: "Retain" } };
  const environment = { name: "prod", cloud: "aws", platform: {}, spec } as never;
  expect(resolve(REFERENCE, "shop", lookups(environment))).toMatchObject({
    outputs: { TABLE_ID: "arn:1" },
    deletionDefault: "Delete",
  });
  const silent = { name: "prod", cloud: "aws", platform: {}, spec: {} } as never;
  expect(resolve(REFERENCE, "shop", lookups(silent))).toHaveProperty("deletionDefault", undefined);
  expect(resolve(REFERENCE, "shop", lookups({ problem: NOT_READY }))).toHaveProperty("deletionDefault", undefined);
});
