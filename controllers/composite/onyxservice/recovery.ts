import { durationSeconds } from "../../../crds/duration.ts";
import { limits } from "../../../crds/limits.ts";
import type { OnyxServiceSpec } from "../../../crds/onyxservice.ts";
import type { Seen } from "../../../operator/reconcile/composite-object.ts";
import type { Verdicts } from "../../../operator/reconcile/conditions.ts";
import { referencesOf } from "./bindings.ts";

/**
 * The youngest moment that both clouds restore, by kind; absent: any. DynamoDB's latest restorable time is typically five minutes before now,
 * Firestore keeps each minute. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html
 */
const LEAST_RPO_SECONDS: Readonly<Record<string, number>> = { Table: 300 };

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
  readonly deletionDefault: string | undefined;
  readonly effective: Readonly<Record<string, unknown>>;
  readonly spec: {
    readonly deletionPolicy?: string | undefined;
    readonly versioning?: boolean | undefined;
    readonly lifecycle?:
      | readonly { readonly name: string; readonly action: string; readonly days: number }[]
      | undefined;
  };
}

const number = (value: unknown): number => (typeof value === "number" ? value : 0);
const retained = ({ spec, deletionDefault }: Bound, { guarded }: Demand): readonly string[] =>
  guarded && (spec.deletionPolicy ?? deletionDefault) === "Delete" ? ["spec.deletionPolicy: Retain or Block"] : [];

/** Soft delete keeps for so many days at least. */
const LEAST_SOFT_DELETE = limits.bucket.softDeleteDays.portable.min;

const LEAST_RECOVERY_DAYS = limits.managedsecret.recoveryDays.portable.min;

/** By kind that holds data: the settings that are missing, each as `field: value`. */
const MISSING: Readonly<Record<string, (bound: Bound, demand: Demand) => readonly string[]>> = {
  /** A value that was deleted is back when its object is made again within the window. */
  ManagedSecret(bound, demand) {
    const kept = number(bound.effective.recoveryDays);
    return [
      ...(kept < demand.days ? [`spec.recoveryDays: ${Math.max(demand.days, LEAST_RECOVERY_DAYS)} or more`] : []),
      ...retained(bound, demand),
    ];
  },
  /** Every key has a window of a week or more; without it nothing can be read that it encrypted. */
  EncryptionKey: retained,
  Table(bound, demand) {
    const { effective } = bound;
    const { days, guarded } = demand;
    const kept = number(effective.pointInTimeRecoveryDays);
    return [
      ...(kept < days ? [`spec.pointInTimeRecovery.days: ${days}${days < 35 ? " or more" : ""}`] : []),
      ...(guarded && effective.deletionProtection !== true ? ["spec.deletionProtection: true"] : []),
      ...retained(bound, demand),
    ];
  },
  /** What was overwritten or deleted is kept as an old version, until a rule takes it, by soft delete, or by retention. */
  Bucket(bound, demand) {
    const { effective, spec } = bound;
    const retention = effective.retention as { readonly days?: number } | null | undefined;
    if (Math.max(number(effective.softDeleteDays), number(retention?.days)) >= demand.days)
      return retained(bound, demand);
    const short = (spec.lifecycle ?? []).filter(
      ({ action, days }) => action === "ExpireNoncurrent" && days < demand.days,
    );
    return [
      ...(effective.versioning === true
        ? []
        : [`spec.versioning: true or spec.softDeleteDays: ${Math.max(demand.days, LEAST_SOFT_DELETE)}`]),
      ...(spec.versioning === true
        ? short.map(({ name }) => `spec.lifecycle[${name}].days: ${demand.days} or more`)
        : []),
      ...retained(bound, demand),
    ];
  },
};

/** The condition RecoveryMet: absent where nothing is asked, or nothing that holds data is bound. */
export function recoveryVerdicts(spec: OnyxServiceSpec, seen: Pick<Seen, "reference" | "namespace">): Verdicts {
  const demand = demandOf(spec);
  const references = referencesOf(spec).filter(({ kind }) => MISSING[kind]);
  if (!demand || references.length === 0) return { RecoveryMet: null };
  const { rpo, rto } = spec.recovery ?? {};
  const least = Math.max(...references.map(({ kind }) => LEAST_RPO_SECONDS[kind] ?? 0));
  if (rpo !== undefined && durationSeconds(rpo) < least)
    return no(
      `spec.recovery.rpo is ${rpo}, and the clouds restore a table to a moment five minutes ago at best: ask for 5m or more.`,
    );
  const lacks = new Set<string>();
  for (const { field, kind, name } of references) {
    const found = seen.reference(field);
    if ("pending" in found)
      return { RecoveryMet: { status: "Unknown", reason: found.pending.reason, message: found.pending.message } };
    const bound: Bound = {
      effective: found.effective ?? {},
      spec: (found.spec ?? {}) as Bound["spec"],
      deletionDefault: found.deletionDefault,
    };
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
