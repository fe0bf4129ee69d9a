import { durationSeconds } from "../../../crds/duration.ts";
import type { OnyxServiceSpec } from "../../../crds/onyxservice.ts";
import type { Seen } from "../../../operator/reconcile/composite-object.ts";
import type { Verdicts } from "../../../operator/reconcile/conditions.ts";
import { referencesOf } from "./bindings.ts";

/**
 * The youngest moment that both clouds restore: DynamoDB's latest restorable time is typically five minutes before now,
 * Firestore keeps each minute. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html
 */
const LEAST_RPO_SECONDS = 300;

/** What a service asks of what it is bound to. */
interface Demand {
  /** Days back to which it must be restorable; 0: none. */
  readonly days: number;
  readonly guarded: boolean;
  /** Field that asks. */
  readonly because: string;
}

const TIERS: Readonly<Record<OnyxServiceSpec["tier"], { readonly days: number; readonly guarded: boolean }>> = {
  Critical: { days: 7, guarded: true },
  Important: { days: 1, guarded: false },
  Standard: { days: 0, guarded: false },
};

interface Bound {
  readonly effective: Readonly<Record<string, unknown>>;
  readonly spec: { readonly deletionPolicy?: string | undefined };
}

/** By kind that holds data: the settings that are missing, each as `field: value`. */
const MISSING: Readonly<Record<string, (bound: Bound, demand: Demand) => readonly string[]>> = {
  Table({ effective, spec }, { days, guarded }) {
    const kept = typeof effective.pointInTimeRecoveryDays === "number" ? effective.pointInTimeRecoveryDays : 0;
    return [
      ...(kept < days ? [`spec.pointInTimeRecovery.days: ${days}${days < 35 ? " or more" : ""}`] : []),
      ...(guarded && effective.deletionProtection !== true ? ["spec.deletionProtection: true"] : []),
      ...(guarded && spec.deletionPolicy === "Delete" ? ["spec.deletionPolicy: Retain or Block"] : []),
    ];
  },
};

/** The condition RecoveryMet: absent where nothing is asked, or nothing that holds data is bound. */
export function recoveryVerdicts(spec: OnyxServiceSpec, seen: Pick<Seen, "reference" | "namespace">): Verdicts {
  const demand = demandOf(spec);
  const references = referencesOf(spec).filter(({ kind }) => MISSING[kind]);
  if (!demand || references.length === 0) return { RecoveryMet: null };
  const { rpo, rto } = spec.recovery ?? {};
  if (rpo !== undefined && durationSeconds(rpo) < LEAST_RPO_SECONDS)
    return no(
      `spec.recovery.rpo is ${rpo}, and the clouds restore to a moment five minutes ago at best: ask for 5m or more.`,
    );
  const lacks = new Set<string>();
  for (const { field, kind, name } of references) {
    const found = seen.reference(field);
    if ("pending" in found)
      return { RecoveryMet: { status: "Unknown", reason: found.pending.reason, message: found.pending.message } };
    const bound: Bound = { effective: found.effective ?? {}, spec: (found.spec ?? {}) as Bound["spec"] };
    const missing = MISSING[kind]?.(bound, demand) ?? [];
    if (missing.length > 0) lacks.add(`${kind} ${seen.namespace}/${name} needs ${missing.join(", ")}.`);
  }
  if (lacks.size > 0) return no(`For ${demand.because}: ${[...lacks].join(" ")}`);
  const unchecked = rto === undefined ? "" : ` Whether a restore takes less than ${rto} hangs on the amount of data.`;
  const message = `What it is bound to has what ${demand.because} asks for.${unchecked}`;
  return { RecoveryMet: { status: "True", reason: "Recoverable", message } };
}

const no = (message: string): Verdicts => ({ RecoveryMet: { status: "False", reason: "NotRecoverable", message } });

function demandOf({ tier, recovery }: OnyxServiceSpec): Demand | undefined {
  const asked = recovery?.rpo !== undefined || recovery?.rto !== undefined;
  const { days, guarded } = TIERS[tier];
  if (days === 0 && !asked) return undefined;
  const because = days > 0 ? `spec.tier ${tier}` : "spec.recovery";
  return { days: Math.max(days, asked ? 1 : 0), guarded, because };
}
