import type { CallName, SettingValue } from "./calls.ts";
import type { Expression, Scope, Type } from "./expression/index.ts";

/**
 * A workflow as the back ends and the interpreter take it: names are resolved, what one of the engines can't do is refused
 * already. `reference/workflow-language.md` says what each task means.
 */
export interface Workflow {
  /** Of the run's input. */
  readonly input: Type;
  /** `input.from`: what the first task gets. Absent: the run's input. Sees `input`. */
  readonly from: Typed | undefined;
  readonly tasks: Tasks;
  /** `output.as`: what the run gives. Absent: the last output. Sees `output`. */
  readonly as: Typed | undefined;
  /** The operator cancels the run after that. */
  readonly timeoutSeconds: number | undefined;
}

/** A checked expression and the names it sees, as both back ends need them. */
export interface Typed {
  readonly expression: Expression;
  readonly scope: Scope;
  readonly type: Type;
}

/** Tasks in a row: each gets the output of the one that ran before it, the first one the input of the list. */
export type Tasks = readonly Task[];

interface Base {
  readonly name: string;
  /** Names of the tasks from the outermost inwards, such as `each-order/charge`; unique in the workflow. */
  readonly path: string;
  /** `if`: false skips the task, and its output is its input. Sees `input` as it came, before `from`. */
  readonly when: Typed | undefined;
  /** `input.from`: what the task sees as `input`. */
  readonly from: Typed | undefined;
  /** `output.as`. Sees `output` (what the task gave) and `input` (what it got). */
  readonly as: Typed | undefined;
  /** `export.as`: the next `context`. Sees the same, `output` being that of `output.as`. */
  readonly exportAs: Typed | undefined;
  readonly next: Next;
}

/** What comes after a task. Not followed where `if` skips it. */
export type Next =
  /** The next one of the list. */
  | { readonly to: "continue" }
  /** The list ends with this output. */
  | { readonly to: "exit" }
  /** The run ends with this output. Never within try, for or fork. */
  | { readonly to: "end" }
  /** A later one of the same list. */
  | { readonly to: "task"; readonly index: number };

export type Task = Do | Set | Switch | For | Concurrent | Fork | Try | Wait | Listen | Raise | Run | Call;

/** Its output is that of the list. */
export interface Do extends Base {
  readonly kind: "do";
  readonly tasks: Tasks;
}

export interface Set extends Base {
  readonly kind: "set";
  readonly value: Typed;
}

/** The first case that holds says what comes next; where none does, `next` of the task. Its output is its input. */
export interface Switch extends Base {
  readonly kind: "switch";
  /** `when` absent: always. */
  readonly cases: readonly { readonly name: string; readonly when: Typed | undefined; readonly next: Next }[];
}

/** One after the other: each body gets the output of the one before, and writes `context`. Its output is the last one's. */
export interface For extends Base {
  readonly kind: "for";
  readonly over: Typed;
  /** Name of the item. */
  readonly each: string;
  /** Name of its index, from 0. */
  readonly at: string;
  /** Looked at before each body; false ends the loop. Sees the item, its index and `input`, the output so far. */
  readonly while: Typed | undefined;
  readonly tasks: Tasks;
}

/**
 * So many bodies at once. Each gets the input of the task and the `context` of now; what it writes there is dropped. The
 * output is the list of theirs, in the order of the items. All end, then the error of the first item that failed is raised.
 */
export interface Concurrent extends Base {
  readonly kind: "concurrent";
  readonly over: Typed;
  readonly each: string;
  readonly at: string;
  readonly concurrency: number;
  readonly tasks: Tasks;
}

/** As `Concurrent`, with branches for items. */
export interface Fork extends Base {
  readonly kind: "fork";
  readonly branches: readonly { readonly name: string; readonly tasks: Tasks }[];
}

/**
 * The body writes `context` when it has ended well, and not at all when it fails. A failed body is tried again while
 * `retry` allows it for the error; then `handler` runs, whose input is that of the task. What `catches` leaves out is raised.
 */
export interface Try extends Base {
  readonly kind: "try";
  readonly tasks: Tasks;
  readonly catches: ErrorFilter;
  readonly retry: Retry | undefined;
  /** What the handler sees the error as. */
  readonly error: string;
  /** Absent: once retries are used up the error is raised; without retries the output is the input. */
  readonly handler: Tasks | undefined;
}

/** Seconds between tries: `delay`, times `multiplier` each time, `max` at most. */
export interface Retry {
  /** Only errors of these are tried again; never Expression. */
  readonly classes: readonly ErrorClass[];
  /** Tries after the first one. */
  readonly attempts: number;
  readonly delaySeconds: number;
  readonly multiplier: number;
  readonly maxSeconds: number;
}

/** What fails a task, as a closed set. `Business` has a code, such as `OutOfStock`. */
export const ERROR_CLASSES = [
  "Timeout",
  "Throttled",
  "Transient",
  "Denied",
  "NotFound",
  "Business",
  "Expression",
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

/** Which errors: all of these classes (absent: all), but of `Business` those of `code` alone (absent: all). */
export interface ErrorFilter {
  readonly classes: readonly ErrorClass[] | undefined;
  /** `Business` is among the classes then. */
  readonly code: string | undefined;
}

/** Its output is its input. */
export interface Wait extends Base {
  readonly kind: "wait";
  /** Whole seconds, or the moment as text `YYYY-MM-DDThh:mm:ssZ`. */
  readonly for: { readonly seconds: Typed } | { readonly until: Typed };
}

/** Waits for a signal of that name to this run; one that came before is not lost. Its output is what the signal brings. */
export interface Listen extends Base {
  readonly kind: "listen";
  readonly signal: string;
  readonly timeoutSeconds: number;
}

/** `code` is `""` but for Business. */
export interface Raise extends Base {
  readonly kind: "raise";
  readonly error: { readonly class: ErrorClass; readonly code: string };
  readonly message: Typed;
}

/** Starts a run of another Workflow. Its output is that run's, or `{id}` where nobody waits. */
export interface Run extends Base {
  readonly kind: "run";
  readonly workflow: string;
  readonly input: Typed;
  readonly await: boolean;
  readonly timeoutSeconds: number;
}

/** What is written out of a call, by its name. */
export type Settings = Readonly<Record<string, SettingValue>>;

/** A call of one of the services in `calls.ts`. */
export interface Call extends Base {
  readonly kind: "call";
  readonly call: CallName;
  /** Name of the object that it refers to; absent for `http`. */
  readonly target: string | undefined;
  /** A map: the arguments, without the reference. */
  readonly with: Typed;
  /** Those of `CALLS` that are given. */
  readonly settings: Settings;
  readonly timeoutSeconds: number;
}
