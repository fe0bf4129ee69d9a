import { createHash } from "node:crypto";
import { GROUP } from "../../../crds/define.ts";
import type { TenantSpec } from "../../../crds/tenant.ts";
import type { ChildRef } from "../../../operator/reconcile/composite-object.ts";
import type { KubeObject } from "../../../operator/reconcile/object.ts";

/** Labels of what is a tenant's. */
export const LABELS = {
  tenant: `${GROUP}/tenant`,
  environment: `${GROUP}/environment`,
  plan: `${GROUP}/plan`,
  cordoned: `${GROUP}/cordoned`,
  /** Of a namespace: the nodes that its pods run on. The chart's policies put pods there. */
  nodePool: `${GROUP}/node-pool`,
  /** Of an object of a blueprint: only for tenants that are as far apart. */
  isolation: `${GROUP}/isolation`,
} as const;

/** How an object is named to who looks it up or removes it. */
export const refOf = ({ apiVersion, kind, metadata: { namespace, name } }: KubeObject): ChildRef => ({
  apiVersion,
  kind,
  ...(namespace ? { namespace } : {}),
  name,
});

/** What is made in every tenant's namespace. */
export const FIXED = "onyx-tenant";

/** Its namespace; undefined where it has none. */
export const namespaceOf = (tenant: string, spec: TenantSpec): string | undefined =>
  spec.isolation === "Shared" ? undefined : (spec.namespaceName ?? `tenant-${tenant}`);

/** The TableItem of its row in the table of tenants. */
export const rowName = (tenant: string): string => `tenant-${tenant}`;

/** The TableItem of a domain: the same whoever claims the domain, so that only one can. */
export const domainName = (domain: string): string =>
  `sso-${domain.replaceAll(".", "-").slice(0, 40).replace(/-+$/, "")}-${shortHash(domain)}`;

/** The TableItem of the row that stays. */
export const leftName = (tenant: string, uid: string): string => `left-${tenant}-${shortHash(uid)}`;

const shortHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 8);
