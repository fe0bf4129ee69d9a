import { ofStatus, TaskError } from "../../../operator/workflow/errors.ts";
import type { Value } from "../../../operator/workflow/expression/index.ts";
import type { CallRequest } from "../../../operator/workflow/interpret.ts";
import type { Workflow } from "../../../operator/workflow/ir.ts";
import { type Came, workflowOf, world } from "../../../operator/workflow/testing/world.ts";
import { answerTo, pathOf, type Received, type StatusOf } from "../../support/scheduled-service.ts";
import type { Sent } from "../../support/sent.ts";
import type { Answers, Case } from "./cases.ts";

/** A workflow to be run, and what the service answers it. */
export interface Run {
  /** Of the run, without a slash. */
  readonly id: string;
  readonly workflow: Workflow;
  readonly input: Value;
  readonly statusOf: StatusOf;
  /** Bodies of its answers: those of `answerTo` where it is not given. */
  readonly answerOf?: (request: Received) => unknown;
  readonly children?: Readonly<Record<string, Workflow>>;
}

/** What came of a run, and what it asked the service. */
export interface Ran {
  readonly came: Came;
  readonly received: readonly Received[];
  /** To Queues and Topics, by their keys. */
  readonly sent: readonly Sent[];
}

/** The runs of cases. @param base of the service that they call */
export function runsOf(cases: readonly Case[], base: string): readonly (Run & { readonly name: string })[] {
  return cases.flatMap(({ name, yaml, inputs = [null], schedule = {}, answers = {}, children = {} }, at) =>
    inputs.map((input, nth) => ({
      name,
      id: `case-${at}-${nth}`,
      workflow: workflowOf(yaml.replaceAll("BASE", base)),
      input,
      statusOf: ({ path, attempt }: Received) => schedule[path.split("?")[0]!]?.[attempt - 1] ?? 200,
      answerOf: (request: Received) => answerIn(answers, request),
      children: Object.fromEntries(Object.entries(children).map(([child, text]) => [child, workflowOf(text)])),
    })),
  );
}

function answerIn(answers: Answers, request: Received): unknown {
  const { path, attempt } = request;
  const bodies = answers[path] ?? answers[path.split("?")[0]!];
  return bodies ? bodies[Math.min(attempt, bodies.length) - 1] : answerTo(request);
}

/** What the interpreter makes of it. @param base of the service */
export async function interpreted(run: Run, base: string): Promise<Ran> {
  const { id, workflow, input, statusOf, answerOf = answerTo, children = {} } = run;
  const received: Received[] = [];
  const sent: Sent[] = [];
  const answer = ({ target, key, with: { method, endpoint, query = {}, body } }: CallRequest, attempt: number) => {
    if (target !== undefined) {
      sent.push({ to: target, key, body });
      return { id: key };
    }
    const search = new URLSearchParams(query as Record<string, string>);
    const path = pathOf((endpoint as string).slice(base.length), search);
    const one = { method: String(method), path, key, attempt, body };
    received.push(one);
    const status = statusOf(one);
    if (status === 0) throw new TaskError("Transient", "");
    const error = ofStatus(status);
    if (status >= 300) throw new TaskError(error.class, "", error.code);
    return { status, body: answerOf(one) as Value };
  };
  const here = world(answer, { id, children });
  return { came: withoutMessage(await here.run(workflow, input)), received: inOrder(received), sent: byKey(sent) };
}

/** Engines word their errors each in their own way. */
export function withoutMessage(came: Came): Came {
  return "output" in came ? came : { error: { class: came.error.class, code: came.error.code } };
}

/** Branches run at once: what they ask comes in any order. */
export const inOrder = (received: readonly Received[]) =>
  [...received].sort((a, b) => (a.key === b.key ? a.attempt - b.attempt : a.key < b.key ? -1 : 1));

/** Messages, each key once: one that is sent again counts for nothing. */
export function byKey(sent: readonly Sent[]): readonly Sent[] {
  const once = new Map(sent.map((one) => [one.key, one]));
  return [...once.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** One in three requests fails, by its key and its attempt. */
export function moody({ key, attempt }: Received): number {
  const task = key.slice(key.indexOf("/"));
  const mood = [...task].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1009, attempt * 7);
  return mood % 3 === 0 ? [429, 503, 403, 409][mood % 4]! : 200;
}
