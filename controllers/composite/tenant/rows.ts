import { createHash } from "node:crypto";
import { API_VERSION } from "../../../crds/define.ts";
import type { TenantSpec } from "../../../crds/tenant.ts";
import type { Child, InvalidSpec, Seen, Tenancy, TenancyTable } from "../../../operator/reconcile/composite-object.ts";
import { leafHealth } from "../health.ts";
import { domainName, LABELS, leftName, namespaceOf, rowName } from "./names.ts";

/** What the row of an off-boarded tenant says. */
export interface Left {
  readonly uid: string;
  /** RFC 3339: when it was deleted. */
  readonly at: string;
  readonly removed: number;
  readonly retained: readonly { readonly [field: string]: string }[];
  /** Kinds that the cloud was searched for in the end, and those that it could not be. */
  readonly searched: readonly string[];
  readonly unsearched: readonly string[];
}

/** So many of what is retained stand in the row that stays; an item has room for no more. */
const LISTED = 100;

/** The tenant's rows in the platform's tables: its own, and one a domain. */
export function rows(spec: TenantSpec, seen: Seen): readonly Child[] | InvalidSpec {
  const { tenancy } = seen.environment;
  const { sso = [] } = spec;
  const lacking = (field: string, table: string): InvalidSpec => ({
    invalid: {
      field,
      message: `Environment ${seen.environment.name} names no table for it: set spec.tenancy.${table} there.`,
    },
  });
  if (spec.isolation === "Shared" && !tenancy?.tenantTable) return lacking("isolation", "tenantTable");
  if (sso.length > 0 && !tenancy?.ssoTable) return lacking("sso", "ssoTable");
  if (!tenancy) return [];
  const { tenantTable, ssoTable } = tenancy;
  return [
    ...(tenantTable
      ? [row(spec, seen, tenancy, tenantTable, { name: rowName(seen.name), key: seen.name }, attributesOf(spec, seen))]
      : []),
    ...(ssoTable
      ? sso.map(({ domain, provider }) =>
          row(
            spec,
            seen,
            tenancy,
            ssoTable,
            { name: domainName(domain), key: domain },
            { tenant: seen.name, ...(provider ? { provider } : {}) },
          ),
        )
      : []),
  ];
}

/** What services read of a tenant. docs/guides/tenants.md has it. */
function attributesOf(spec: TenantSpec, seen: Seen): Readonly<Record<string, unknown>> {
  const namespace = namespaceOf(seen.name, spec);
  return {
    displayName: spec.displayName ?? seen.name,
    isolation: spec.isolation,
    cordoned: spec.cordoned,
    ...(spec.plan ? { plan: spec.plan } : {}),
    ...(namespace ? { namespace } : {}),
    domains: (spec.sso ?? []).map(({ domain }) => domain).toSorted(),
    integrations: (spec.integrations ?? []).toSorted(),
    branding: spec.branding ?? {},
  };
}

function row(
  spec: TenantSpec,
  seen: Seen,
  tenancy: Tenancy,
  table: TenancyTable,
  { name, key }: { readonly name: string; readonly key: string },
  attributes: Readonly<Record<string, unknown>>,
  deletionPolicy: "Delete" | "Retain" = "Delete",
): Child {
  return {
    id: name,
    health: leafHealth,
    object: {
      apiVersion: API_VERSION,
      kind: "TableItem",
      metadata: { namespace: tenancy.namespace, name, labels: { [LABELS.tenant]: seen.name } },
      spec: {
        ...(spec.environmentRef ? { environmentRef: spec.environmentRef } : {}),
        deletionPolicy,
        tableRef: { name: table.name },
        key: { partition: key, ...(table.sort === undefined ? {} : { sort: table.sort }) },
        attributes,
      },
    },
  };
}

/** The row that stays when a tenant has gone: what was removed and what was not, with a digest over it. */
export function leftRow(spec: TenantSpec, seen: Seen, left: Left): readonly Child[] {
  const { tenancy } = seen.environment;
  if (!tenancy?.auditTable) return [];
  const said = {
    event: "Offboarded",
    uid: left.uid,
    isolation: spec.isolation,
    ...(spec.plan ? { plan: spec.plan } : {}),
    removed: left.removed,
    retainedCount: left.retained.length,
    retained: left.retained.slice(0, LISTED),
    searched: left.searched,
    unsearched: left.unsearched,
  };
  const digest = createHash("sha256")
    .update(JSON.stringify({ tenant: seen.name, at: left.at, ...said }))
    .digest("hex");
  const table = { name: tenancy.auditTable.name, sort: left.at };
  const named = { name: leftName(seen.name, left.uid), key: seen.name };
  return [row(spec, seen, tenancy, table, named, { ...said, digest }, "Retain")];
}
