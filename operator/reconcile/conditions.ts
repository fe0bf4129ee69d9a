import type { Reason } from "./reasons.ts";

/** metav1.Condition. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number | undefined;
  /** RFC 3339. Changes only when `status` does. */
  readonly lastTransitionTime: string;
}

/** The conditions there are, in the order in which they are shown. */
export const CONDITION_TYPES = [
  "Ready",
  "Synced",
  "Reconciling",
  "Stalled",
  "Drifted",
  "Portable",
  "ReferencesResolved",
  "RecoveryMet",
  "ReportAccepted",
  "WithinBudget",
  "Paused",
] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];

/** What one pass says of one condition. */
export interface Verdict {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: Reason;
  readonly message: string;
}

/** What one pass says: a verdict sets a condition, null takes it away, what is not named stays as it was. */
export type Verdicts = { readonly [T in ConditionType]?: Verdict | null | undefined };

/** Longest message, in UTF-16 units; what is over it is cut. */
const MAX_MESSAGE = 1024;

/**
 * Conditions after a pass. `lastTransitionTime` moves only with `status`, so a pass that changes nothing gives back
 * equal conditions and no write follows. Conditions of types that aren't ours stay as they are, at the end.
 */
export function mergeConditions(
  previous: readonly Condition[],
  verdicts: Verdicts,
  generation: number,
  now: () => Date,
): readonly Condition[] {
  const merged: Condition[] = [];
  for (const type of CONDITION_TYPES) {
    const before = previous.find((condition) => condition.type === type);
    const verdict = verdicts[type];
    if (verdict === null) continue;
    if (verdict === undefined) {
      if (before) merged.push(before);
      continue;
    }
    merged.push({
      type,
      status: verdict.status,
      reason: verdict.reason,
      message: shortened(verdict.message),
      observedGeneration: generation,
      lastTransitionTime: before?.status === verdict.status ? before.lastTransitionTime : timestamp(now()),
    });
  }
  const others = previous.filter((one) => !CONDITION_TYPES.some((type) => type === one.type));
  return [...merged, ...others];
}

/** RFC 3339 in whole seconds, as Kubernetes keeps times. */
export const timestamp = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, "Z");

/** Half a surrogate pair would come back from the API server as another character, and be written again each pass. */
function shortened(message: string): string {
  const cut = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message;
  return cut.toWellFormed();
}

/** The condition of that type, if it is set. */
export function condition(conditions: readonly Condition[] | undefined, type: ConditionType): Condition | undefined {
  return conditions?.find((one) => one.type === type);
}
