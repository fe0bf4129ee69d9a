import { ofStatus, TaskError } from "../../../operator/workflow/errors.ts";
import type { Value } from "../../../operator/workflow/expression/index.ts";
import type { Workflow } from "../../../operator/workflow/ir.ts";
import { type Came, workflowOf, world } from "../../../operator/workflow/testing/world.ts";
import { answerTo, pathOf, type Received, type StatusOf } from "../../support/scheduled-service.ts";
import type { Case } from "./cases.ts";

/** A workflow to be run, and what the service answers it. */
export interface Run {
  /** Of the run, without a slash. */
  readonly id: string;
  readonly workflow: Workflow;
  readonly input: Value;
  readonly statusOf: StatusOf;
}

/** What came of a run, and what it asked the service. */
export interface Ran {
  readonly came: Came;
  readonly received: readonly Received[];
}

/** The runs of cases. @param base of the service that they call */
export function runsOf(cases: readonly Case[], base: string): readonly (Run & { readonly name: string })[] {
  return cases.flatMap(({ name, yaml, inputs = [null], schedule = {} }, at) =>
    inputs.map((input, nth) => ({
      name,
      id: `case-${at}-${nth}`,
      workflow: workflowOf(yaml.replaceAll("BASE", base)),
      input,
      statusOf: ({ path, attempt }: Received) => schedule[path.split("?")[0]!]?.[attempt - 1] ?? 200,
    })),
  );
}

/** What the interpreter makes of it. @param base of the service */
export async function interpreted({ id, workflow, input, statusOf }: Run, base: string): Promise<Ran> {
  const received: Received[] = [];
  const here = world(({ key, with: { method, endpoint, query = {}, body } }, attempt) => {
    const search = new URLSearchParams(query as Record<string, string>);
    const path = pathOf((endpoint as string).slice(base.length), search);
    const one = { method: String(method), path, key: key.replace(/^r1/, id), attempt, body };
    received.push(one);
    const status = statusOf(one);
    if (status === 0) throw new TaskError("Transient", "");
    const error = ofStatus(status);
    if (status >= 300) throw new TaskError(error.class, "", error.code);
    return { status, body: answerTo(one) };
  });
  return { came: withoutMessage(await here.run(workflow, input)), received: inOrder(received) };
}

/** Engines word their errors each in their own way. */
export function withoutMessage(came: Came): Came {
  return "output" in came ? came : { error: { class: came.error.class, code: came.error.code } };
}

/** Branches run at once: what they ask comes in any order. */
export const inOrder = (received: readonly Received[]) =>
  [...received].sort((a, b) => (a.key === b.key ? a.attempt - b.attempt : a.key < b.key ? -1 : 1));

/** One in three requests fails, by its key and its attempt. */
export function moody({ key, attempt }: Received): number {
  const task = key.slice(key.indexOf("/"));
  const mood = [...task].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1009, attempt * 7);
  return mood % 3 === 0 ? [429, 503, 403, 409][mood % 4]! : 200;
}
