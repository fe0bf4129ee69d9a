import type { TargetAccess, TargetKind } from "./calls.ts";
import { fromExpression, WorkflowError } from "./errors.ts";
import {
  asBool,
  check,
  type Expression,
  ExpressionError,
  ExpressionFault,
  evaluate,
  parseTemplate,
  type Scope,
  type Type,
} from "./expression/index.ts";
import { asList, asMap, asMoment, asSeconds, asShortList, asText, type Guard } from "./guards.ts";
import type { Typed } from "./ir.ts";
import { LIMITS } from "./limits.ts";

/** An object that a task names, in the namespace of the Workflow. */
export interface Reference {
  readonly kind: TargetKind | "Workflow";
  readonly name: string;
  /** What the identity of the workflow needs. */
  readonly access: TargetAccess | "Start";
  /** Where it is named first, in the YAML. */
  readonly path: string;
}

/** Where a list of tasks stands. */
export interface Place {
  /** In the YAML. */
  readonly path: string;
  /** Of the tasks around it, outermost first. */
  readonly names: readonly string[];
  /** What its expressions see besides `input` and `output`. */
  readonly scope: Scope;
  readonly depth: number;
  /** How many forks and concurrent loops are around it. */
  readonly parallel: number;
  /** `then: end` is allowed. */
  readonly mayEnd: boolean;
  /** Names of the indices of the loops around it, outermost first. */
  readonly indices: readonly string[];
}

/** What a value has to be. */
export interface Want {
  readonly kind: Type["kind"];
  /** For messages, such as `a text`. */
  readonly what: string;
  readonly guard: Guard;
  /** The guard asks for more than the type. */
  readonly always?: boolean;
}

export const WANTS = {
  condition: { kind: "bool", what: "true or false", guard: asBool },
  text: { kind: "string", what: "a text", guard: asText },
  list: { kind: "list", what: "a list", guard: asList },
  shortList: { kind: "list", what: "a list", guard: asShortList, always: true },
  map: { kind: "map", what: "a map", guard: asMap },
  seconds: { kind: "number", what: "a number of seconds", guard: asSeconds, always: true },
  moment: { kind: "string", what: "a text such as 2026-01-31T08:00:00Z", guard: asMoment, always: true },
} as const satisfies Readonly<Record<string, Want>>;

/** What the reading of one workflow gathers. */
export interface Parsing {
  readonly problems: readonly WorkflowError[];
  /** Undefined where it fails; the problem is kept. */
  attempt<T>(read: () => T): T | undefined;
  /** An expression, or a value with expressions in it. @throws WorkflowError */
  template(value: unknown, path: string, scope: Scope): Typed;
  /** The same of one type: what can never be of it is refused, what may not be fails when it runs. @throws WorkflowError */
  wanted(value: unknown, path: string, scope: Scope, want: Want): Typed;
  refer(reference: Reference): void;
  references(): readonly Reference[];
  /** So many more tasks. @throws WorkflowError there are too many */
  countTasks(count: number, path: string): void;
  /** The run may end with an output of that type. */
  ends(type: Type): void;
  endTypes(): readonly Type[];
}

export function createParsing(): Parsing {
  const problems: WorkflowError[] = [];
  const references = new Map<string, Reference>();
  const ends: Type[] = [];
  let tasks = 0;

  const template: Parsing["template"] = (value, path, scope) => {
    const expression = parseTemplate(value, path);
    return { expression, scope, type: check(expression, scope) };
  };
  return {
    problems,
    attempt(read) {
      try {
        return read();
      } catch (error) {
        const problem = error instanceof ExpressionError ? fromExpression(error) : error;
        if (!(problem instanceof WorkflowError)) throw error;
        problems.push(problem);
        return undefined;
      }
    },
    template,
    wanted(value, path, scope, { kind, what, guard, always }) {
      const { expression, type } = template(value, path, scope);
      if (type.kind !== kind && type.kind !== "dynamic")
        throw new WorkflowError(path, `can never be ${what}: it is a ${type.kind}${hintFor(value)}`);
      if (type.kind === kind && !always) return { expression, scope, type };
      const guarded = guard(expression);
      if (expression.kind === "literal") {
        if (isFaulty(guarded)) throw new WorkflowError(path, `is ${JSON.stringify(value)}, and should be ${what}`);
        return { expression, scope, type };
      }
      return { expression: guarded, scope, type: check(guarded, scope) };
    },
    refer(reference) {
      const key = `${reference.kind}/${reference.name}/${reference.access}`;
      if (!references.has(key)) references.set(key, reference);
    },
    references: () => [...references.values()],
    countTasks(count, path) {
      tasks += count;
      if (tasks > LIMITS.tasks)
        throw new WorkflowError(
          path,
          `makes it ${tasks} tasks; a workflow has ${LIMITS.tasks} at most: run a part of it as a workflow of its own`,
        );
    },
    ends: (type) => void ends.push(type),
    endTypes: () => ends,
  };
}

/** Whether an expression of literals alone fails: that need not wait for a run. */
function isFaulty(expression: Expression): boolean {
  try {
    evaluate(expression, {});
    return false;
  } catch (error) {
    if (error instanceof ExpressionFault) return true;
    throw error;
  }
}

/** The DSL has expressions that are not marked as such where nothing else makes sense. */
const hintFor = (value: unknown): string =>
  typeof value === "string" && !value.includes("${") ? "; an expression is written ${ … }" : "";
