import { isDeepStrictEqual } from "node:util";
import { API_VERSION, GROUP } from "../../../crds/define.ts";
import { COUNTED, TENANT_ROLES, type TenantSpec, type TenantStatus } from "../../../crds/tenant.ts";
import type { Child, ChildRef, Health, Seen } from "../../../operator/reconcile/composite-object.ts";
import type { KubeObject } from "../../../operator/reconcile/object.ts";
import { dns, namespace } from "../network.ts";
import { FIXED, LABELS } from "./names.ts";

/** The id of the namespace among the children: all that is in it comes after it. */
export const NAMESPACE = "namespace";
/** The id of its quota. */
export const QUOTA = "quota";

export const refOfNamespace = (name: string): ChildRef => ({ apiVersion: "v1", kind: "Namespace", name });

/** What is in a tenant's namespace before anything of the tenant is. */
export const fenced = (within: string, spec: TenantSpec, seen: Seen): readonly Child[] => [
  namespaceItself(within, spec, seen),
  ...quota(within, spec, seen),
  limits(within, spec, seen),
  closed(within, spec, seen),
  ...rights(within, spec, seen),
];

/** An object in the tenant's namespace; one of ours comes after the quota, if there is one. */
export const inside = (
  within: string,
  seen: Seen,
  what: Pick<Child, "id" | "health"> & { readonly apiVersion: string; readonly kind: string; readonly name?: string },
  body: Readonly<Record<string, unknown>>,
): Child => ({
  id: what.id,
  after: [NAMESPACE],
  ...(what.apiVersion === API_VERSION ? { afterHealthy: [QUOTA] } : {}),
  ...(what.health ? { health: what.health } : {}),
  object: {
    apiVersion: what.apiVersion,
    kind: what.kind,
    metadata: { namespace: within, name: what.name ?? FIXED, labels: { [LABELS.tenant]: seen.name } },
    ...body,
  },
});

function namespaceItself(within: string, spec: TenantSpec, seen: Seen): Child {
  const pool = spec.isolation === "Dedicated" ? (spec.nodePool ?? seen.name) : undefined;
  const level = "restricted";
  return {
    id: NAMESPACE,
    object: {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: within,
        labels: {
          [LABELS.tenant]: seen.name,
          [LABELS.environment]: seen.environment.name,
          ...(spec.plan ? { [LABELS.plan]: spec.plan } : {}),
          ...(spec.cordoned ? { [LABELS.cordoned]: "true" } : {}),
          ...(pool ? { [LABELS.nodePool]: pool } : {}),
          "pod-security.kubernetes.io/enforce": level,
          "pod-security.kubernetes.io/warn": level,
        },
      },
    },
  };
}

function quota(within: string, spec: TenantSpec, seen: Seen): readonly Child[] {
  const hard = quotaOf(spec);
  if (!hard) return [];
  const what = { id: QUOTA, apiVersion: "v1", kind: "ResourceQuota", health: inForce };
  return [inside(within, seen, what, { spec: { hard } })];
}

/** In the words of ResourceQuota; undefined: there is none. */
function quotaOf(spec: TenantSpec): Readonly<Record<string, string>> | undefined {
  const { pods, cpu, memory, storage, objects } = spec.quota ?? {};
  const counts = Object.entries(objects ?? {}).map(([kind, count]) => [
    `count/${COUNTED[kind as keyof typeof COUNTED]}.${GROUP}`,
    String(count),
  ]);
  const hard = {
    ...(pods === undefined ? {} : { pods: String(pods) }),
    ...(cpu === undefined ? {} : { "requests.cpu": String(cpu) }),
    ...(memory === undefined ? {} : { "requests.memory": String(memory), "limits.memory": String(memory) }),
    ...(storage === undefined ? {} : { "requests.storage": String(storage) }),
    ...Object.fromEntries(counts),
  };
  return Object.keys(hard).length > 0 ? hard : undefined;
}

interface Counted {
  readonly hard?: Readonly<Record<string, string>>;
  readonly used?: Readonly<Record<string, string>>;
}

/** Until a quota is counted for the first time, the API server refuses whatever it counts. */
function inForce({ spec, status }: KubeObject): Health | undefined {
  const [wanted, { hard = {}, used = {} }] = [(spec ?? {}) as Counted, (status ?? {}) as Counted];
  const isCounted = Object.keys(hard).every((resource) => used[resource] !== undefined);
  if (isCounted && isDeepStrictEqual(wanted.hard, hard)) return undefined;
  return { usable: false, state: "working", reason: "Progressing", message: "What is used of it is not counted yet." };
}

/** What is used of a quota, as status shows it; undefined before it was counted. */
export function used(quota: KubeObject | undefined): TenantStatus["quota"] {
  const { hard, used = {} } = (quota?.status ?? {}) as Counted;
  return (
    hard &&
    Object.keys(hard)
      .toSorted()
      .map((resource) => ({ resource, used: used[resource] ?? "0", hard: hard[resource] ?? "0" }))
  );
}

/** Without it, a quota of processors or memory refuses every pod that does not say what it needs. */
function limits(within: string, spec: TenantSpec, seen: Seen): Child {
  const { cpu = "100m", memory = "128Mi", memoryLimit = "256Mi" } = spec.limits ?? {};
  const container = {
    type: "Container",
    defaultRequest: { cpu: String(cpu), memory: String(memory) },
    default: { memory: String(memoryLimit) },
  };
  return inside(
    within,
    seen,
    { id: "limits", apiVersion: "v1", kind: "LimitRange" },
    { spec: { limits: [container] } },
  );
}

/** Closed but for DNS and what spec.network opens. What a service needs, its own policy opens. */
function closed(within: string, spec: TenantSpec, seen: Seen): Child {
  const { withinNamespace = "Deny", allowFrom = [] } = spec.network ?? {};
  const each = withinNamespace === "Allow" ? [{ podSelector: {} }] : [];
  const from = [...each, ...allowFrom.toSorted().map(namespace)];
  return inside(
    within,
    seen,
    { id: "network", apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" },
    {
      spec: {
        podSelector: {},
        policyTypes: ["Ingress", "Egress"],
        ...(from.length > 0 ? { ingress: [{ from }] } : {}),
        egress: [dns(), ...(each.length > 0 ? [{ to: each }] : [])],
      },
    },
  );
}

function rights(within: string, spec: TenantSpec, seen: Seen): readonly Child[] {
  const bind = (role: "owner" | "viewer", subjects: TenantSpec["owners"] = []) =>
    subjects.length === 0
      ? []
      : [
          inside(
            within,
            seen,
            {
              id: `${role}s`,
              apiVersion: "rbac.authorization.k8s.io/v1",
              kind: "RoleBinding",
              name: `${FIXED}-${role}s`,
            },
            {
              roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: TENANT_ROLES[role] },
              subjects: subjects.map(({ kind, name }) => ({ apiGroup: "rbac.authorization.k8s.io", kind, name })),
            },
          ),
        ];
  return [...bind("owner", spec.owners), ...bind("viewer", spec.viewers)];
}
