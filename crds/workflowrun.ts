import { z } from "zod";
import { ageColumn, whyColumns } from "./columns.ts";
import { conditions } from "./conditions.ts";
import type { ObjectOf, SpecOf, StatusOf } from "./define.ts";
import { defineKind } from "./define.ts";
import { duration } from "./duration.ts";
import { limits } from "./limits.ts";
import { localReference } from "./refs.ts";
import { immutable, withRules } from "./rules.ts";
import { formed, list, mapList, text } from "./text.ts";

const ONE_RUN = "an object stands for one run; make another for another run";

const spec = withRules(
  z.strictObject({
    workflowRef: localReference("Workflow").describe("The Workflow that runs, in the namespace of this object."),
    input: z
      .string()
      .min(1)
      .max(limits.eventrule.workflowInput.portable.max)
      .default("{}")
      .describe("What the run works on, as JSON text. It is kept in this object: nothing that is secret belongs here."),
    cancel: z.boolean().default(false).describe("True: the run is ended, or not begun. It can't be taken back."),
    signals: mapList(
      withRules(
        z.strictObject({
          id: formed(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/, 63, "id must be of a-z, 0-9, '-' and '.'").describe(
            "Tells it from others; it answers one wait.",
          ),
          name: formed(
            /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/,
            64,
            "name must be that of a signal: a letter first, then letters, digits, '.', '-' and '_'",
          ).describe("Name of the signal, as a listen task has it."),
          value: z
            .string()
            .min(1)
            .max(8192)
            .optional()
            .describe(
              "What it brings, as JSON text: the output of the task that waits for it. Absent: null. Nothing that is secret belongs here.",
            ),
        }),
        { rule: "self == oldSelf", message: "a signal does not change: send another, with another id" },
      ),
      50,
      "id",
    )
      .optional()
      .describe(
        "What listen tasks wait for. Each answers one wait, those of one name in their order; one that comes early is kept. `onyx run signal` adds one.",
      ),
    ttlAfterFinished: duration()
      .optional()
      .describe(
        "The object is deleted so long after its run ended. Absent: it stays until somebody deletes it. Where a GitOps tool keeps the object, leave it out: made anew, it is another run.",
      ),
  }),
  immutable("workflowRef", ONE_RUN),
  immutable("input", ONE_RUN),
  {
    rule: "!oldSelf.cancel || self.cancel",
    message: "cancel can't be taken back: make another object to run it again",
    reason: "FieldValueForbidden",
    fieldPath: ".cancel",
  },
);

const moment = () => z.string().max(64).meta({ format: "date-time" });

const problem = () =>
  z.strictObject({
    class: text(64).describe("Class of the error, such as Timeout or Business."),
    code: z.string().max(256).describe("Code of a Business error; else empty."),
    message: z.string().max(1024).describe("What it says, for people."),
  });

const status = z.strictObject({
  observedGeneration: z.int().min(0).optional().describe("The generation of spec that this status speaks of."),
  conditions: conditions().optional(),
  phase: z
    .enum(["Pending", "Running", "Succeeded", "Failed", "Cancelled"])
    .optional()
    .describe("How far it is. The last three are ends."),
  environment: z.string().max(253).optional().describe("The Environment that it runs in."),
  cloud: z.enum(["aws", "gcp"]).optional().describe("The cloud that it runs in."),
  account: z.string().max(63).optional().describe("AWS account or GCP project that it runs in."),
  region: z.string().max(63).optional().describe("Region that it runs in."),
  workflowId: z.string().max(2048).optional().describe("WORKFLOW_ID of what runs."),
  attemptedAt: moment()
    .optional()
    .describe(
      "When it was first about to be started, which is the run's run.startedAt. Recorded before the cloud is asked.",
    ),
  triedAt: moment().optional().describe("When it was last tried to start it."),
  externalId: z.string().max(2048).optional().describe("The cloud's id of the run."),
  startedAt: moment().optional().describe("When the cloud began it."),
  finishedAt: moment().optional().describe("When it ended."),
  signals: list(
    z.strictObject({
      id: z.string().max(63).describe("Id of the signal in spec.signals."),
      visit: z.string().max(256).describe("What the cloud calls the wait that it answered."),
    }),
    51,
  )
    .optional()
    .describe("Signals that were brought to the run."),
  steps: list(
    z.strictObject({
      task: z.string().max(1024).describe("Path of the task in the definition."),
      state: z.enum(["Running", "Succeeded", "Failed"]).describe("How far it is."),
      startedAt: moment().describe("When it began."),
      finishedAt: moment().optional().describe("When it ended."),
    }),
    50,
  )
    .optional()
    .describe("The last tasks that ran, oldest first."),
  output: z
    .string()
    .max(8192)
    .optional()
    .describe(
      "What it came to, as JSON text, keys sorted. Absent where it is longer than 8 KiB: the cloud has it, under externalId.",
    ),
  error: problem().optional().describe("What it failed with."),
});

export const workflowRun = defineKind({
  kind: "WorkflowRun",
  plural: "workflowruns",
  shortNames: ["oxrun"],
  scope: "Namespaced",
  role: "run",
  doc: `One run of a Workflow: it is started once, however often it is looked at, and its end is kept here.

AWS: an execution of the state machine, named after the object's uid. GCP: an execution of the workflow, labelled with it.
Deleting the object ends the run if it is under way.`,
  spec,
  status,
  columns: [
    { name: "Workflow", type: "string", jsonPath: ".spec.workflowRef.name", description: "What runs." },
    { name: "Phase", type: "string", jsonPath: ".status.phase", description: "How far it is." },
    { name: "Started", type: "date", jsonPath: ".status.startedAt", description: "Since when it runs." },
    { name: "Finished", type: "date", jsonPath: ".status.finishedAt", description: "Since when it is over." },
    ageColumn,
    ...whyColumns,
    {
      name: "External-Id",
      type: "string",
      jsonPath: ".status.externalId",
      description: "The cloud's id of the run.",
      priority: 1,
    },
  ],
  selectableFields: [".spec.workflowRef.name", ".status.phase", ".status.cloud"],
});

export type WorkflowRunSpec = SpecOf<typeof workflowRun>;
export type WorkflowRunStatus = StatusOf<typeof workflowRun>;
export type WorkflowRunObject = ObjectOf<typeof workflowRun>;
