import { z } from "zod";
import { leafColumns } from "./columns.ts";
import type { ObjectOf, SpecInputOf, SpecOf, StatusOf } from "./define.ts";
import { defineKind } from "./define.ts";
import { duration } from "./duration.ts";
import { encryption, leafSelectableFields, leafSpec, leafStatus } from "./leaf.ts";
import type { Limit } from "./limits.ts";
import { limits } from "./limits.ts";
import { reference } from "./refs.ts";
import { exactlyOne, withRules } from "./rules.ts";
import { formed, mapList, set, text } from "./text.ts";

const limit = limits.bucket;

/** A name that both clouds take, and that works as a host name under a wildcard certificate: no dots. */
const BUCKET_NAME = "^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$";

/** A whole number in the range that both clouds take. */
const within = ({ portable: { min, max } }: Limit) => z.int().min(min).max(max);

const lifecycleRule = () =>
  withRules(
    z.strictObject({
      name: formed(
        /^[a-z]([a-z0-9-]*[a-z0-9])?$/,
        50,
        "a rule's name must be of a-z, 0-9 and '-', begin with a letter and end with a letter or digit",
      ).describe("Name of the rule."),
      prefix: text(limit.prefix.portable.max)
        .optional()
        .describe("Only objects whose name begins with this. Absent: all."),
      action: z
        .enum(["Expire", "Transition", "AbortMultipart", "ExpireNoncurrent", "TransitionNoncurrent"])
        .describe(
          "What happens. Expire: the object is deleted (with versioning it becomes an old version). Transition: it goes to a cheaper class. AbortMultipart: an upload in parts that was never finished is dropped. ExpireNoncurrent, TransitionNoncurrent: the same for old versions.",
        ),
      days: within(limit.lifecycleDays).describe(
        "When: days since the object was made, the upload was begun, or the version became an old one. The clouds act once a day, so it may be a day later.",
      ),
      to: z
        .enum(["Cool", "Cold", "Archive"])
        .optional()
        .describe(
          "The class of a transition. Cool: read about once a month (Standard-IA, Nearline). Cold: once a quarter (Glacier Instant Retrieval, Coldline). Archive: once a year, and reading may take hours on AWS (Glacier Deep Archive, Archive).",
        ),
      versionsKept: within(limit.versionsKept)
        .optional()
        .describe("ExpireNoncurrent only: so many of the newest old versions stay, however old they are."),
    }),
    {
      rule: "has(self.to) == (self.action in ['Transition', 'TransitionNoncurrent'])",
      message:
        "to says where a transition goes: give it with Transition and TransitionNoncurrent, and with nothing else",
      fieldPath: ".to",
    },
    {
      rule: "!has(self.versionsKept) || self.action == 'ExpireNoncurrent'",
      message: "versionsKept goes with the action ExpireNoncurrent only",
      fieldPath: ".versionsKept",
    },
    {
      rule: `!has(self.to) || self.to != 'Cool' || self.days >= ${limit.coolAfterDays.portable.min}`,
      message: `S3 takes nothing to Cool before it is ${limit.coolAfterDays.portable.min} days old: wait as long, or take it to Cold`,
      fieldPath: ".days",
    },
    {
      rule: "!self.name.startsWith('onyx-')",
      message: "names that begin with onyx- belong to the operator",
      fieldPath: ".name",
    },
  );

const corsRule = () =>
  z.strictObject({
    name: formed(
      /^[a-z]([a-z0-9-]*[a-z0-9])?$/,
      50,
      "a rule's name must be of a-z, 0-9 and '-', begin with a letter and end with a letter or digit",
    ).describe("Name of the rule."),
    origins: set(
      formed(
        /^(\*|https?:\/\/[A-Za-z0-9.*:-]+)$/,
        253,
        "an origin must be * or a scheme and host, such as https://app.example.com",
      ),
      20,
    )
      .min(1)
      .describe("Pages of these origins may read the answers: https://app.example.com, or * for all."),
    methods: set(z.enum(["GET", "HEAD", "PUT", "POST", "DELETE"]), 5)
      .min(1)
      .describe("Methods that they may use."),
    headers: set(formed(/^(\*|[A-Za-z0-9-]+)$/, 100, "a header must be * or a name of letters, digits and '-'"), 50)
      .optional()
      .describe("Headers that they may send, and of the answer may see."),
    maxAge: duration().optional().describe("How long a browser may remember this."),
  });

const notification = () =>
  withRules(
    z.strictObject({
      name: formed(
        /^[a-z]([a-z0-9-]*[a-z0-9])?$/,
        50,
        "a notification's name must be of a-z, 0-9 and '-', begin with a letter and end with a letter or digit",
      ).describe("Name of the notification."),
      events: set(z.enum(["ObjectCreated", "ObjectDeleted"]), 2)
        .min(1)
        .describe(
          "ObjectCreated: something was written under a name, new or not. ObjectDeleted: nothing is under that name any more. What becomes of old versions is told by neither.",
        ),
      prefix: text(limit.prefix.portable.max)
        .optional()
        .describe("Only objects whose name begins with this. Absent: all."),
      queueRef: reference("Queue", "QUEUE_ID").optional().describe("A Queue that gets the events. It keeps no order."),
      topicRef: reference("Topic", "TOPIC_ID")
        .optional()
        .describe("A Topic that hands them to all who subscribe. It keeps no order."),
    }),
    exactlyOne("queueRef", "topicRef"),
  );

const replication = () =>
  z.strictObject({
    bucketRef: reference("Bucket", "BUCKET_ID").describe("The Bucket that the copies go to."),
    prefix: formed(/^[^/]/, limit.prefix.portable.max, "a prefix of what is copied must not begin with /")
      .optional()
      .describe("Only objects whose name begins with this. Absent: all."),
  });

/** No letter of it means anything to a policy of AWS or a condition of Google's, where it ends up. */
export const deliveryPrefix = () =>
  formed(
    /^[A-Za-z0-9_.=-][A-Za-z0-9_.=/-]*$/,
    128,
    "the prefix of what is delivered must be of a-z, A-Z, 0-9, '_', '.', '=', '-' and '/', and must not begin with /",
  )
    .optional()
    .describe(
      "Only objects whose name begins with this: end it with / where it is to be a folder, as a/ is not ab/. Absent: all.",
    );

const DELIVERERS = 16;

export const awsAccount = () => formed(/^[0-9]{12}$/, 12, "an account must be the 12 digits of an AWS account");

export const serviceAccount = () =>
  formed(
    /^[a-z0-9][a-z0-9.-]*@[a-z0-9.-]+[.]gserviceaccount[.]com$/,
    254,
    "serviceAccount must be the e-mail of a service account, such as name@project.iam.gserviceaccount.com",
  );

const accountDeliverers = () =>
  mapList(
    z.strictObject({
      account: awsAccount().describe("The AWS account."),
      prefix: deliveryPrefix(),
    }),
    DELIVERERS,
    "account",
  )
    .optional()
    .describe(
      "AWS accounts that may put objects into it and nothing else: who of theirs is for each of them to say, and the services that write cost reports (AWS Data Exports, Cost and Usage Reports) may for them.",
    );

const serviceAccountDeliverers = () =>
  mapList(
    z.strictObject({
      serviceAccount: serviceAccount().describe("E-mail of the service account."),
      prefix: deliveryPrefix(),
    }),
    DELIVERERS,
    "serviceAccount",
  )
    .optional()
    .describe(
      "Service accounts of other projects that may put new objects into it and nothing else: they can't overwrite one, either.",
    );

const spec = leafSpec(
  {
    versioning: z
      .boolean()
      .default(false)
      .describe("Keep what is overwritten or deleted as old versions, until a rule of lifecycle takes them."),
    storageClass: z
      .enum(["Hot", "Auto"])
      .default("Hot")
      .describe(
        "Class of new objects. Hot: for what is read often. Auto: the cloud moves each object by how it is read (Intelligent-Tiering, Autoclass).",
      ),
    lifecycle: mapList(lifecycleRule(), limit.lifecycleRules.portable.max, "name")
      .optional()
      .describe("What becomes of objects as they grow old."),
    softDeleteDays: z
      .int()
      .min(0)
      .max(limit.softDeleteDays.portable.max)
      .default(0)
      .describe(
        "Days in which what was deleted or overwritten can be brought back: 0 for none, or 7 to 90. It is billed as long. S3 has no such thing: there versions are kept as long.",
      ),
    retention: z
      .strictObject({
        days: within(limit.retentionDays).describe(
          "How long what was written is kept: nobody deletes it before. Without lock, who may change the bucket can shorten the time.",
        ),
        lock: z
          .boolean()
          .optional()
          .describe(
            "For good: what is written under it is kept that long by everybody, and the days can be made more, never fewer. Since nobody can undo that it waits for your word (docs/guides/approvals.md); until then the retention is in force without it.",
          ),
      })
      .optional()
      .describe("Keep everything for a time. On AWS it turns versioning on, which Object Lock needs, and that stays."),
    cors: mapList(corsRule(), limit.corsRules.portable.max, "name")
      .optional()
      .describe("Which web pages may use it straight from the browser, with a signed URL."),
    notifications: mapList(notification(), limit.notifications.portable.max, "name")
      .optional()
      .describe(
        "Who is told of objects that come and go: a CloudEvent as JSON in the body of a message, the same on both clouds, at least once and in no order. On GCP all that is published to a Queue or Topic named here must be text in UTF-8.",
      ),
    replicateTo: replication()
      .optional()
      .describe(
        "Another Bucket that gets a copy of what is written to this one from now on: in minutes, as a rule, and without a promise. Deletions are not copied, nor what was there before. Both keep versions (docs/guides/replication.md).",
      ),
    encryption: encryption(),
  },
  {
    aws: {
      bucketKey: z
        .boolean()
        .optional()
        .describe(
          "False: KMS is asked for each object, not once in a while for the bucket. Only with encryption.keyRef.",
        ),
      deliverers: accountDeliverers(),
    },
    gcp: {
      location: formed(
        /^[A-Z][A-Z0-9-]*$/,
        32,
        "a location must be of A-Z, 0-9 and '-', such as EU, EUR4 or EUROPE-WEST1",
      )
        .optional()
        .describe("Where it is, when that is more than the Environment's region: a multi-region or dual-region."),
      deliverers: serviceAccountDeliverers(),
    },
  },
  {
    rule: `!has(self.externalName) || (self.externalName.matches('${BUCKET_NAME}') && !self.externalName.contains('google') && !['goog', 'xn--', 'sthree-', 'amzn-s3-demo-'].exists(p, self.externalName.startsWith(p)) && !['-s3alias', '--ol-s3', '--x-s3', '--table-s3'].exists(s, self.externalName.endsWith(s)))`,
    message:
      "externalName must be a bucket's name on both clouds: 3 to 63 characters of a-z, 0-9 and '-', beginning and ending with a letter or digit, and none of the beginnings and endings that the clouds keep (goog, xn--, sthree-, -s3alias, --x-s3, …)",
    fieldPath: ".externalName",
  },
  {
    rule: `self.softDeleteDays == 0 || self.softDeleteDays >= ${limit.softDeleteDays.portable.min}`,
    message: `softDeleteDays must be 0 (none), or ${limit.softDeleteDays.portable.min} to ${limit.softDeleteDays.portable.max}`,
    fieldPath: ".softDeleteDays",
  },
  {
    rule: "self.storageClass != 'Auto' || !has(self.lifecycle) || self.lifecycle.all(r, !has(r.to))",
    message: "with storageClass Auto the cloud chooses the class: leave the transitions out of lifecycle",
    fieldPath: ".lifecycle",
  },
  {
    rule: "!has(self.lifecycle) || self.versioning || self.lifecycle.all(r, !(r.action in ['ExpireNoncurrent', 'TransitionNoncurrent']))",
    message: "there are old versions only with versioning: true; without it take the rules about them out of lifecycle",
    fieldPath: ".lifecycle",
  },
  {
    rule: "!has(self.replicateTo) || self.versioning",
    message: "replicateTo needs versioning: true, here and where the copies go: S3 copies nothing without",
    fieldPath: ".versioning",
  },
  {
    rule: "!has(self.retention) || self.softDeleteDays == 0",
    message: "give retention or softDeleteDays: what can't be deleted needs no bringing back",
    fieldPath: ".softDeleteDays",
  },
);

export const bucket = defineKind({
  kind: "Bucket",
  plural: "buckets",
  shortNames: ["oxb"],
  scope: "Namespaced",
  role: "leaf",
  stateful: true,
  doc: `A bucket of objects, private always.

AWS: an S3 bucket with public access blocked, ACLs off and TLS required. GCP: a Cloud Storage bucket with uniform access and
public access prevented. A bucket that is not empty can't be deleted.`,
  spec,
  status: leafStatus(),
  rules: [
    {
      rule: "!has(self.spec.replicateTo) || !has(self.spec.replicateTo.bucketRef.name) || self.spec.replicateTo.bucketRef.name != self.metadata.name",
      message: "a Bucket isn't copied to itself: name another one",
      fieldPath: ".spec.replicateTo.bucketRef.name",
    },
    {
      // What waits for its word, or is yet to be made, was never locked. The operator refuses what gets past this.
      rule: "!has(oldSelf.spec.retention) || !has(oldSelf.spec.retention.lock) || !oldSelf.spec.retention.lock || (has(self.spec.retention) && has(self.spec.retention.lock) && self.spec.retention.lock && self.spec.retention.days >= oldSelf.spec.retention.days) || !has(oldSelf.status) || !has(oldSelf.status.externalId) || (has(oldSelf.status.approval) && oldSelf.status.approval.act == 'lock')",
      message:
        "a retention that is locked can't be taken away, unlocked or shortened: put the old value back, or give more days",
      reason: "FieldValueForbidden",
      fieldPath: ".spec.retention",
    },
  ],
  columns: leafColumns({
    name: "Versioning",
    type: "boolean",
    jsonPath: ".spec.versioning",
    description: "Whether old versions are kept.",
    priority: 1,
  }),
  selectableFields: leafSelectableFields,
});

export type BucketSpec = SpecOf<typeof bucket>;
export type BucketSpecInput = SpecInputOf<typeof bucket>;
export type BucketStatus = StatusOf<typeof bucket>;
export type BucketObject = ObjectOf<typeof bucket>;
