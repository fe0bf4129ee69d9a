import { expect, test } from "vitest";
import { managedSecret } from "../../controllers/leaf/managedsecret.ts";
import type { Wanted } from "../provider/provider.ts";
import type { Leaf, LeafObject, LeafSpec } from "../reconcile/leaf-object.ts";
import type { KubeObject } from "../reconcile/object.ts";
import { createSecretServer, refusal } from "../reconcile/testing/secret-server.ts";
import { planCopies } from "./plan-copies.ts";

const leaves = [managedSecret as unknown as Leaf<LeafSpec, Wanted>];
const object = (syncTo?: object, status?: object) =>
  ({
    apiVersion: "onyx.onelens.io/v1alpha1",
    kind: "ManagedSecret",
    metadata: { name: "db", namespace: "shop" },
    spec: { generate: {}, ...(syncTo ? { syncTo } : {}) },
    ...(status ? { status } : {}),
  }) as unknown as LeafObject;
const synced = (name: string) => ({ syncedTo: { name, version: "1", resourceVersion: "7" } });
const LABELS = {
  "app.kubernetes.io/managed-by": "onyx-operator",
  "app.kubernetes.io/name": "db",
  "onyx.onelens.io/owner-kind": "ManagedSecret",
};

async function planned(wanted: LeafObject, live?: LeafObject, found?: { labels: Record<string, string>; rv: string }) {
  const server = createSecretServer();
  if (found)
    server.secrets.set("copy", {
      metadata: { name: "copy", uid: "u", resourceVersion: found.rv, labels: found.labels },
    });
  const cluster = { client: server.client, live: () => live as KubeObject<unknown, never> | undefined };
  const plan = await planCopies(leaves, [wanted], cluster);
  expect(server.requests.filter((request) => !request.startsWith("META"))).toEqual([]);
  return plan.map(({ name, action }) => `${action} ${name}`);
}

test("a copy is made, kept, put right, moved or refused as the operator would", async () => {
  const ask = object({ name: "copy" });
  const live = object({ name: "copy" }, synced("copy"));
  expect(await planned(object())).toEqual([]);
  expect(await planned(ask)).toEqual(["create copy"]);
  expect(await planned(ask, live)).toEqual(["create copy"]);
  expect(await planned(ask, live, { labels: LABELS, rv: "7" })).toEqual(["none copy"]);
  expect(await planned(ask, live, { labels: LABELS, rv: "8" })).toEqual(["update copy"]);
  expect(await planned(object({ name: "copy", key: "k" }), live, { labels: LABELS, rv: "7" })).toEqual(["update copy"]);
  expect(await planned(ask, undefined, { labels: {}, rv: "7" })).toEqual(["refuse copy"]);
  expect(await planned(object({ name: "other" }), live)).toEqual(["delete copy", "create other"]);
  expect(await planned(object(), live)).toEqual(["delete copy"]);
});

test("who may not look at Secrets, or has no cluster, is told what status tells", async () => {
  const server = createSecretServer();
  server.onRequest = () => {
    throw refusal(403, "Forbidden");
  };
  const cluster = { client: server.client, live: () => object({ name: "copy" }, synced("copy")) };
  const ask = [object({ name: "copy" })];
  expect(await planCopies(leaves, ask, cluster as never)).toMatchObject([{ action: "none" }]);
  expect(await planCopies(leaves, ask, undefined)).toMatchObject([{ action: "create", kind: "Secret" }]);
});
