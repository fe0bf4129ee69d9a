import fc from "fast-check";
import { expect, test } from "vitest";
import { composites } from "../controllers/composite/index.ts";
import { onyxservice } from "../controllers/composite/onyxservice.ts";
import { kinds } from "../crds/index.ts";
import type { ChildKind } from "./reconcile/composite-object.ts";
import { type PolicyRule, rightsOf } from "./rights.ts";

const rights = rightsOf(kinds, composites);
const all: readonly PolicyRule[] = Object.values(rights).flat();

const verbsOf = (rules: readonly PolicyRule[], group: string, resource: string) =>
  rules
    .filter((rule) => rule.apiGroups.includes(group) && rule.resources.includes(resource))
    .flatMap(({ verbs }) => verbs);

test("what is ours is watched, gets a finalizer and a status", () => {
  expect(verbsOf(rights.cluster, "onyx.onelens.io", "environments")).toEqual(["list", "watch", "patch"]);
  expect(verbsOf(rights.namespaced, "onyx.onelens.io", "topics")).toEqual(["get", "list", "watch", "patch"]);
  expect(verbsOf(rights.namespaced, "onyx.onelens.io", "topics/status")).toEqual(["patch"]);
});

test("what composites make is made and removed, a kind of ours too", () => {
  const everything = ["get", "list", "watch", "create", "patch", "delete"];
  expect(verbsOf(rights.namespaced, "apps", "deployments")).toEqual(everything);
  expect(verbsOf(rights.namespaced, "onyx.onelens.io", "workloadidentities")).toEqual(everything);
  for (const { group, plural, permanent } of onyxservice.uses as readonly ChildKind[]) {
    const verbs = permanent ? everything.slice(0, -1) : everything;
    expect(verbsOf(rights.namespaced, group, plural), plural).toEqual(verbs);
  }
});

test("what only Tenants need stands apart, and the rights that they give are those of two roles", () => {
  expect(verbsOf(rights.tenants, "onyx.onelens.io", "tenants")).toEqual(["list", "watch", "patch"]);
  expect(verbsOf(rights.tenants, "", "namespaces")).toContain("delete");
  expect(verbsOf(rights.tenants, "onyx.onelens.io", "workflowruns")).toEqual(["delete"]);
  for (const resource of ["namespaces", "resourcequotas", "rolebindings", "tenants"])
    expect(all.filter((rule) => !rights.tenants.includes(rule) && rule.resources.includes(resource))).toEqual([]);
  expect(all.filter(({ verbs }) => verbs.includes("bind"))).toEqual([
    {
      apiGroups: ["rbac.authorization.k8s.io"],
      resources: ["clusterroles"],
      resourceNames: ["onyx-tenant-owner", "onyx-tenant-viewer"],
      verbs: ["bind"],
    },
  ]);
});

test("Secrets are read and written by name, and only where the chart is told", () => {
  expect(verbsOf(rights.secrets, "", "secrets")).toEqual(["get"]);
  expect(verbsOf(rights.secretSync, "", "secrets")).toEqual(["get", "create", "patch", "delete"]);
});

test("tokens of ServiceAccounts are asked for, and only where the chart is told", () => {
  expect(rights.identities).toEqual([{ apiGroups: [""], resources: ["serviceaccounts/token"], verbs: ["create"] }]);
});

test("no wildcard, no Secret elsewhere, and nothing that gives rights away", () => {
  const forbidden = ["*", "escalate", "impersonate", "deletecollection", "update"];
  expect(all.flatMap(({ verbs }) => verbs).filter((verb) => forbidden.includes(verb))).toEqual([]);
  expect(all.flatMap(({ apiGroups }) => apiGroups)).not.toContain("*");
  const sensitive = ["*", "secrets", "serviceaccounts/token", "roles", "clusterroles", "rolebindings", "pods/exec"];
  const told = [...rights.secrets, ...rights.secretSync, ...rights.tenants, ...rights.identities];
  const others = all.filter((rule) => !told.includes(rule));
  expect(others.flatMap(({ resources }) => resources).filter((one) => sensitive.includes(one))).toEqual([]);
});

test("the order in which kinds are named does not matter, and each resource stands in one rule", () => {
  const children: readonly ChildKind[] = onyxservice.uses;
  const { namespaced: inOrder } = rightsOf(kinds, [onyxservice]);
  fc.assert(
    fc.property(fc.shuffledSubarray([...children], { minLength: children.length }), (shuffled) => {
      const { namespaced } = rightsOf(kinds, [{ kind: "OnyxService", uses: [...shuffled, ...shuffled] }]);
      expect(namespaced).toEqual(inOrder);
      const names = namespaced.flatMap((rule) => rule.resources.map((one) => `${rule.apiGroups[0]}/${one}`));
      expect(new Set(names).size).toBe(names.length);
    }),
  );
});
