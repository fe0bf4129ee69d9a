import { CALLS, type CallName } from "./calls.ts";
import { TaskError } from "./errors.ts";
import { ExpressionFault, evaluate, type Value, type Variables } from "./expression/index.ts";
import type {
  Concurrent,
  ErrorFilter,
  For,
  Fork,
  Next,
  Settings,
  Task,
  Tasks,
  Try,
  Typed,
  Wait,
  Workflow,
} from "./ir.ts";
import { LIMITS } from "./limits.ts";
import { misfit } from "./schema.ts";

/** A call of a service, as a task makes it. */
export interface CallRequest {
  readonly call: CallName;
  /** Name of the object that it refers to. */
  readonly target: string | undefined;
  readonly with: Readonly<Record<string, Value>>;
  readonly settings: Settings;
  /** The same for each attempt: whoever gets it twice does it once. */
  readonly key: string;
  readonly timeoutSeconds: number;
}

/** What a workflow has to do with the world. All of them throw TaskError, and reject with the signal's reason once it is aborted. */
export interface Services {
  call(request: CallRequest, signal: AbortSignal): Promise<Value>;
  /** Whole seconds, or until a moment as text. */
  wait(time: { readonly seconds: number } | { readonly until: string }, signal: AbortSignal): Promise<void>;
  /** What the signal brings. @throws TaskError Timeout */
  listen(name: string, timeoutSeconds: number, signal: AbortSignal): Promise<Value>;
  /** The output of the run, or `{id}` of one that nobody waits for. */
  run(request: RunRequest, signal: AbortSignal): Promise<Value>;
}

export interface RunRequest {
  readonly workflow: string;
  readonly input: Value;
  readonly await: boolean;
  readonly key: string;
  readonly timeoutSeconds: number;
}

/** What a run tells on its way. */
export interface Step {
  readonly task: Task;
  /** Of the loops around it, outermost first. */
  readonly indices: readonly number[];
  readonly what:
    | { readonly is: "started"; readonly input: Value }
    | { readonly is: "skipped" }
    | { readonly is: "ended"; readonly output: Value }
    | { readonly is: "failed"; readonly error: TaskError }
    /** Attempt 2 is the first retry. */
    | { readonly is: "retried"; readonly attempt: number; readonly afterSeconds: number; readonly error: TaskError };
}

export interface RunOptions {
  readonly run: { readonly id: string; readonly startedAt: string };
  readonly input: Value;
  readonly services: Services;
  readonly signal: AbortSignal;
  readonly onStep?: ((step: Step) => void) | undefined;
}

/** What is around a list of tasks. */
interface Frame {
  /** Loop variables, errors, `run`. */
  readonly variables: Variables;
  readonly indices: readonly number[];
  readonly signal: AbortSignal;
}

/** What a task or a list of them comes to. */
interface Outcome {
  readonly output: Value;
  readonly context: Value;
  /** The run ends with that output. */
  readonly ends?: true;
}

/**
 * Runs a workflow: the definition of what it means. Both back ends make the same calls, give the same output, and fail with
 * errors of the same class and code.
 * @returns the run's output
 * @throws TaskError what no task caught @throws the signal's reason
 */
export async function interpret(workflow: Workflow, options: RunOptions): Promise<Value> {
  const { services, onStep = () => {} } = options;
  const first = give(workflow.from, { input: options.input }, options.input);
  const frame: Frame = { variables: { run: { ...options.run } }, indices: [], signal: options.signal };
  const { output } = await runTasks(workflow.tasks, first, {}, frame);
  return give(workflow.as, { output }, output);

  async function runTasks(tasks: Tasks, input: Value, context: Value, frame: Frame): Promise<Outcome> {
    let now: Outcome = { output: input, context };
    for (let at = 0; at < tasks.length; ) {
      frame.signal.throwIfAborted();
      const { output, context, ends, next } = await runTask(tasks[at]!, now, frame);
      now = { output, context };
      if (ends || next.to === "end") return { ...now, ends: true };
      at = next.to === "exit" ? tasks.length : next.to === "task" ? next.index : at + 1;
    }
    return now;
  }

  async function runTask(task: Task, { output: came, context }: Outcome, frame: Frame) {
    const tell = (what: Step["what"]) => onStep({ task, indices: frame.indices, what });
    try {
      const before = { ...frame.variables, context };
      if (!give(task.when, { ...before, input: came }, true)) {
        tell({ is: "skipped" });
        return { output: came, context, next: { to: "continue" } as Next };
      }
      const input = give(task.from, { ...before, input: came }, came);
      tell({ is: "started", input });
      const ran = await execute(task, input, context, frame);
      if (ran.ends) {
        tell({ is: "ended", output: ran.output });
        return { ...ran, next: task.next };
      }
      const after = { ...frame.variables, context: ran.context, input };
      const output = give(task.as, { ...after, output: ran.output }, ran.output);
      const exported = give(task.exportAs, { ...after, output }, ran.context);
      tell({ is: "ended", output });
      return { ...ran, output, context: exported, next: ran.next ?? task.next };
    } catch (error) {
      const problem = asTaskError(error);
      if (problem) tell({ is: "failed", error: problem });
      throw problem ?? error;
    }
  }

  async function execute(task: Task, input: Value, context: Value, frame: Frame): Promise<Outcome & { next?: Next }> {
    const variables = { ...frame.variables, context, input };
    const see = (typed: Typed) => evaluate(typed.expression, variables);
    switch (task.kind) {
      case "do":
        return runTasks(task.tasks, input, context, frame);
      case "set":
        return { output: see(task.value), context };
      case "switch": {
        const found = task.cases.find(({ when }) => !when || see(when));
        return { output: input, context, ...(found && { next: found.next }) };
      }
      case "for":
        return loop(task, see(task.over), input, context, frame);
      case "concurrent":
        return { output: await bodies(task, see(task.over), input, context, frame), context };
      case "fork":
        return { output: await branches(task, input, context, frame), context };
      case "try":
        return attempt(task, input, context, frame);
      case "wait":
        await services.wait(timeOf(task, see), frame.signal);
        return { output: input, context };
      case "listen":
        return { output: await services.listen(task.signal, task.timeoutSeconds, frame.signal), context };
      case "raise":
        throw new TaskError(task.error.class, see(task.message) as string, task.error.code);
      case "run": {
        const { workflow, await: waits, timeoutSeconds } = task;
        const request = { workflow, input: see(task.input), await: waits, key: keyOf(task, frame), timeoutSeconds };
        return { output: await services.run(request, frame.signal), context };
      }
      case "call": {
        const { call, target, settings, timeoutSeconds } = task;
        const given = { with: fitting(call, see(task.with)), settings };
        const request = { call, target, ...given, key: keyOf(task, frame), timeoutSeconds };
        return { output: await services.call(request, frame.signal), context };
      }
    }
  }

  async function loop(task: For, over: Value, input: Value, context: Value, frame: Frame): Promise<Outcome> {
    let now: Outcome = { output: input, context };
    for (const [at, item] of (over as readonly Value[]).entries()) {
      const inner = within(frame, task, item, at);
      if (!give(task.while, { ...inner.variables, context: now.context, input: now.output }, true)) break;
      now = await runTasks(task.tasks, now.output, now.context, inner);
    }
    return now;
  }

  async function bodies(task: Concurrent, over: Value, input: Value, context: Value, frame: Frame): Promise<Value> {
    return allOf(over as readonly Value[], task.concurrency, async (item, at) => {
      return (await runTasks(task.tasks, input, context, within(frame, task, item, at))).output;
    });
  }

  async function branches(task: Fork, input: Value, context: Value, frame: Frame): Promise<Value> {
    return allOf(task.branches, LIMITS.branches, async (branch) => {
      return (await runTasks(branch.tasks, input, context, frame)).output;
    });
  }

  async function attempt(task: Try, input: Value, context: Value, frame: Frame): Promise<Outcome> {
    const { retry, catches, handler } = task;
    for (let tries = 1, delay = retry?.delaySeconds ?? 0; ; tries++) {
      try {
        return await runTasks(task.tasks, input, context, frame);
      } catch (caught) {
        const error = asTaskError(caught);
        if (!error || !isCaught(error, catches)) throw caught;
        if (retry && tries <= retry.attempts && retry.classes.includes(error.class)) {
          onStep({
            task,
            indices: frame.indices,
            what: { is: "retried", attempt: tries + 1, afterSeconds: delay, error },
          });
          await services.wait({ seconds: delay }, frame.signal);
          delay = Math.min(retry.maxSeconds, delay * retry.multiplier);
          continue;
        }
        if (handler) return runTasks(handler, input, context, withError(frame, task, error));
        if (retry) throw error;
        return { output: input, context };
      }
    }
  }
}

function give(typed: Typed | undefined, variables: Variables, otherwise: Value): Value {
  return typed ? evaluate(typed.expression, variables) : otherwise;
}

function within(frame: Frame, { each, at }: For | Concurrent, item: Value, index: number): Frame {
  const variables = { ...frame.variables, [each]: item, [at]: index };
  return { ...frame, variables, indices: [...frame.indices, index] };
}

function withError(frame: Frame, task: Try, { class: name, code, message }: TaskError): Frame {
  return { ...frame, variables: { ...frame.variables, [task.error]: { class: name, code, message } } };
}

/** The arguments of a call. @throws TaskError one of them is of another type */
function fitting(call: CallName, given: Value): Readonly<Record<string, Value>> {
  const problem = misfit(given, { kind: "map", fields: CALLS[call].arguments, rest: undefined }, "with");
  if (problem !== undefined) throw new TaskError("Expression", problem);
  return given as Readonly<Record<string, Value>>;
}

/** The idempotency key of a task: of each attempt of it, and of no other in all runs. */
function keyOf({ path }: Task, { variables, indices }: Frame): string {
  return [(variables.run as { readonly id: string }).id, path, ...indices].join("/");
}

function timeOf({ for: time }: Wait, see: (typed: Typed) => Value) {
  return "until" in time ? { until: see(time.until) as string } : { seconds: see(time.seconds) as number };
}

function isCaught(error: TaskError, { classes, code }: ErrorFilter): boolean {
  if (classes && !classes.includes(error.class)) return false;
  return code === undefined || error.class !== "Business" || error.code === code;
}

function asTaskError(error: unknown): TaskError | undefined {
  if (error instanceof ExpressionFault) return new TaskError("Expression", error.message);
  return error instanceof TaskError ? error : undefined;
}

/** So many at once; all end, then the error of the first one in order is thrown. */
async function allOf<Item>(
  items: readonly Item[],
  concurrency: number,
  run: (item: Item, at: number) => Promise<Value>,
): Promise<readonly Value[]> {
  const results: PromiseSettledResult<Value>[] = [];
  const left = items.entries();
  const worker = async () => {
    for (const [at, item] of left) [results[at]] = await Promise.allSettled([run(item, at)]);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  const failed = results.find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
  return results.map((one) => (one as PromiseFulfilledResult<Value>).value);
}
