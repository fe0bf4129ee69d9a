import type { WorkflowSpec } from "../../crds/workflow.ts";
import type { WorkflowRunSpec } from "../../crds/workflowrun.ts";
import type { Neutral } from "../../operator/provider/provider.ts";
import type { LeafObject } from "../../operator/reconcile/leaf-object.ts";
import type { RunKind } from "../../operator/reconcile/run-object.ts";
import { stepNames } from "../../operator/workflow/cloud-workflows/index.ts";
import { allTasks, type Listen, parseOnce, problemOfInput, type Workflow } from "../../operator/workflow/index.ts";
import { stateName } from "../../operator/workflow/step-functions/index.ts";

/** One run of a Workflow. */
export const workflowRun: RunKind<WorkflowRunSpec> = {
  kind: "WorkflowRun",
  of: ({ workflowRef }) => ({
    field: "workflowRef",
    kind: "Workflow",
    name: workflowRef.name,
    idOutput: "WORKFLOW_ID",
  }),
  input(spec, of) {
    const given = parsed(spec.input);
    if (given === undefined) return { invalid: "input: is no JSON. Make another object with one that is." };
    const workflow = workflowOf(of);
    const problem = workflow && problemOfInput(given, workflow.input);
    return problem === undefined
      ? { input: given }
      : { invalid: `${problem}, by input.schema of the Workflow. Make another object with an input that fits.` };
  },
  most: (of) => (of.spec as unknown as WorkflowSpec).maxRuns,
  tasks(of) {
    const { tasks = [] } = workflowOf(of) ?? {};
    // On Cloud Workflows a step has a `t_` before the name that is told.
    const steps = [...stepNames(tasks)].flatMap(([path, step]): [string, string][] => [
      [stateName(path), path],
      [step.slice("t_".length), path],
    ]);
    return new Map(steps);
  },
  signals: (of) => new Map(listens(workflowOf(of)?.tasks ?? []).map(({ path, signal }) => [path, signal])),
};

const listens = (tasks: Workflow["tasks"]): readonly Listen[] =>
  allTasks(tasks).filter((task) => task.kind === "listen");

const workflowOf = (of: LeafObject): Workflow | undefined =>
  parseOnce((of.spec as unknown as WorkflowSpec).definition).workflow;

function parsed(text: string): Neutral {
  try {
    return JSON.parse(text) as Neutral;
  } catch {
    return undefined;
  }
}
