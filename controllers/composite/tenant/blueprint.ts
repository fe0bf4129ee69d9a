import type { TenantSpec } from "../../../crds/tenant.ts";
import type { Child, InvalidSpec, Seen } from "../../../operator/reconcile/composite-object.ts";
import type { KubeObject } from "../../../operator/reconcile/object.ts";
import { leafHealth } from "../health.ts";
import { FIXED, LABELS, refOf } from "./names.ts";
import { inside } from "./namespace.ts";
import { COPIED } from "./uses.ts";

/** What a copy does not take over: where the original stands, what it is called in the cloud, and that it is off. */
const ITS_OWN = new Set(["environmentRef", "externalName", "enabled", "disabledReason"]);

/** So many copies: status names each of them. */
const MOST = 200;

/** The tenant's copies of what its blueprint holds. */
export function copies(within: string, spec: TenantSpec, seen: Seen): readonly Child[] | InvalidSpec {
  if (!spec.blueprint) return [];
  const wrong = (message: string): InvalidSpec => ({ invalid: { field: "blueprint", message } });
  const { name, tenancy } = seen.environment;
  if (!tenancy)
    return wrong(`Environment ${name} does not say where blueprints are: set spec.tenancy.namespace there.`);
  const all = seen.blueprint(tenancy.namespace, spec.blueprint);
  if (all.length === 0)
    return wrong(
      `Nothing in namespace ${tenancy.namespace} has the label onyx.onelens.io/blueprint: ${spec.blueprint}.`,
    );
  if (all.length > MOST)
    return wrong(
      `The blueprint holds ${all.length} objects; a tenant can have copies of ${MOST}. Split it between tenants.`,
    );
  const odd = all.find(({ kind, metadata }) => !COPIED.includes(kind) || metadata.name === FIXED);
  if (odd)
    return wrong(
      COPIED.includes(odd.kind)
        ? `${odd.kind} ${tenancy.namespace}/${odd.metadata.name} has a name that every tenant uses itself: give it another.`
        : `${odd.kind} ${tenancy.namespace}/${odd.metadata.name} can't be copied; these can: ${COPIED.join(", ")}. Take the label off.`,
    );
  return all
    .filter((object) => isMeantFor(object, spec))
    .toSorted((a, b) => order(a).localeCompare(order(b)))
    .map((object) => copyOf(object, within, spec, seen))
    .filter((child) => !spec.cordoned || seen.live(refOf(child.object)) !== undefined);
}

const order = ({ kind, metadata }: KubeObject) => `${kind}/${metadata.name}`;

const isMeantFor = ({ metadata }: KubeObject, { isolation }: TenantSpec): boolean =>
  metadata.labels?.[LABELS.isolation] !== "Dedicated" || isolation === "Dedicated";

function copyOf(object: KubeObject, within: string, spec: TenantSpec, seen: Seen): Child {
  const { apiVersion, kind, metadata } = object;
  const given = Object.entries((object.spec ?? {}) as object).filter(([field]) => !ITS_OWN.has(field));
  const { environmentRef } = spec;
  return inside(
    within,
    seen,
    { id: `${kind}/${metadata.name}`, apiVersion, kind, name: metadata.name, health: leafHealth },
    { spec: { ...Object.fromEntries(given), ...(environmentRef ? { environmentRef } : {}) } },
  );
}
