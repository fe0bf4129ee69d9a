import type { Cloud } from "../../provider/provider.ts";
import { listsIn, type Tasks, type Workflow, WorkflowError } from "../../workflow/index.ts";
import type { Result } from "../onyx.ts";
import { type Paint, table } from "../output.ts";
import { compileFor } from "./compile.ts";
import { problemsIn, readDefinition } from "./definition.ts";

/** `onyx workflow check`: exit code 0 sound, 2 not. @throws ManifestError */
export async function runWorkflowCheck(file: string, paint: Paint): Promise<Result> {
  const definition = await readDefinition(file);
  const { workflow, references } = definition;
  const problems = problemsIn(definition);
  if (!workflow) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const text = [...problems, paint("red", `✗ ${count}`)].join("\n");
    return { value: { sound: false, problems }, text, exitCode: 2 };
  }
  const tooMuch = CLOUDS.flatMap((cloud) => problemOn(cloud, workflow));
  if (tooMuch.length > 0) {
    const text = [...tooMuch.map((problem) => `${file}: ${problem}`), paint("red", "✗ not on both clouds")].join("\n");
    return { value: { sound: false, problems: tooMuch }, text, exitCode: 2 };
  }
  const tasks = countTasks(workflow.tasks);
  const uses = references.map(({ kind, name, access }) => ({ kind, name, access }));
  const rows = uses.map(({ kind, name, access }) => [kind, name, access]);
  const sound = paint("green", `✓ sound: ${tasks} ${tasks === 1 ? "task" : "tasks"}, the same on both clouds`);
  const text = rows.length === 0 ? sound : [sound, "", table(["USES", "NAME", "ACCESS"], rows)].join("\n");
  return { value: { sound: true, tasks, uses }, text, exitCode: 0 };
}

const CLOUDS: readonly Cloud[] = ["aws", "gcp"];

/** What only the compiler for a cloud can tell: that it comes out too large there. */
function problemOn(cloud: Cloud, workflow: Workflow): readonly string[] {
  try {
    compileFor(cloud, workflow);
    return [];
  } catch (error) {
    if (!(error instanceof WorkflowError)) throw error;
    return [`on ${cloud}: ${error.message}`];
  }
}

/** Those in lists within are counted too. */
export const countTasks = (tasks: Tasks): number =>
  tasks.reduce((sum, task) => sum + listsIn(task).reduce((inner, { tasks }) => inner + countTasks(tasks), 1), 0);
