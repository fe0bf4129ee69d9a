import { z } from "zod";
import { mapList } from "./text.ts";

/** metav1.Condition, each field with the bounds that Kubernetes gives it. */
export const condition = z.strictObject({
  type: z
    .string()
    .max(316)
    .describe(
      "What it is about: Ready, Synced, Reconciling, Stalled, Drifted, Portable, ReferencesResolved, RecoveryMet, ReportAccepted, WithinBudget or Paused.",
    ),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  observedGeneration: z.int().min(0).optional().describe("The generation of spec that it speaks of."),
  lastTransitionTime: z.string().max(64).meta({ format: "date-time" }).describe("When status last changed."),
  reason: z.string().max(1024).describe("Why, in one word: docs/reference/conditions.md lists them."),
  message: z.string().max(32768).describe("Why, for people. It stays the same while nothing changes."),
});

export type Condition = z.output<typeof condition>;

export const conditions = () => mapList(condition, 16, "type").describe("How it goes, one entry a question.");
