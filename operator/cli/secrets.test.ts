import { expect, test } from "vitest";
import { managedSecret } from "../../controllers/leaf/managedsecret.ts";
import type { Wanted } from "../provider/provider.ts";
import type { Leaf, LeafObject, LeafSpec } from "../reconcile/leaf-object.ts";
import type { ClusterView } from "./cluster.ts";
import { LATER } from "./later.ts";
import type { Manifest } from "./manifests.ts";
import { sourcesOf } from "./secrets.ts";

const leaf = managedSecret as unknown as Leaf<LeafSpec, Wanted>;
const source = { field: "valueFrom.secretRef", name: "token", key: "k" };
const object = {
  kind: "ManagedSecret",
  metadata: { name: "api", namespace: "shop" },
  spec: { valueFrom: { secretRef: { name: "token", key: "k" } } },
} as unknown as LeafObject;
const secret = { object: { kind: "Secret", metadata: { name: "token", namespace: "shop" } } } as unknown as Manifest;

/** An API server that has one Secret, or none, and gives only metadata. */
function clusterWith(metadata: object | undefined): ClusterView {
  const request = async ({ path, headers }: { path: string; headers: Record<string, string> }) => {
    expect(path).toBe("/api/v1/namespaces/shop/secrets/token");
    expect(headers.accept).toContain("as=PartialObjectMetadata");
    if (!metadata) throw Object.assign(new Error("not found"), { status: 404, name: "ApiError" });
    return { body: { metadata } };
  };
  return { client: { transport: { request } } } as unknown as ClusterView;
}

const state = async (manifests: readonly Manifest[], cluster: ClusterView | undefined) =>
  (await sourcesOf([leaf], [object], manifests, cluster))(source, "shop");

test("a Secret of the cluster is known by its revision, another one after each write", async () => {
  const first = await state([], clusterWith({ uid: "u", resourceVersion: "1" }));
  const second = await state([], clusterWith({ uid: "u", resourceVersion: "2" }));
  expect(first).toMatchObject({ revision: expect.stringMatching(/^[a-z0-9]{12}$/) });
  expect(second).not.toEqual(first);
});

test("one among the files, and any without a cluster, will be there", async () => {
  expect(await state([secret], undefined)).toEqual({ revision: LATER });
  expect(await state([], undefined)).toEqual({ revision: LATER });
});
