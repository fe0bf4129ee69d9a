import type { ConditionType } from "../../operator/reconcile/conditions.ts";
import { CONDITION_TYPES } from "../../operator/reconcile/conditions.ts";
import { FAULTS, REASONS } from "../../operator/reconcile/reasons.ts";
import { code, table } from "./markdown.ts";
import type { Output } from "./output.ts";
import { MARK } from "./output.ts";

const MEANING: Readonly<Record<ConditionType, string>> = {
  Ready: "True: it can be used now. A failed change of something that works doesn't take this away.",
  Synced: "True: the last pass found the cloud, or the objects it is made of, as spec says, or made it so.",
  Reconciling: "True while work goes on; absent otherwise.",
  Stalled: "True when somebody has to do something; absent otherwise. The reason is that of Synced.",
  Drifted: "True when the cloud differs from spec; absent otherwise. `status.drift` lists the fields.",
  Portable: "False when a field means something else on the other cloud. `status.deviations` lists them.",
  ReferencesResolved: "True: all objects that spec refers to are there and ready.",
  RecoveryMet:
    "OnyxService: False when what it is bound to could not be restored as `tier` and `recovery` ask. It takes Ready from nobody.",
  ReportAccepted:
    "TenantCostSource: False when the last report was refused; what was in force before stays. It takes Ready from nobody.",
  WithinBudget:
    "Tenant: False from the first threshold of its budget on that month to date has reached. It takes Ready from nobody.",
  Paused: "True while it is paused by annotation or switched off in spec; absent otherwise.",
};

const RETRY = {
  backoff: "by itself, after 1 s to 10 min",
  slow: "every 10 to 30 min, and on any change",
  never: "when the spec changes",
} as const;

/** The page of conditions and reasons, from the lists that the code uses. */
export function conditionsPage(): Output {
  const text = [
    "# Conditions and reasons",
    `<!-- ${MARK} from operator/reconcile/reasons.ts. -->`,
    "Every object tells how it goes in `status.conditions`. They follow [kstatus](https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md), so `kubectl wait --for=condition=Ready`, Flux and Argo CD understand them. A message stays the same while nothing changes; what changes with every try, such as the cloud's request id, is in the events.",
    "## Conditions",
    table(
      ["type", "what it says"],
      CONDITION_TYPES.map((type) => [code(type), MEANING[type]]),
    ),
    "## Reasons",
    table(
      ["reason", "what it means"],
      Object.entries(REASONS).map(([reason, meaning]) => [code(reason), meaning]),
    ),
    "## What a cloud's error comes to",
    table(
      ["fault", "reason", "tried again"],
      Object.entries(FAULTS).map(([fault, { reason, retry }]) => [fault, code(reason), RETRY[retry]]),
    ),
  ];
  return { path: "docs/reference/conditions.md", text: `${text.join("\n\n")}\n` };
}
