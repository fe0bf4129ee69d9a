import { z } from "zod";
import { leafColumns } from "./columns.ts";
import type { ObjectOf, SpecOf, StatusOf } from "./define.ts";
import { defineKind } from "./define.ts";
import { leafSelectableFields, leafSpec, leafStatus } from "./leaf.ts";
import { withRules } from "./rules.ts";

/** What CloudWatch Logs can keep a log for: PutRetentionPolicy, `retentionInDays`. */
const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
export const LOG_RETENTION_SAYS = `logRetentionDays is one of ${LOG_RETENTION_DAYS.join(", ")}`;

const spec = leafSpec(
  {
    definition: z
      .record(z.string(), z.unknown())
      .meta({ "x-kubernetes-preserve-unknown-fields": true })
      .describe(
        "What a run does, in the Serverless Workflow DSL with CEL: docs/reference/workflow-language.md. Queues, Topics, Tables, Buckets and Workflows are named as they are in this namespace. `onyx workflow check` tells what is wrong with it before it is applied.",
      ),
    maxRuns: z
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe(
        "How many WorkflowRuns of it may be under way at once; the others wait, the oldest first. What EventRules and programs start is not counted. Absent: as many as there are.",
      ),
    logLevel: z
      .enum(["None", "Errors"])
      .default("Errors")
      .describe("What runs write to the cloud's log: nothing, or what failed. What a run works on is never written."),
  },
  {
    aws: {
      logRetentionDays: withRules(
        z
          .int()
          .min(1)
          .max(3653)
          .refine((days) => LOG_RETENTION_DAYS.includes(days), LOG_RETENTION_SAYS),
        { rule: `self in [${LOG_RETENTION_DAYS.join(", ")}]`, message: LOG_RETENTION_SAYS },
      )
        .optional()
        .describe(`Days for which its log is kept: ${LOG_RETENTION_DAYS.join(", ")}. Absent: 90.`),
      tracing: z.boolean().optional().describe("Traces of runs in X-Ray. Absent: none."),
    },
    gcp: {
      executionHistory: z
        .enum(["Basic", "Detailed"])
        .optional()
        .describe("Detailed: the history of a run keeps what variables held at each step. Absent: Basic."),
    },
  },
);

export const workflow = defineKind({
  kind: "Workflow",
  plural: "workflows",
  shortNames: ["oxwf"],
  scope: "Namespaced",
  role: "leaf",
  doc: `A workflow, written once, that runs on the workflow engine of either cloud.

AWS: a state machine of Step Functions (Standard, JSONata), with a log group and an IAM role that may do just what its
tasks need. GCP: a workflow of Cloud Workflows, with such a service account.
A run that is under way keeps its definition when that changes, with the rights of the new one. Runs are started by a
WorkflowRun, by an EventRule with target.workflowRef, by a \`run\` task of another Workflow, or in the cloud, with WORKFLOW_ID.
Deleting it ends the runs that are under way; on AWS each at its next step, until which the state machine stays.`,
  spec,
  status: leafStatus(),
  columns: leafColumns(),
  selectableFields: leafSelectableFields,
});

export type WorkflowSpec = SpecOf<typeof workflow>;
export type WorkflowStatus = StatusOf<typeof workflow>;
export type WorkflowObject = ObjectOf<typeof workflow>;
