import { WorkflowError } from "../errors.ts";
import { expressionText } from "../expression/cloud-workflows-steps.ts";
import { cloudWorkflowsSource, type Step, type Subworkflow } from "../expression/index.ts";
import type { Workflow } from "../ir.ts";
import { createBlock } from "./block.ts";
import { createEmission, type Emission } from "./emission.ts";
import { taskSteps } from "./names.ts";
import type { CloudWorkflowsPlace } from "./place.ts";
import { emitTasks } from "./tasks.ts";

/** A source of Cloud Workflows, as JSON: `main` and its subworkflows by name. */
export type Source = Readonly<Record<string, Subworkflow>>;

/** The subworkflow that has the steps of the tasks. */
export const TASKS = "tasks";

/** Google takes 128 KB. */
const MAX_BYTES = 100 * 1024;

/**
 * A workflow as source of Cloud Workflows. The argument of an execution is the run's input, or an envelope (RUN_KEY). It returns
 * what the run gives; or it fails, with the message `{class, code, message}` as JSON and the tag `Wf.<class>` or
 * `Wf.Business.<code>`. With `wrapped: true` in the envelope it always succeeds, with `{ok: output}` or `{err: {class, code,
 * message}}`: so does a run that another one waits for, as a connector words its errors in its own way.
 * @throws WorkflowError what the place lacks, or that the source is longer than Cloud Workflows takes
 */
export function toCloudWorkflowsSource(workflow: Workflow, place: CloudWorkflowsPlace): Source {
  const emission = createEmission(workflow.tasks, place);
  const main = { params: ["args"], steps: mainSteps(workflow, emission) };
  const tasks = { params: ["v_run", "v_input"], steps: taskListSteps(workflow, emission) };
  const source = { main, [TASKS]: tasks, ...emission.helpers() };
  refuseLarge(source);
  return source;
}

/** A subworkflow of its own, so that a task that ends the run returns from it, and `output.as` still follows. */
function taskListSteps({ from, tasks }: Workflow, emission: Emission): readonly Step[] {
  const block = createBlock(emission, taskSteps("begin"));
  const frame = { names: { run: "v_run" }, out: "v_out", context: "v_context", indices: [] };
  const first = from ? block.value(from, { input: "v_input" }) : expressionText("v_input");
  block.assign({ v_out: first }, { v_context: {} });
  emitTasks(tasks, frame, block, emission);
  block.add({ return: expressionText("v_out") });
  return block.steps;
}

function mainSteps({ as }: Workflow, emission: Emission): readonly Step[] {
  const block = createBlock(emission, taskSteps("main"));
  const ifWrapped = (key: "ok" | "err", variable: string) => ({
    switch: [{ condition: expressionText('v_start["wrapped"]'), return: { [key]: expressionText(variable) } }],
  });
  block.call("rt_start", { args: "args" }, "v_start");
  block.add(() => ({
    try: {
      steps: block.list((inner) => {
        const args = { v_run: expressionText('v_start["run"]'), v_input: expressionText('v_start["input"]') };
        inner.add({ call: TASKS, args, result: "v_output" });
        if (as) inner.assign({ v_output: inner.value(as, { output: "v_output" }) });
        inner.add(ifWrapped("ok", "v_output"));
        inner.add({ return: expressionText("v_output") });
      }),
    },
    except: {
      as: "v_error",
      steps: block.list((inner) => {
        inner.call("rt_classify", { e: "v_error" }, "v_problem");
        inner.add(ifWrapped("err", "v_problem"));
        inner.call("rt_raise", { problem: "v_problem" });
      }),
    },
  }));
  return block.steps;
}

function refuseLarge(source: Source): void {
  const bytes = Buffer.byteLength(cloudWorkflowsSource(source));
  if (bytes <= MAX_BYTES) return;
  const most = `takes ${bytes} bytes for Cloud Workflows, and should have no more than ${MAX_BYTES}`;
  throw new WorkflowError("do", `${most}: move some of the tasks to a workflow of their own, and run it`);
}
