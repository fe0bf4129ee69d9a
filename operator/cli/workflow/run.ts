import { parse as parseYaml } from "yaml";
import { interpret, problemOfInput, type Services, type Step, TaskError } from "../../workflow/index.ts";
import { ManifestError, textOf } from "../manifests.ts";
import type { Result } from "../onyx.ts";
import { brief, type Paint } from "../output.ts";
import { answering, readAnswers } from "./answers.ts";
import { readDefinition, workflowIn } from "./definition.ts";
import { createTree } from "./tree.ts";

export interface RunLocally {
  /** Of the Workflow, where the file has several. */
  readonly name?: string;
  /** JSON, or @ and a file of JSON or YAML. */
  readonly input?: string;
  /** File that says what calls, signals and other workflows answer. */
  readonly answers?: string;
}

/**
 * `onyx workflow run`: runs a workflow here, by the interpreter. Nothing is called and nothing waited for. Exit code: 0 it
 * succeeded, 2 it failed.
 * @throws ManifestError
 */
export async function runWorkflowLocally(file: string, options: RunLocally, paint: Paint, now: Date): Promise<Result> {
  const definition = await readDefinition(file, options.name);
  const workflow = workflowIn(definition);
  const input = await inputOf(options.input);
  const problem = problemOfInput(input, workflow.input);
  if (problem !== undefined) throw new ManifestError(problem);
  const services: Services = answering(await readAnswers(options.answers), definition);
  const tree = createTree();
  const startedAt = `${now.toISOString().slice(0, 19)}Z`;
  const run = { id: "local", startedAt };
  const onStep = (step: Step) => tree.add(step);
  const signal = new AbortController().signal;
  try {
    const output = await interpret(workflow, { run, input, services, signal, onStep });
    const text = [...tree.lines(paint), paint("green", `✓ succeeded: ${brief(output)}`)].join("\n");
    return { value: { phase: "Succeeded", output, steps: tree.steps() }, text, exitCode: 0 };
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    const { class: name, code, message } = error;
    const what = `${name}${code && ` ${code}`}: ${message}`;
    const text = [...tree.lines(paint), paint("red", `✗ failed: ${what}`)].join("\n");
    const value = { phase: "Failed", error: { class: name, code, message }, steps: tree.steps() };
    return { value, text, exitCode: 2 };
  }
}

async function inputOf(given: string | undefined) {
  if (given === undefined) return null;
  const file = given.startsWith("@") ? given.slice(1) : undefined;
  const text = file === undefined ? given : await textOf(file);
  try {
    return parseYaml(text);
  } catch (error) {
    throw new ManifestError(`${file ?? "--input"}: ${(error as Error).message}`);
  }
}
