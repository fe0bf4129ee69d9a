import { stringify } from "yaml";
import type { Kind } from "../../crds/define.ts";
import { GROUP } from "../../crds/define.ts";
import type { Output } from "./output.ts";
import { MARK } from "./output.ts";

interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const rule = (resources: readonly string[], ...verbs: readonly string[]): PolicyRule => ({
  apiGroups: [GROUP],
  resources,
  verbs,
});

const LOOK = ["get", "list", "watch"];
const CHANGE = ["create", "update", "patch", "delete", "deletecollection"];

/**
 * What the operator may do with our kinds: read all, write their status, put its finalizer on what stands for
 * something in the cloud, and make the leaves that composites expand to.
 */
export function operatorRules(kinds: readonly Kind[]): readonly PolicyRule[] {
  const leaves = kinds.filter((kind) => kind.role === "leaf");
  const others = kinds.filter((kind) => kind.role !== "leaf");
  return [
    rule(plurals(kinds), ...LOOK),
    rule(
      kinds.map((kind) => `${kind.plural}/status`),
      "patch",
    ),
    rule(plurals(leaves), "create", "patch", "delete"),
    rule(plurals(others), "patch"),
  ];
}

/** The rules for the operator's chart, and roles for people that add to Kubernetes' own view, edit and admin. */
export function rbacFiles(kinds: readonly Kind[]): readonly Output[] {
  const namespaced = plurals(kinds.filter((kind) => kind.scope === "Namespaced"));
  const cluster = plurals(kinds.filter((kind) => kind.scope === "Cluster"));
  const scalable = kinds.filter((kind) => kind.scale).map((kind) => `${kind.plural}/scale`);
  const roles = [
    role("onyx-view", ["view", "edit", "admin"], [rule(namespaced, ...LOOK)]),
    role("onyx-edit", ["edit", "admin"], [rule(namespaced, ...CHANGE), rule(scalable, "get", "update", "patch")]),
    role("onyx-environment-view", [], [rule(cluster, ...LOOK)]),
    role("onyx-environment-admin", [], [rule(cluster, ...LOOK, ...CHANGE)]),
  ];
  return [
    {
      path: "charts/onyx-operator/files/kinds-rules.yaml",
      text: `# ${MARK}: what the operator may do with its own kinds.\n${stringify(operatorRules(kinds))}`,
    },
    {
      path: "charts/onyx-crds/templates/roles.yaml",
      text: `# ${MARK}: what people may do with the kinds.\n${roles.map((one) => stringify(one)).join("---\n")}`,
    },
  ];
}

const plurals = (kinds: readonly Kind[]) => kinds.map((kind) => kind.plural);

const role = (name: string, aggregateTo: readonly string[], rules: readonly PolicyRule[]) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: {
    name,
    ...(aggregateTo.length > 0
      ? {
          labels: Object.fromEntries(
            aggregateTo.map((target) => [`rbac.authorization.k8s.io/aggregate-to-${target}`, "true"]),
          ),
        }
      : {}),
  },
  rules,
});
