import { onyxservice } from "./onyxservice.ts";

/** Every composite kind: one line each. */
export const composites = [onyxservice] as const;
