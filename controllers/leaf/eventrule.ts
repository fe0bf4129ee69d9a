import { canonicalCron } from "../../crds/cron.ts";
import type { EventRuleSpec } from "../../crds/eventrule.ts";
import type { Leaf } from "../../operator/reconcile/leaf-object.ts";
import { overridesFor, overridesSpec } from "./overrides.ts";
import type { EventRuleWant } from "./wants.ts";

/** A message at given times: EventBridge Scheduler, or Cloud Scheduler. */
export const eventRule: Leaf<EventRuleSpec, EventRuleWant> = {
  kind: "EventRule",
  dataBearing: false,
  // A schedule's name has 64 characters, and so has that of its role, which ends in `-target`.
  nameLimit: 57,
  references: ({ target }) =>
    target.queueRef?.name ? [{ field: "target.queueRef", kind: "Queue", name: target.queueRef.name }] : [],
  want: (spec, given) => {
    const target = given.target("target.queueRef");
    return {
      schedule: { cron: canonicalCron(spec.schedule.cron), timezone: spec.schedule.timezone ?? "UTC" },
      target: { id: spec.target.queueRef?.external ?? target.outputs.QUEUE_ID ?? "", via: [] },
      targetIs: {
        kind: "Queue",
        ordered: target.effective.ordering === "PerKey",
        encryptionKey: (target.effective.encryptionKey as string | undefined) ?? null,
      },
      input: spec.input,
      suspended: spec.suspended,
      overrides: overridesFor(spec, given.cloud),
      tags: given.tags,
    };
  },
  specOf: (actual, naming) => ({
    schedule: actual.schedule ?? undefined,
    target: actual.target && { queueRef: naming.reference("Queue", actual.target.id) },
    input: actual.input,
    suspended: actual.suspended,
    overrides: overridesSpec(actual.overrides, naming.cloud),
  }),
};
