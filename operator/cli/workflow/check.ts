import type { Cloud } from "../../provider/provider.ts";
import { allTasks, misfitsOfTables, type Workflow, WorkflowError } from "../../workflow/index.ts";
import type { Result } from "../onyx.ts";
import { type Paint, table } from "../output.ts";
import { compileFor } from "./compile.ts";
import { type Definition, problemsIn, readDefinitions } from "./definition.ts";

/** `onyx workflow check`, of all Workflows in a file or one: exit code 0 sound, 2 not. @throws ManifestError */
export async function runWorkflowCheck(file: string, paint: Paint, name?: string): Promise<Result> {
  const [first, ...others] = await readDefinitions(file, name);
  if (others.length === 0) return checked(first, paint);
  const all = [first, ...others].map((definition) => ({ name: definition.name, ...checked(definition, paint) }));
  return {
    value: {
      sound: all.every(({ exitCode }) => exitCode === 0),
      workflows: all.map((one) => ({ name: one.name, ...(one.value as object) })),
    },
    text: all.map(({ name, text }) => `${paint("bold", `Workflow ${name}`)}\n${text}`).join("\n\n"),
    exitCode: Math.max(...all.map(({ exitCode }) => exitCode)),
  };
}

function checked(definition: Definition, paint: Paint): Result {
  const { file, workflow, references } = definition;
  const problems = problemsIn(definition);
  if (!workflow) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const text = [...problems, paint("red", `✗ ${count}`)].join("\n");
    return { value: { sound: false, problems }, text, exitCode: 2 };
  }
  const all = allTasks(workflow.tasks);
  const { tables } = definition;
  const called = new Set(references.flatMap(({ kind, name }) => (kind === "Table" ? [name] : [])));
  const unknown = [...called].filter((name) => !tables[name]);
  const wrong = [
    ...misfitsOfTables(all, (name) => tables[name]),
    // Nothing is compiled whose keys are not known.
    ...(unknown.length === 0 ? CLOUDS.flatMap((cloud) => problemOn(cloud, workflow, tables)) : []),
  ];
  if (wrong.length > 0) {
    const text = [...wrong.map((problem) => `${file}: ${problem}`), paint("red", "✗ not on both clouds")].join("\n");
    return { value: { sound: false, problems: wrong }, text, exitCode: 2 };
  }
  const tasks = all.length;
  const listens = all.flatMap(({ kind, path }) => (kind === "listen" ? [path] : []));
  const uses = references.map(({ kind, name, access }) => ({ kind, name, access }));
  const rows = uses.map(({ kind, name, access }) => [kind, name, access]);
  const sound = paint("green", `✓ sound: ${tasks} ${tasks === 1 ? "task" : "tasks"}, the same on both clouds`);
  const notes = [
    ...unknown.map(
      (name) => `the Table ${name} is not in this file: whether calls fit its keys shows when it is applied`,
    ),
  ].map((note) => paint("yellow", note));
  const used = rows.length === 0 ? [] : ["", table(["USES", "NAME", "ACCESS"], rows)];
  return { value: { sound: true, tasks, uses, listens }, text: [sound, ...notes, ...used].join("\n"), exitCode: 0 };
}

const CLOUDS: readonly Cloud[] = ["aws", "gcp"];

/** What only the compiler for a cloud can tell: that it comes out too large there. */
function problemOn(cloud: Cloud, workflow: Workflow, tables: Definition["tables"]): readonly string[] {
  try {
    compileFor(cloud, workflow, tables);
    return [];
  } catch (error) {
    if (!(error instanceof WorkflowError)) throw error;
    return [`on ${cloud}: ${error.message}`];
  }
}
