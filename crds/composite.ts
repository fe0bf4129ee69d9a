import { z } from "zod";
import { conditions } from "./conditions.ts";
import { list } from "./text.ts";

/** What the status of every composite has. */
export const compositeStatus = {
  observedGeneration: z.int().min(0).optional().describe("The generation of spec that this status speaks of."),
  conditions: conditions().optional(),
  environment: z.string().max(253).optional().describe("The Environment that it stands in."),
  inventory: list(
    z.strictObject({
      apiVersion: z.string().max(317).describe("Group and version, such as apps/v1."),
      kind: z.string().max(63).describe("Kind."),
      namespace: z
        .string()
        .max(63)
        .optional()
        .describe("Namespace. Absent: that of this object, or none, for what belongs to none."),
      name: z.string().max(253).describe("Name."),
    }),
    256,
  )
    .optional()
    .describe("The objects that it is made of, recorded before they are made."),
  lastHandledReconcileAt: z
    .string()
    .max(256)
    .optional()
    .describe("Value of the annotation onyx.onelens.io/reconcile-requested-at that was last acted on."),
};
