import { onyxservice } from "./onyxservice.ts";
import { tenant } from "./tenant.ts";
import { tenantcostsource } from "./tenantcostsource.ts";

/** Every composite kind: one line each. */
export const composites = [onyxservice, tenant, tenantcostsource] as const;
