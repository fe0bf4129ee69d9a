import type { TenantSpec, TenantStatus } from "../../crds/tenant.ts";
import type { Child, Composed, Composite, InvalidSpec, Seen } from "../../operator/reconcile/composite-object.ts";
import { copies } from "./tenant/blueprint.ts";
import { billOf, usedOf, withinBudget } from "./tenant/cost.ts";
import { identity } from "./tenant/identity.ts";
import { depart } from "./tenant/leave.ts";
import { namespaceOf } from "./tenant/names.ts";
import { fenced, QUOTA, used } from "./tenant/namespace.ts";
import { rows } from "./tenant/rows.ts";
import { uses } from "./tenant/uses.ts";

/** One customer: its rows in the platform's tables, and by its isolation a namespace, an identity and a blueprint's copy. */
export const tenant: Composite<TenantSpec> = {
  kind: "Tenant",
  uses,
  stopFirst: [],
  references: () => [],
  blueprint: ({ blueprint }) => blueprint,
  compose,
  depart,
};

function compose(spec: TenantSpec, seen: Seen): Composed | InvalidSpec {
  const written = rows(spec, seen);
  if ("invalid" in written) return written;
  const within = namespaceOf(seen.name, spec);
  if (!within) return composed(written, undefined, spec, seen);
  const copied = copies(within, spec, seen);
  if ("invalid" in copied) return copied;
  return composed(
    [...fenced(within, spec, seen), ...identity(within, spec, seen), ...copied, ...written],
    within,
    spec,
    seen,
  );
}

function composed(children: readonly Child[], within: string | undefined, spec: TenantSpec, seen: Seen): Composed {
  const bill = billOf(within, seen);
  return {
    children,
    verdicts: { WithinBudget: withinBudget(spec.budget, bill) },
    summary(live) {
      const monthlyEstimate = within && seen.monthlyCost(within);
      const cost = { ...(monthlyEstimate ? { monthlyEstimate } : {}), ...bill };
      const isThere = children.every(({ id, health }) => {
        const now = live(id);
        return now !== undefined && health?.(now) === undefined;
      });
      return {
        phase: phaseOf(spec, isThere, seen),
        namespace: within,
        objects: within === undefined ? undefined : seen.within(within).length,
        quota: used(live(QUOTA)),
        cost: Object.keys(cost).length > 0 ? cost : undefined,
        budgetUsed: usedOf(spec.budget, bill),
      };
    },
  };
}

/** Onboarding is over once: what is being changed later does not begin it again. */
function phaseOf(spec: TenantSpec, isThere: boolean, seen: Seen): TenantStatus["phase"] {
  const before = (seen.status as TenantStatus | undefined)?.phase;
  if (!isThere && (before === undefined || before === "Onboarding")) return "Onboarding";
  return spec.cordoned ? "Cordoned" : "Active";
}
