import { onyxservice } from "./onyxservice.ts";
import { tenant } from "./tenant.ts";

/** Every composite kind: one line each. */
export const composites = [onyxservice, tenant] as const;
