import { stringify } from "yaml";
import { composites } from "../../controllers/composite/index.ts";
import type { Kind } from "../../crds/define.ts";
import { GROUP } from "../../crds/define.ts";
import { TENANT_ROLES } from "../../crds/tenant.ts";
import { type PolicyRule, rightsOf } from "../../operator/rights.ts";
import type { Output } from "./output.ts";
import { MARK } from "./output.ts";

const rule = (resources: readonly string[], ...verbs: readonly string[]): PolicyRule => ({
  apiGroups: [GROUP],
  resources,
  verbs,
});

/** Kubernetes' own, that a tenant works with. */
const WORKLOADS: readonly Omit<PolicyRule, "verbs">[] = [
  { apiGroups: [""], resources: ["configmaps", "persistentvolumeclaims", "services"] },
  { apiGroups: ["apps"], resources: ["deployments", "statefulsets"] },
  { apiGroups: ["autoscaling"], resources: ["horizontalpodautoscalers"] },
  { apiGroups: ["batch"], resources: ["cronjobs", "jobs"] },
  { apiGroups: ["policy"], resources: ["poddisruptionbudgets"] },
];
/** What fences a tenant, and what others make: to look at. */
const FENCES: readonly Omit<PolicyRule, "verbs">[] = [
  { apiGroups: [""], resources: ["events", "limitranges", "pods", "pods/log", "resourcequotas", "serviceaccounts"] },
  { apiGroups: ["apps"], resources: ["deployments/status", "replicasets", "statefulsets/status"] },
  { apiGroups: ["events.k8s.io"], resources: ["events"] },
  { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"] },
];

/**
 * What a tenant's people may do in its namespace. Kubernetes' `edit` is too much: it changes NetworkPolicies, which open
 * what is closed; makes tokens of ServiceAccounts, which are identities in the cloud; runs programs in pods, with the
 * rights of those; acts as ServiceAccounts; and changes EndpointSlices, by which a Service leads anywhere. KEDA's kinds are
 * left out, since a ScaledObject reads metrics of the whole project on Google Cloud.
 */
function ofTenants(namespaced: readonly string[], scalable: readonly string[]) {
  const all = (verbs: readonly string[], rules: readonly Omit<PolicyRule, "verbs">[]) =>
    rules.map((one) => ({ ...one, verbs }));
  const look = [rule(namespaced, ...LOOK), ...all(LOOK, [...WORKLOADS, ...FENCES])];
  return [
    role(
      TENANT_ROLES.owner,
      [],
      [
        ...look,
        rule(namespaced, ...CHANGE),
        rule(scalable, "get", "update", "patch"),
        ...all(CHANGE, WORKLOADS),
        { apiGroups: [""], resources: ["secrets"], verbs: [...LOOK, ...CHANGE] },
        { apiGroups: [""], resources: ["pods"], verbs: ["delete"] },
        {
          apiGroups: ["apps"],
          resources: ["deployments/scale", "statefulsets/scale"],
          verbs: ["get", "update", "patch"],
        },
      ],
    ),
    role(TENANT_ROLES.viewer, [], look),
  ];
}

const LOOK = ["get", "list", "watch"];
const CHANGE = ["create", "update", "patch", "delete", "deletecollection"];

/** What the operator's chart needs to know of the kinds, and roles for people that add to Kubernetes' own view, edit and admin. */
export function rbacFiles(kinds: readonly Kind[]): readonly Output[] {
  const namespaced = plurals(kinds.filter((kind) => kind.scope === "Namespaced"));
  const cluster = plurals(kinds.filter((kind) => kind.scope === "Cluster" && kind.role === "platform"));
  const tenants = plurals(kinds.filter((kind) => kind.scope === "Cluster" && kind.role === "composite"));
  const ofClouds = plurals(kinds.filter((kind) => kind.role === "leaf" || kind.role === "run"));
  const scalable = kinds.filter((kind) => kind.scale).map((kind) => `${kind.plural}/scale`);
  const roles = [
    role("onyx-view", ["view", "edit", "admin"], [rule(namespaced, ...LOOK)]),
    role("onyx-edit", ["edit", "admin"], [rule(namespaced, ...CHANGE), rule(scalable, "get", "update", "patch")]),
    role("onyx-environment-view", [], [rule(cluster, ...LOOK)]),
    role("onyx-environment-admin", [], [rule(cluster, ...LOOK, ...CHANGE)]),
    ...ofTenants(namespaced, scalable),
    role("onyx-tenants-view", [], [rule(tenants, ...LOOK)]),
    role("onyx-tenants-admin", [], [rule(tenants, ...LOOK, ...CHANGE)]),
  ];
  return [
    {
      path: "charts/onyx-operator/files/rbac.yaml",
      text: `# ${MARK}: all that the operator may do.\n${stringify(rightsOf(kinds, composites), { aliasDuplicateObjects: false })}`,
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
