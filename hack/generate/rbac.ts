import { stringify } from "yaml";
import { composites } from "../../controllers/composite/index.ts";
import type { Kind } from "../../crds/define.ts";
import { GROUP } from "../../crds/define.ts";
import { type PolicyRule, rightsOf } from "../../operator/rights.ts";
import type { Output } from "./output.ts";
import { MARK } from "./output.ts";

const rule = (resources: readonly string[], ...verbs: readonly string[]): PolicyRule => ({
  apiGroups: [GROUP],
  resources,
  verbs,
});

const LOOK = ["get", "list", "watch"];
const CHANGE = ["create", "update", "patch", "delete", "deletecollection"];

/** What the operator's chart needs to know of the kinds, and roles for people that add to Kubernetes' own view, edit and admin. */
export function rbacFiles(kinds: readonly Kind[]): readonly Output[] {
  const namespaced = plurals(kinds.filter((kind) => kind.scope === "Namespaced"));
  const cluster = plurals(kinds.filter((kind) => kind.scope === "Cluster"));
  const ofClouds = plurals(kinds.filter((kind) => kind.role === "leaf" || kind.role === "run"));
  const children = composites.flatMap(({ uses }) => uses);
  const scalable = kinds.filter((kind) => kind.scale).map((kind) => `${kind.plural}/scale`);
  const roles = [
    role("onyx-view", ["view", "edit", "admin"], [rule(namespaced, ...LOOK)]),
    role("onyx-edit", ["edit", "admin"], [rule(namespaced, ...CHANGE), rule(scalable, "get", "update", "patch")]),
    role("onyx-environment-view", [], [rule(cluster, ...LOOK)]),
    role("onyx-environment-admin", [], [rule(cluster, ...LOOK, ...CHANGE)]),
  ];
  return [
    {
      path: "charts/onyx-operator/files/rbac.yaml",
      text: `# ${MARK}: all that the operator may do.\n${stringify(rightsOf(kinds, children), { aliasDuplicateObjects: false })}`,
    },
    {
      path: "charts/onyx-operator/files/cloud-kinds.yaml",
      text: `# ${MARK}: the kinds that stand for something in a cloud.\n${stringify(ofClouds)}`,
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
