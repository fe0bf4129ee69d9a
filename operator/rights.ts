import type { Kind } from "../crds/define.ts";
import { TENANT_ROLES } from "../crds/tenant.ts";
import { CHILD_VERBS, type ChildKind } from "./reconcile/composite-object.ts";
import { EVENTS } from "./runtime/events.ts";
import { LEASES } from "./runtime/lease-record.ts";
import type { ResourceType } from "./runtime/resource.ts";
import { SECRETS } from "./runtime/secrets.ts";
import { SERVICE_ACCOUNTS } from "./runtime/tokens.ts";

/** A rule of rbac.authorization.k8s.io/v1. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** What is made of other objects, as far as rights go. */
export interface Maker {
  readonly kind: string;
  readonly uses: readonly ChildKind[];
}

/** All that the operator does with the Kubernetes API, besides reading the Secrets that its chart is told of by name. */
export interface Rights {
  /** In the whole cluster. */
  readonly cluster: readonly PolicyRule[];
  /** In each namespace that is watched. */
  readonly namespaced: readonly PolicyRule[];
  /** In the whole cluster, where it is to serve Tenants: they make namespaces, and give rights in them. */
  readonly tenants: readonly PolicyRule[];
  /** In each namespace that is watched, and in `default`, where the events of cluster-scoped objects are. */
  readonly events: readonly PolicyRule[];
  /** In the namespaces whose Secrets it may read, which the chart is told one by one. */
  readonly secrets: readonly PolicyRule[];
  /** In the namespaces in which it may keep Secrets, which the chart is told one by one. */
  readonly secretSync: readonly PolicyRule[];
  /** On the ServiceAccounts that it may act as in a cloud, which the chart is told one by one. */
  readonly identities: readonly PolicyRule[];
  /** In the operator's own namespace. */
  readonly lease: readonly PolicyRule[];
}

/** Caches list and watch; the finalizer is a patch. */
const OWN_VERBS = ["list", "watch", "patch"];
/** Before a cloud is changed for what was last written before this process led, it is asked whether that still stands. */
const LEAF_VERBS = ["get", ...OWN_VERBS];
/** One whose time after its end is over is deleted. */
const RUN_VERBS = [...OWN_VERBS, "delete"];
const VERBS: Readonly<Record<Kind["role"], readonly string[]>> = {
  platform: OWN_VERBS,
  leaf: LEAF_VERBS,
  composite: OWN_VERBS,
  run: RUN_VERBS,
};
const STATUS_VERBS = ["patch"];
/** A repeated event is a patch of its series. */
const EVENT_VERBS = ["create", "patch"];
/** By name only: whoever may list or watch them may read them all. */
const SECRET_VERBS = ["get"];
/** What is ours is told by labels, which RBAC can't see: the chart's admission policy holds it to them. */
const SECRET_SYNC_VERBS = ["get", "create", "patch", "delete"];
/** Of a subresource, whose object has a name that RBAC can tell. */
const TOKEN_VERBS = ["create"];
/** Apart, since the name of what is created can't be told by RBAC. */
const LEASE_VERBS = [["create"], ["get", "patch"]];

/** The verbs that the code uses, from the kinds and from what composites are made of. Pure and sorted. */
export function rightsOf(kinds: readonly Kind[], composites: readonly Maker[]): Rights {
  const own = (which: (kind: Kind) => boolean): Use[] =>
    kinds.filter(which).flatMap(({ group, plural, role }) => [
      { group, resource: plural, verbs: VERBS[role] },
      { group, resource: `${plural}/status`, verbs: STATUS_VERBS },
    ]);
  const isClusterWide = (name: string) => kinds.some(({ kind, scope }) => kind === name && scope === "Cluster");
  const made = (clusterWide: boolean) =>
    composites
      .filter(({ kind }) => isClusterWide(kind) === clusterWide)
      .flatMap(({ uses }) => uses)
      .map((kind) => ({ group: kind.group, resource: kind.plural, verbs: verbsOf(kind) }));
  return {
    cluster: rulesOf(own(({ scope, role }) => scope === "Cluster" && role !== "composite")),
    namespaced: rulesOf([...own(({ scope }) => scope === "Namespaced"), ...made(false)]),
    tenants: [
      ...rulesOf([...own(({ scope, role }) => scope === "Cluster" && role === "composite"), ...made(true)]),
      BIND,
    ],
    events: rulesOf([use(EVENTS, EVENT_VERBS)]),
    secrets: rulesOf([use(SECRETS, SECRET_VERBS)]),
    secretSync: rulesOf([use(SECRETS, SECRET_SYNC_VERBS)]),
    identities: rulesOf([{ ...use(SERVICE_ACCOUNTS, TOKEN_VERBS), resource: `${SERVICE_ACCOUNTS.plural}/token` }]),
    lease: LEASE_VERBS.flatMap((verbs) => rulesOf([use(LEASES, verbs)])),
  };
}

/** To give rights in a tenant's namespace by these two roles, and by no other, without having them all. */
const BIND: PolicyRule = {
  apiGroups: ["rbac.authorization.k8s.io"],
  resources: ["clusterroles"],
  resourceNames: Object.values(TENANT_ROLES),
  verbs: ["bind"],
};

function verbsOf({ permanent, onlyRemoved }: ChildKind): readonly string[] {
  if (onlyRemoved) return ["delete"];
  return permanent ? CHILD_VERBS.filter((verb) => verb !== "delete") : CHILD_VERBS;
}

interface Use {
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
}

const use = ({ group, plural }: ResourceType, verbs: readonly string[]): Use => ({ group, resource: plural, verbs });

const ORDER = ["get", "list", "watch", "create", "patch", "delete"];

/** One rule for all resources of a group that are used alike. */
function rulesOf(uses: readonly Use[]): readonly PolicyRule[] {
  const verbs = new Map<string, Set<string>>();
  for (const { group, resource, verbs: more } of uses) {
    const key = `${group}\0${resource}`;
    verbs.set(key, new Set([...(verbs.get(key) ?? []), ...more]));
  }
  const rules = new Map<string, { group: string; resources: string[]; verbs: string[] }>();
  for (const [key, set] of verbs) {
    const [group = "", resource = ""] = key.split("\0");
    const sorted = [...set].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
    const alike = `${group}\0${sorted.join()}`;
    const rule = rules.get(alike) ?? { group, resources: [], verbs: sorted };
    rule.resources.push(resource);
    rules.set(alike, rule);
  }
  return [...rules.values()]
    .map((rule) => ({ apiGroups: [rule.group], resources: rule.resources.sort(), verbs: rule.verbs }))
    .sort((a, b) => compare(nameOf(a), nameOf(b)));
}

const nameOf = (rule: PolicyRule) => `${rule.apiGroups[0]}/${rule.resources[0]}`;
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
