import { z } from "zod";
import { conditions } from "./conditions.ts";
import { localReference, reference } from "./refs.ts";
import type { Rule } from "./rules.ts";
import { setOnce, withRules } from "./rules.ts";
import { tags } from "./tags.ts";
import { formed, list, text } from "./text.ts";

/** `enabled` with its reason: part of every kind that can be switched off. */
export const switchable = {
  enabled: z
    .boolean()
    .default(true)
    .describe("False: the object is kept but switched off; what it stands for is left as it is, and not changed."),
  disabledReason: text(512).optional().describe("Why it is switched off. Needed when enabled is false."),
};

/** Whoever switches something off says why: the next person will ask. */
export const disabledNeedsReason: Rule = {
  rule: "self.enabled || has(self.disabledReason)",
  message: "enabled is false, so disabledReason must say why",
  reason: "FieldValueRequired",
  fieldPath: ".disabledReason",
};

export const deletionPolicy = () => z.enum(["Delete", "Retain", "Block"]);
export type DeletionPolicy = z.output<ReturnType<typeof deletionPolicy>>;

const common = {
  environmentRef: localReference("Environment")
    .optional()
    .describe("The Environment that it stands in. Absent: the one that is marked as default."),
  externalName: formed(
    /^[A-Za-z][A-Za-z0-9._-]*$/,
    255,
    "externalName must begin with a letter, then letters, digits, '.', '_' and '-'",
  )
    .optional()
    .describe(
      "Its name in the cloud. Absent: made of the Environment's prefix, namespace and name, with a hash. It can't be changed once it is set.",
    ),
  deletionPolicy: deletionPolicy()
    .optional()
    .describe(
      "What happens in the cloud when this object is deleted. Delete: it goes too. Retain: it stays and is no longer ours. Block: the object can't go while it exists. Absent: the Environment's default for the kind, else Retain for what holds data and Delete for the rest.",
    ),
  managementPolicy: z
    .enum(["Manage", "Observe", "CreateOnly"])
    .default("Manage")
    .describe(
      "Manage: create, change and delete it. Observe: only look, and report what is there. CreateOnly: create it, then leave it alone.",
    ),
  adoptionPolicy: z
    .enum(["Never", "Adopt", "AdoptOrCreate"])
    .default("Never")
    .describe(
      "What to do when something of that name is there that carries no mark of ours. Never: refuse it. Adopt: take it over; wait while there is none. AdoptOrCreate: take it over, or create it.",
    ),
  driftPolicy: z
    .enum(["Correct", "Report", "Ignore"])
    .default("Correct")
    .describe(
      "What to do when the cloud differs from spec without a change of spec. Correct: set it right and say so. Report: only say so. Ignore: neither.",
    ),
  portability: z
    .enum(["Strict", "Warn"])
    .default("Strict")
    .describe(
      "Strict: refuse what doesn't mean the same on both clouds. Warn: do what this cloud can and show the difference in the condition Portable.",
    ),
  tags: tags()
    .optional()
    .describe("Tags (AWS) or labels (GCP) of the resource, beside those of the Environment and our own."),
  ...switchable,
};

/** Customer-managed encryption, for the kinds that have it. */
export const encryption = () =>
  z
    .strictObject({
      keyRef: reference("EncryptionKey", "KEY_ID").describe("The key."),
    })
    .optional()
    .describe("Encrypt with this key. Absent: the key that the cloud manages.");

/** The spec of a cloud resource: the fields of its kind, then what every one has. */
export function leafSpec<Fields extends z.ZodRawShape, Aws extends z.ZodRawShape, Gcp extends z.ZodRawShape>(
  fields: Fields,
  overrides: { aws: Aws; gcp: Gcp },
  ...rules: readonly Rule[]
) {
  const spec = z.strictObject({
    ...fields,
    ...common,
    overrides: z
      .strictObject({
        aws: z.strictObject(overrides.aws).optional().describe("For AWS only; GCP doesn't see it."),
        gcp: z.strictObject(overrides.gcp).optional().describe("For GCP only; AWS doesn't see it."),
      })
      .optional()
      .describe(
        "Settings that one cloud has and the other has not. Using one is shown as Portable=False (CloudSpecific).",
      ),
  });
  return withRules(
    spec,
    ...rules,
    disabledNeedsReason,
    setOnce("externalName", "it is the identity of a resource in the cloud; make a new object instead"),
  );
}

/** A value of status that the cloud or the diff gives: JSON as text where it is no string. */
const shown = () => z.string().max(65_536);

/** The status of a cloud resource. `outputs` are the keys that the kind promises. */
export const leafStatus = () =>
  z.strictObject({
    observedGeneration: z.int().min(0).optional().describe("The generation of spec that this status speaks of."),
    conditions: conditions().optional(),
    environment: z.string().max(253).optional().describe("The Environment that it was made in. Pinned at creation."),
    cloud: z.enum(["aws", "gcp"]).optional().describe("The cloud that it is in. Pinned at creation."),
    account: z.string().max(63).optional().describe("AWS account or GCP project that it is in. Pinned at creation."),
    region: z.string().max(63).optional().describe("Region that it is in. Pinned at creation."),
    externalId: z
      .string()
      .max(2048)
      .optional()
      .describe("The cloud's id: ARN or full resource name. Pinned at creation."),
    externalName: z.string().max(512).optional().describe("The name in the cloud. Pinned before creation."),
    createdAt: z
      .string()
      .max(64)
      .meta({ format: "date-time" })
      .optional()
      .describe("When the operator made it in the cloud. Absent: it was there before."),
    appliedHash: z
      .string()
      .max(64)
      .optional()
      .describe("Hash of what was last seen in force: tells a new wish from a change behind our back."),
    effective: z
      .record(z.string(), z.unknown())
      .meta({ "x-kubernetes-preserve-unknown-fields": true })
      .optional()
      .describe("What it has in the cloud, in the neutral fields of the kind, with the values that the cloud chose."),
    outputs: z
      .record(z.string(), z.string().max(2048).describe("Value."))
      .meta({ maxProperties: 32 })
      .optional()
      .describe("What users of it need to know, under the same names on both clouds."),
    drift: list(
      z.strictObject({
        field: z.string().max(253).describe("Path of the field in the neutral form of the kind."),
        want: shown().describe("What spec asks for."),
        actual: shown().describe("What the cloud has."),
      }),
      64,
    )
      .optional()
      .describe("Where the cloud differs from spec."),
    footprint: list(z.string().max(2048).describe("A place, in the cloud's own words."), 1024)
      .optional()
      .describe("Places outside the resource itself where it leaves traces, recorded before the first write there."),
    deviations: list(
      z.strictObject({
        field: z.string().max(253).describe("Path in spec."),
        kind: z.enum(["Clamped", "Emulated", "CloudSpecific", "Covered"]).describe("How it differs."),
        message: z.string().max(32_768).describe("What was asked and what is given."),
      }),
      64,
    )
      .optional()
      .describe("Where this cloud does not do just what spec asks."),
    overridesInUse: list(z.string().max(253).describe("Path in spec."), 64)
      .optional()
      .describe("Settings under spec.overrides that apply here."),
    cost: z
      .strictObject({
        monthlyEstimate: text(64).describe(
          "What it costs a month whether it is used or not, with the currency: 12.40 USD. Without what is under unknown.",
        ),
        byUse: list(text(512).describe("What is paid for, and its rate."), 32)
          .optional()
          .describe("What is paid by use: rates, before free tiers and discounts."),
        unknown: list(text(512).describe("What is paid for."), 32)
          .optional()
          .describe("What is paid for without a price that we know."),
        prices: text(128).describe("Region and day of the list prices: us-east-1 2026-11-23."),
      })
      .optional()
      .describe("What it costs by the cloud's list prices. docs/guides/cost.md tells what is in it and what is not."),
    replaced: list(
      z.strictObject({
        externalName: z.string().max(512).describe("Its name in the cloud."),
        externalId: z.string().max(2048).describe("The cloud's id of it."),
        keep: z.boolean().describe("It holds data or is to be retained, and is never deleted."),
        state: z
          .enum(["Waiting", "Kept"])
          .describe("Waiting: for the new one to be ready. Kept: it stays in the cloud and is no longer ours."),
      }),
      16,
    )
      .optional()
      .describe("Resources that one of this object took the place of, with approval."),
    approval: z
      .strictObject({
        act: z.enum(["recreate", "replace", "destroy", "lock"]).describe("What would be done."),
        word: z.string().max(64).describe("The value that the annotation onyx.onelens.io/approve must have."),
        loses: z.string().max(8192).describe("What is lost, and what stays."),
        changes: list(
          z.strictObject({
            field: z.string().max(253).describe("Path of the field in the neutral form of the kind."),
            want: shown().describe("What spec asks for."),
            actual: shown().describe("What the cloud has."),
          }),
          64,
        )
          .optional()
          .describe("The changes that make it necessary."),
      })
      .optional()
      .describe("What waits for your word: `onyx approve` shows it and gives it."),
    lastHandledReconcileAt: z
      .string()
      .max(256)
      .optional()
      .describe("Value of the annotation onyx.onelens.io/reconcile-requested-at that was last acted on."),
  });

/** What every cloud resource can be selected by: `kubectl get queues --field-selector status.cloud=gcp`. */
export const leafSelectableFields: readonly string[] = [
  ".spec.enabled",
  ".spec.deletionPolicy",
  ".spec.environmentRef.name",
  ".status.cloud",
  ".status.environment",
];
