import { z } from "zod";
import { leafColumns } from "./columns.ts";
import type { ObjectOf, SpecOf, StatusOf } from "./define.ts";
import { defineKind } from "./define.ts";
import { duration, durationText, durationWithin, isDurationCel } from "./duration.ts";
import { encryption, leafSelectableFields, leafSpec, leafStatus } from "./leaf.ts";
import { limits } from "./limits.ts";
import { exactlyOne, withRules } from "./rules.ts";
import { formed, list, map, mapList, objectName, text } from "./text.ts";

const limit = limits.managedsecret;

/** Names of keys in a Kubernetes Secret. */
const dataKey = () => formed(/^[-._a-zA-Z0-9]+$/, 253, "must be a key of a Secret: letters, digits, '-', '_' and '.'");

const valueFrom = z.strictObject({
  secretRef: z
    .strictObject({
      name: objectName().describe("Name of the Secret, in the namespace of this object."),
      key: dataKey().describe("The key whose content is the value, byte by byte."),
    })
    .describe("A Kubernetes Secret. A change of it becomes a new version within two minutes."),
});

/** One value as a whole: server-side apply makes a null of an object from which each field was taken. */
const generate = z
  .strictObject({
    length: z.int().min(16).max(1024).optional().describe("Number of characters. Absent: 32."),
    charset: z
      .enum(["Alphanumeric", "Hex", "Base64Url", "Printable"])
      .optional()
      .describe(
        "Characters it is made of; absent: Alphanumeric. Alphanumeric: A-Z, a-z, 0-9. Hex: 0-9, a-f. Base64Url: Alphanumeric, '-' and '_'. Printable: those of ASCII but for space, quotes, backslash and '@' and '/', which break connection strings.",
      ),
    revision: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe(
        "Absent: 1. Raise it to have a new value made now. The value before stays readable as the previous version.",
      ),
  })
  .meta({ "x-kubernetes-map-type": "atomic" });

const rotation = withRules(
  z.strictObject({
    every: durationWithin("every", limit.rotationEvery.portable).describe("Age at which a value is replaced."),
    overlap: duration()
      .optional()
      .describe(
        "How long the previous value can still be read after a rotation. Then it is disabled, not destroyed. Absent: 24h, or half of every where that is less.",
      ),
  }),
  {
    rule: `!has(self.overlap) || !${isDurationCel("self.every")} || !${isDurationCel("self.overlap")} || duration(self.overlap) < duration(self.every)`,
    message: "overlap must be shorter than every",
    fieldPath: ".overlap",
  },
);

/** Labels that tell whose the Secret is. */
const OUR_LABELS =
  "key.startsWith('onyx.onelens.io/') || key in ['app.kubernetes.io/managed-by', 'app.kubernetes.io/name']";

const syncTo = withRules(
  z.strictObject({
    name: objectName().describe(
      "Name of the Secret, in the namespace of this object. One that is there without our marks is left alone, and the condition Synced says so.",
    ),
    key: dataKey().optional().describe("The key whose content is the value in force, byte by byte. Absent: value."),
    previousKey: dataKey()
      .optional()
      .describe(
        "The key whose content is the value before, for as long as the cloud gives it: with rotation, until the overlap is over. Absent: only the value in force is written.",
      ),
    labels: withRules(
      map(
        formed(/^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$/, 63, "must be the value of a label").describe("Value."),
        {
          key: /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/,
          what: "keys must be keys of labels",
          maxProperties: 16,
        },
      ),
      {
        rule: `!self.exists(key, ${OUR_LABELS})`,
        message: "these labels tell whose the Secret is: the operator sets them",
        reason: "FieldValueForbidden",
      },
    )
      .optional()
      .describe("Labels of the Secret, beside ours."),
  }),
  {
    rule: "!has(self.previousKey) || self.previousKey != (has(self.key) ? self.key : 'value')",
    message: "previousKey must be another key than key",
    fieldPath: ".previousKey",
  },
);

const { min: leastDays, max: mostDays, default: usualDays } = limit.recoveryDays.portable;

const spec = leafSpec(
  {
    valueFrom: valueFrom.optional().describe("The value is taken from a Kubernetes Secret."),
    generate: generate
      .optional()
      .describe(
        "The value is made by the operator, once, and is nowhere but in the cloud, and in the copy that syncTo asks for. Give {} for 32 characters.",
      ),
    external: z
      .strictObject({})
      .optional()
      .describe(
        "The value is put into the cloud's secret by somebody else: the operator neither makes nor changes it. Give {}; the secret must be there, so it goes with adoptionPolicy Adopt. A new version is told within resyncInterval of the chart.",
      ),
    rotation: rotation.optional().describe("Replace a generated value regularly. Absent: it stays as it is."),
    syncTo: syncTo
      .optional()
      .describe(
        "Keep a copy in a Kubernetes Secret, for what can't read it from the cloud. Whoever may read Secrets in the namespace can read it there. Written anew within two minutes when somebody changes or deletes it, or when the value changes; the pods of services that take their variables from it start anew then. Deleted with this object, or retained by deletionPolicy Retain. The chart's secretSyncNamespaces must list the namespace.",
      ),
    recoveryDays: z
      .int()
      .min(0)
      .max(mostDays)
      .default(usualDays)
      .describe(
        `Days, ${leastDays} to ${mostDays}, in which a deleted secret can be had back: apply the same object again. Its name is taken until then. 0: it is gone at once.`,
      ),
    encryption: encryption().describe(
      "Encrypt with this key. Absent: the key that the cloud manages. Another key is for versions from then on; on AWS the one in force and the one before are encrypted anew.",
    ),
  },
  {
    aws: {
      description: text(2048).optional().describe("Description that AWS shows."),
      replicas: mapList(
        z.strictObject({
          region: formed(/^[a-z]+(-[a-z]+)+-[0-9]+$/, 63, "must be a region of AWS, such as eu-west-1").describe(
            "Another region than the Environment's.",
          ),
          key: formed(
            /^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key\/[A-Za-z0-9-]+$/,
            256,
            "must be the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID",
          )
            .optional()
            .describe("ARN of a key of that region. Absent: the key of AWS itself."),
        }),
        20,
        "region",
      )
        .optional()
        .describe(
          "Regions that hold copies, under the same name. They follow the value by themselves and are deleted with it. Each is paid for like a secret.",
        ),
    },
    gcp: {
      locations: list(
        formed(/^[a-z]+-[a-z]+[0-9]+$/, 63, "must be a region, such as europe-west1").describe("Region."),
        20,
      )
        .optional()
        .describe("Regions that hold copies. Absent: the region of the Environment. Fixed once the secret is made."),
      versionDestroyTtl: durationWithin("versionDestroyTtl", limit.versionDestroyTtl.gcp)
        .optional()
        .describe(
          `How long a destroyed version can be had back: ${durationText(limit.versionDestroyTtl.gcp.min)} or more.`,
        ),
    },
  },
  exactlyOne("valueFrom", "generate", "external"),
  {
    rule: "!has(self.external) || (has(self.adoptionPolicy) && self.adoptionPolicy == 'Adopt') || (has(self.managementPolicy) && self.managementPolicy == 'Observe')",
    message:
      "external has nothing to make a secret with: set adoptionPolicy: Adopt, and make the secret where its value comes from",
    reason: "FieldValueRequired",
    fieldPath: ".external",
  },
  {
    rule: "!has(self.syncTo) || !has(self.valueFrom) || self.valueFrom.secretRef.name != self.syncTo.name",
    message: "syncTo must name another Secret than valueFrom: the operator never writes to the source of a value",
    reason: "FieldValueForbidden",
    fieldPath: ".syncTo.name",
  },
  {
    rule: "!has(self.syncTo) || !has(self.managementPolicy) || self.managementPolicy != 'Observe'",
    message: "a secret that is only observed is not read, so it can't be synced",
    reason: "FieldValueForbidden",
    fieldPath: ".syncTo",
  },
  {
    rule: "!has(self.rotation) || has(self.generate)",
    message: "only a generated value can be rotated by the operator: change the Secret that valueFrom names instead",
    reason: "FieldValueForbidden",
    fieldPath: ".rotation",
  },
  {
    rule: `!has(self.recoveryDays) || self.recoveryDays == 0 || self.recoveryDays >= ${leastDays}`,
    message: `recoveryDays must be 0 or ${leastDays} to ${mostDays}`,
    fieldPath: ".recoveryDays",
  },
  {
    rule: "!has(self.externalName) || !self.externalName.contains('.')",
    message: "externalName of a secret must be of letters, digits, '-' and '_': Secret Manager takes no others",
    fieldPath: ".externalName",
  },
);

export const managedSecret = defineKind({
  kind: "ManagedSecret",
  plural: "managedsecrets",
  shortNames: ["oxsec"],
  scope: "Namespaced",
  role: "leaf",
  stateful: true,
  doc: `A secret value in the cloud's secret manager.

AWS: a secret of Secrets Manager, its versions labelled AWSCURRENT and AWSPREVIOUS. GCP: a secret of Secret Manager, its
versions under the aliases current and previous. The value is in no status, event, log or plan. Who is bound to it is
given SECRET_<NAME>_ID and SECRET_<NAME>_VERSION and reads the value from the cloud; a new version starts its pods anew.
\`syncTo\` keeps a copy in a Kubernetes Secret for what can't read it there: OnyxService takes variables from it by
\`secrets\`.`,
  spec,
  status: leafStatus().extend({
    syncedTo: z
      .strictObject({
        name: z.string().max(253).describe("Its name. Recorded before it is made."),
        version: z.string().max(64).optional().describe("The version that it holds. Absent: it was not written yet."),
        resourceVersion: z
          .string()
          .max(64)
          .optional()
          .describe("Of the Secret after our last write: another one means that somebody else wrote it."),
      })
      .optional()
      .describe("The Kubernetes Secret that holds a copy of the value."),
  }),
  columns: leafColumns({
    name: "Rotation",
    type: "string",
    jsonPath: ".spec.rotation.every",
    description: "Age at which its value is replaced.",
    priority: 1,
  }),
  selectableFields: leafSelectableFields,
});

export type ManagedSecretSpec = SpecOf<typeof managedSecret>;
export type ManagedSecretStatus = StatusOf<typeof managedSecret>;
export type ManagedSecretObject = ObjectOf<typeof managedSecret>;
