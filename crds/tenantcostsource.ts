import { z } from "zod";
import { amount, billed, money } from "./bill.ts";
import { awsAccount, deliveryPrefix, serviceAccount } from "./bucket.ts";
import { ageColumn, readyColumn, whyColumns } from "./columns.ts";
import { compositeStatus } from "./composite.ts";
import type { ObjectOf, SpecInputOf, SpecOf, StatusOf } from "./define.ts";
import { defineKind } from "./define.ts";
import { deletionPolicy, disabledNeedsReason, encryption, switchable } from "./leaf.ts";
import { localReference } from "./refs.ts";
import { atLeastOne, immutable, withRules } from "./rules.ts";
import { formed, list, map, mapList, set, text } from "./text.ts";

const share = () =>
  formed(/^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$/, 8, "must be a share between 0 and 1, such as 0.01 for one in a hundred");

const tagKey = () => text(128).describe("Key of a tag, as the bill has it.");

const allocation = withRules(
  z.strictObject({
    name: formed(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 63, "must be a word of a-z, 0-9 and '-'").describe(
      "Its name: it stands in each row that is a part of what is shared.",
    ),
    from: withRules(
      z.strictObject({
        services: set(text(253).describe("Name of a service, as the bill has it."), 64)
          .optional()
          .describe("Those of these services."),
        accounts: set(text(63).describe("AWS account or GCP project."), 64)
          .optional()
          .describe("Those of these accounts."),
        tags: map(list(z.string().max(256).describe("Value. Empty: without this tag."), 64).describe("Values."), {
          key: /^[^\s].{0,127}$/,
          what: "keys of from.tags are keys of tags",
          maxProperties: 16,
        })
          .optional()
          .describe("Those with one of these values, of each of these tags."),
      }),
      atLeastOne("services", "accounts", "tags"),
    ).describe("Which rows are shared: all that is given must hold, one of each list."),
    over: z.enum(["Account", "Tag"]).describe("Whose values get the parts: accounts, or those of tag."),
    tag: tagKey().optional().describe("With over: Tag, its key. It stands in tagKeys."),
    by: z
      .enum(["Proportional", "Even", "Weights"])
      .describe(
        "Proportional: to what each has spent itself in that billing period and currency. Even: the same to each that has spent something. Weights: as weights says.",
      ),
    weights: map(amount().describe("Weight, such as 0.7."), {
      key: /^[^\s].{0,255}$/,
      what: "keys of weights are accounts or values of the tag",
      maxProperties: 64,
    })
      .optional()
      .describe("By account or value of the tag: its weight."),
  }),
  {
    rule: "(self.over == 'Tag') == has(self.tag)",
    message: "tag goes with over: Tag, and with nothing else",
    fieldPath: ".tag",
  },
  {
    rule: "(self.by == 'Weights') == has(self.weights)",
    message: "weights goes with by: Weights, and with nothing else",
    fieldPath: ".weights",
  },
);

const delivery = z.strictObject({
  awsAccounts: set(awsAccount().describe("AWS account, in quotes."), 16)
    .optional()
    .describe("AWS accounts that may put reports into the bucket, themselves or by their Data Exports. For AWS only."),
  gcpServiceAccounts: set(serviceAccount().describe("Its e-mail address."), 16)
    .optional()
    .describe(
      "Google service accounts that may put reports into the bucket; none of them can overwrite one. For GCP only.",
    ),
});

const spec = withRules(
  z.strictObject({
    ...switchable,
    enabled: switchable.enabled.describe(
      "False: no report is taken in. Reports go on to be delivered, and are taken in when it is true again.",
    ),
    environmentRef: localReference("Environment")
      .optional()
      .describe("The Environment that it stands in. Absent: the one that is marked as default. It can't be changed."),
    tenantRef: localReference("Tenant")
      .optional()
      .describe(
        "The Tenant whose bill it is. It stands in the namespace that the Environment names under tenancy, or in the tenant's own; there it can be left out. It can't be changed.",
      ),
    tableRef: localReference("Table").describe(
      "The Table that the rows go to: partition key pk, sort key sk, both String. It can serve many sources. It can't be changed.",
    ),
    prefix: deliveryPrefix().describe(
      "Only what is delivered under it is a report. Absent: all that comes into the bucket.",
    ),
    delivery: delivery.optional().describe("Who outside may put reports into the bucket. Absent: nobody new."),
    keepDays: z
      .int()
      .min(1)
      .max(3650)
      .default(400)
      .describe("Days after which a report is deleted from the bucket. Its rows stay."),
    encryption: encryption(),
    tagKeys: set(tagKey(), 16).optional().describe("Tags that rows are kept apart by."),
    allocations: mapList(allocation, 16, "name")
      .optional()
      .describe("How shared cost is spread. The first that fits takes a row."),
    rejectedShare: share()
      .optional()
      .describe("The share of rows that may be unreadable before the whole report is refused. Absent: 0.01."),
    anomalyFloor: amount()
      .optional()
      .describe("The least difference in money, of any currency, that an anomaly is told for. Absent: 1."),
    image: formed(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, 512, "image must be the name of a container image").describe(
      "The image of onyx-ingest. A name without a host is taken from the Environment's imageRegistry.",
    ),
    maxReportGiB: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe("The largest report, in GiB. The worker's scratch space is three times that."),
    deletionPolicy: deletionPolicy()
      .optional()
      .describe("What becomes of the bucket with the reports, as for any Bucket. Absent: it stays."),
  }),
  disabledNeedsReason,
  immutable("environmentRef", "its bucket and queue are there; make a new one"),
  immutable("tenantRef", "what was spent would become another's; make a new one"),
  immutable("tableRef", "its rows are there; make a new one"),
  {
    rule: "!has(self.allocations) || self.allocations.all(a, !has(a.tag) || (has(self.tagKeys) && a.tag in self.tagKeys))",
    message: "tag of an allocation must be one of tagKeys: rows are not kept apart by it otherwise",
    fieldPath: ".tagKeys",
  },
  {
    rule: "!has(self.allocations) || self.allocations.all(a, !has(a.from.tags) || a.from.tags.all(k, has(self.tagKeys) && k in self.tagKeys))",
    message: "keys of from.tags of an allocation must be among tagKeys: rows are not kept apart by them otherwise",
    fieldPath: ".tagKeys",
  },
);

const status = z.strictObject({
  ...compositeStatus,
  deliverTo: z.string().max(2048).optional().describe("Where reports are to be delivered to: s3://… or gs://…."),
  tenant: z.string().max(63).optional().describe("The Tenant whose bill it is."),
  lastReport: z.string().max(2048).optional().describe("The last report that was looked at."),
  lastReported: z.string().max(64).optional().describe("When it was written."),
  lastIngested: z.string().max(64).optional().describe("When it was taken in, or refused."),
  format: z.string().max(64).optional().describe("What it is: FOCUS, CUR or Google's export."),
  reportRows: z.int().min(0).optional().describe("Its rows."),
  rejectedRows: z.int().min(0).optional().describe("Those of them that could not be read."),
  rejected: list(
    z.strictObject({
      reason: billed("Why."),
      rows: z.int().min(0).describe("How many."),
      sample: z.string().max(256).describe("One of the values, cut."),
    }),
    10,
  )
    .optional()
    .describe("Rows that could not be read, by reason."),
  month: z.string().max(7).optional().describe("The last billing period that there is a report of, such as 2026-11."),
  lastDay: z.string().max(10).optional().describe("The last day of it that counts as whole."),
  rows: z.int().min(0).optional().describe("Daily rows of it that are in force."),
  monthToDate: mapList(money(), 16, "currency").optional().describe("What it has cost so far, as billed."),
  lastMonth: mapList(money(), 16, "currency").optional().describe("What the period before has cost."),
  forecast: mapList(
    z.strictObject({
      ...money().shape,
      method: billed("WeekdayMean, DailyMean or Complete: docs/guides/cost-reports.md."),
    }),
    16,
    "currency",
  )
    .optional()
    .describe("What it will have cost."),
  anomalies: list(
    z.strictObject({
      day: billed("Day."),
      service: z.string().max(256).describe("Service."),
      currency: billed("ISO 4217."),
      amount: billed("What it cost that day."),
      usual: billed("The median of the days before."),
      score: billed("How many times the usual deviation it is off; negative: too little."),
    }),
    20,
  )
    .optional()
    .describe("Days of a service that cost more, or less, than their like."),
  total: z.string().max(128).optional().describe("All of monthToDate in one text."),
});

export const tenantCostSource = defineKind({
  kind: "TenantCostSource",
  plural: "tenantcostsources",
  shortNames: ["oxcost"],
  scope: "Namespaced",
  role: "composite",
  maxNameLength: 40,
  doc: `Where a tenant's bill comes from: reports of cost that are delivered, and taken in as daily rows.

It becomes a Bucket that reports are delivered to, a Queue that is told of them, an OnyxService that takes them in
(onyx-ingest) and scales to zero, and a TableItem by which it learns how things stand. What it reads, and how, is told in
docs/guides/cost-reports.md.`,
  spec,
  status,
  columns: [
    readyColumn,
    { name: "Tenant", type: "string", jsonPath: ".status.tenant", description: "Whose bill it is." },
    { name: "Month", type: "string", jsonPath: ".status.month", description: "The last billing period." },
    { name: "MTD-Cost", type: "string", jsonPath: ".status.total", description: "What it has cost so far." },
    {
      name: "Accepted",
      type: "string",
      jsonPath: `.status.conditions[?(@.type=="ReportAccepted")].status`,
      description: "Whether the last report was taken in.",
    },
    { name: "Ingested", type: "string", jsonPath: ".status.lastIngested", description: "When that was." },
    ageColumn,
    ...whyColumns,
    {
      name: "Deliver-To",
      type: "string",
      jsonPath: ".status.deliverTo",
      description: "Where reports go.",
      priority: 1,
    },
    { name: "Rows", type: "integer", jsonPath: ".status.rows", description: "Daily rows in force.", priority: 1 },
  ],
  selectableFields: [".spec.enabled", ".spec.tenantRef.name", ".spec.tableRef.name"],
});

export type TenantCostSourceSpec = SpecOf<typeof tenantCostSource>;
export type TenantCostSourceSpecInput = SpecInputOf<typeof tenantCostSource>;
export type TenantCostSourceStatus = StatusOf<typeof tenantCostSource>;
export type TenantCostSourceObject = ObjectOf<typeof tenantCostSource>;
