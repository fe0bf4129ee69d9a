import type { z } from "zod";

/** A spec as the API server stores it: what the schema refuses is an error here, what it defaults is filled in. */
export function stored<Schema extends z.ZodType>(schema: Schema, spec: unknown): z.output<Schema> {
  const parsed = schema.safeParse(spec);
  if (!parsed.success) throw new Error(`not a spec: ${parsed.error.message}`);
  return parsed.data;
}

/** A tag that every object of the suite has. */
export const TAGS = { stage: "conformance" } as const;
