import { tenant } from "../../controllers/composite/tenant.ts";
import type { TenantSpecInput } from "../../crds/tenant.ts";
import type { Over } from "../../operator/provider/conformance/kind-under-test.ts";
import { byKind } from "../../operator/provider/conformance/tried.ts";
import type { CompositeObject } from "../../operator/reconcile/composite-object.ts";
import { condition } from "../../operator/reconcile/conditions.ts";
import { BLUEPRINT_LABEL } from "../../operator/reconcile/object.ts";
import type { KubeObject } from "../../operator/runtime/resource.ts";
import { applyTo, ours } from "../support/managed.ts";
import { environmentOf } from "../support/side.ts";
import { ownType } from "./collections.ts";
import type { Lane } from "./lane.ts";
import { childrenOf, type LiveComposite } from "./services.ts";
import { conditionsInWords, FIELD_MANAGER, liveSubject } from "./subject.ts";

const ENVIRONMENT = "tenants";
/** The queue of the blueprint. */
const COPIED = "copied";
const TABLES = { tenants: "tenants", audit: "audit" };

const SPEC: TenantSpecInput = {
  isolation: "Namespace",
  plan: "starter",
  blueprint: "standard",
  quota: { objects: { Queue: 3 } },
  owners: [{ kind: "Group", name: "people" }],
};
/** Children change, one comes and two go. */
export const OTHER_TENANT: Over = {
  isolation: "Dedicated",
  plan: "business",
  quota: undefined,
  owners: undefined,
  viewers: [{ kind: "User", name: "ann" }],
};

/** Makes the tables of tenants, an Environment that names them, and a blueprint. @returns what every tenant's spec has besides */
export async function tenancyIn(lane: Lane, namespace: string): Promise<Over> {
  const environment = environmentOf(lane.side.cloud);
  const tenancy = { namespace, tenantTable: { name: TABLES.tenants }, auditTable: { name: TABLES.audit } };
  const environmentRef = { name: ENVIRONMENT };
  const table = (name: string, more = {}) =>
    ours("Table", name, { environmentRef, partitionKey: { name: "tenant", type: "String" }, ...more }, namespace);
  const queue = ours("Queue", COPIED, {}, namespace);
  await applyTo(
    lane.cluster,
    { ...environment, metadata: { name: ENVIRONMENT }, spec: { ...environment.spec, tenancy } },
    table(TABLES.tenants),
    table(TABLES.audit, { sortKey: { name: "at", type: "String" } }),
    { ...queue, metadata: { ...queue.metadata, labels: { [BLUEPRINT_LABEL]: "standard" } } },
  );
  const areReady = async () => {
    const found = await lane.api.client.list<KubeObject & CompositeObject>(ownType("Table"), { namespace });
    return found.items.every(({ status }) => condition(status?.conditions, "Ready")?.status === "True");
  };
  await lane.until("the tables of tenants", areReady);
  return { environmentRef };
}

/** A Tenant in a lane. @param always what its spec has besides, whatever is changed */
export function liveTenant(lane: Lane, name: string, always: Over): LiveComposite {
  const type = ownType("Tenant");
  const queues = byKind(lane.kinds).get("Queue");
  if (!queues) throw new Error(`There is no Queue on ${lane.side.name}.`);
  const queue = liveSubject(lane, queues, `tenant-${name}`, COPIED);
  let last: CompositeObject | undefined;
  const find = async () => {
    const found = await lane.api.client.find<CompositeObject & KubeObject>(type, { name });
    last = found ?? last;
    return found;
  };
  const children = () => childrenOf(lane, tenant.uses, { kind: type.kind, name });
  return {
    title: "Tenant",
    async apply(over) {
      await lane.api.client.patch(type, { name }, ours(type.kind, name, { ...SPEC, ...over, ...always }), {
        as: "apply",
        force: true,
        fieldManager: FIELD_MANAGER,
      });
    },
    remove: async () => void (await lane.api.client.delete(type, { name })),
    async isReady() {
      const found = await find();
      const { status, metadata } = found ?? {};
      if (metadata === undefined || status?.observedGeneration !== metadata.generation) return false;
      const holds = (one: "Ready" | "Synced") => condition(status?.conditions, one)?.status === "True";
      return holds("Ready") && holds("Synced") && (await queue.isReady());
    },
    isGone: async () => (await find()) === undefined && (await children()).size === 0,
    count: () => queue.count(),
    told: () => conditionsInWords(last?.status?.conditions),
    children,
  };
}
