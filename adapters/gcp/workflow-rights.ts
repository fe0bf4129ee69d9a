/** What the account of a workflow must be allowed, no more than its tasks ask for. Pure. */
import type { Grant, WorkflowWant } from "../../controllers/leaf/wants.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Deviation } from "../../operator/provider/provider.ts";
import { listsIn, type Run, type Tasks, type Workflow } from "../../operator/workflow/index.ts";
import { type Right, rightsOf, rightText, startDeviations, startRight } from "./grants.ts";
import { isWorkflow, projectOf } from "./names.ts";
import { ROLES } from "./roles.ts";

/** https://cloud.google.com/workflows/docs/authentication: without it nothing that fails is logged. */
const LOG_WRITER = "roles/logging.logWriter";

const IDS = { Queue: "QUEUE_ID", Topic: "TOPIC_ID", Table: "TABLE_ID", Bucket: "BUCKET_ID" } as const;

/** What rights are made of. */
export type Asking = Pick<WorkflowWant, "source" | "logLevel">;

/** The WORKFLOW_ID of a Workflow that a task names. @throws ProviderError invalid */
export function workflowNamed({ source }: Pick<Asking, "source">, name: string): string {
  const id = outputOf(source, "Workflow", name, "WORKFLOW_ID");
  if (isWorkflow(id)) return id;
  throw new ProviderError("invalid", `definition: Workflow ${name} is "${id}", which is no workflow on Google Cloud`, {
    code: "ID",
  });
}

/** Sorted by their text, without doubles. @throws ProviderError invalid */
export function rightsOfWorkflow(asking: Asking, program: Workflow, project: string): readonly Right[] {
  const grants = asking.source.targets.flatMap(({ kind, name, access, encryptionKey }): readonly Grant[] => {
    if (kind === "Workflow") return [];
    const id = outputOf(asking.source, kind, name, IDS[kind]);
    return access.map((one) => ({ kind, id, access: one, encryptionKey }));
  });
  const others = [
    ...runRights(asking, program),
    ...(asking.logLevel === "Errors" ? [{ role: LOG_WRITER, on: `projects/${project}` }] : []),
  ];
  const all = [...rightsOf(grants, project), ...others];
  const byText = new Map(all.map((right) => [rightText(right), right]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, right]) => right);
}

/** Who waits for a run asks for its state until it ends. */
function runRights(asking: Asking, program: Workflow): readonly Right[] {
  const projects = Map.groupBy(runsIn(program.tasks), ({ workflow }) => projectOf(workflowNamed(asking, workflow)));
  return [...projects].map(([project, runs]) =>
    startRight(project, runs.some((run) => run.await) ? ROLES.workflowRunner : ROLES.workflowStarter),
  );
}

/** What `run` tasks get beyond what they need. */
export const runDeviations = (asking: Asking, program: Workflow): readonly Deviation[] =>
  startDeviations(runRights(asking, program), { field: "definition", what: "Its run tasks" }, "its account");

const runsIn = (tasks: Tasks): readonly Run[] =>
  tasks.flatMap((task) => (task.kind === "run" ? [task] : listsIn(task).flatMap(({ tasks: inner }) => runsIn(inner))));

function outputOf({ targets }: Asking["source"], kind: string, name: string, output: string): string {
  const value = targets.find((target) => target.kind === kind && target.name === name)?.outputs[output];
  if (value !== undefined) return value;
  throw new ProviderError("invalid", `definition: ${kind} ${name} has no ${output}`, { code: "ID" });
}
