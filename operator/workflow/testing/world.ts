import { parse as parseYaml } from "yaml";
import { TaskError } from "../errors.ts";
import type { Value } from "../expression/index.ts";
import { type CallRequest, interpret, type RunRequest, type Services, type Step } from "../interpret.ts";
import type { Workflow } from "../ir.ts";
import { parseWorkflow } from "../parse.ts";

/** The workflow that a YAML text describes. @throws Error it has problems */
export function workflowOf(yaml: string): Workflow {
  const { workflow, problems } = parseWorkflow(parseYaml(yaml));
  if (!workflow) throw new Error(problems.map(({ message }) => message).join("\n"));
  return workflow;
}

/** What a run came to, as far as engines agree: errors have no message, but those that were raised. */
export type Came =
  | { readonly output: Value }
  | { readonly error: { readonly class: string; readonly code: string; readonly message?: string } };

/** Services that answer from a script, and what they were asked. */
export interface World {
  readonly services: Services;
  readonly calls: CallRequest[];
  readonly runs: RunRequest[];
  /** Seconds, or moments. */
  readonly waits: (number | string)[];
  readonly steps: Step[];
  /** Runs a workflow in it. */
  run(workflow: Workflow, input?: Value): Promise<Came>;
}

export interface WorldOptions {
  /** Of the run: r1 where it is not given. */
  readonly id?: string;
  /** Workflows that a run may run. Any other gives its input. */
  readonly children?: Readonly<Record<string, Workflow>>;
}

/** @param answer what a call gives; it may throw TaskError. The how manyeth call with that key it is: from 1 */
export function world(
  answer: (request: CallRequest, attempt: number) => Value = () => null,
  { id = "r1", children = {} }: WorldOptions = {},
): World {
  const calls: CallRequest[] = [];
  const runs: RunRequest[] = [];
  const waits: (number | string)[] = [];
  const steps: Step[] = [];
  const services: Services = {
    async call(request) {
      calls.push(request);
      return answer(request, calls.filter(({ key }) => key === request.key).length);
    },
    async wait(time) {
      waits.push("until" in time ? time.until : time.seconds);
    },
    async listen(name) {
      return { signal: name };
    },
    async run(request) {
      runs.push(request);
      const child = children[request.workflow];
      if (child && request.await) return start(child, request.key, request.input);
      return request.await ? request.input : { id: request.key };
    },
  };
  const start = (workflow: Workflow, of: string, input: Value) =>
    interpret(workflow, {
      run: { id: of, startedAt: "2026-01-05T10:00:00Z" },
      input,
      services,
      signal: new AbortController().signal,
      onStep: (step) => void steps.push(step),
    });
  return {
    services,
    calls,
    runs,
    waits,
    steps,
    async run(workflow, input = null) {
      try {
        return { output: await start(workflow, id, input) };
      } catch (error) {
        if (!(error instanceof TaskError)) throw error;
        const { class: name, code, message } = error;
        return { error: { class: name, code, message } };
      }
    },
  };
}
