import jsonata from "jsonata";
import type { State, StateMachine, States } from "../../operator/workflow/step-functions/index.ts";

/** Fields of each type of state under JSONata, besides those of all. */
const FIELDS: Readonly<Record<State["Type"], readonly string[]>> = {
  Pass: ["Output", "Assign", "Next", "End"],
  Task: ["Resource", "Arguments", "Output", "Assign", "TimeoutSeconds", "Catch", "Next", "End"],
  Choice: ["Choices", "Default"],
  Wait: ["Seconds", "Timestamp", "Output", "Assign", "Next", "End"],
  Fail: ["Error", "Cause"],
  // Arguments, Output and Assign are left out on purpose: an emulator ignores them.
  Parallel: ["Branches", "Catch", "Next", "End"],
  Map: ["Items", "MaxConcurrency", "ItemSelector", "ItemProcessor", "Next", "End"],
};
const MAX_NAME = 80;

type Names = ReadonlySet<string>;

/** A way from a state to the next, with what is assigned on it. */
interface Way {
  readonly to: string;
  readonly assigns: Readonly<Record<string, unknown>>;
}

/**
 * What asl-validator does not look at: variables that may be read before they are assigned, or are assigned where a
 * scope around has one of that name; fields that a state does not have; names.
 */
export function aslLint(machine: StateMachine): string[] {
  const problems: string[] = [];
  const stateNames = new Set<string>();
  lintScope(machine, new Set(), new Set());
  return problems;

  /** @param known assigned on every way here @param around assigned anywhere in the scopes around */
  function lintScope({ StartAt, States: states }: States, known: Names, around: Names): void {
    const ways = new Map(Object.entries(states).map(([name, state]) => [name, waysFrom(state)]));
    const own = new Set(Object.values(states).flatMap(assignedBy));
    for (const name of own) {
      if (around.has(name)) problems.push(`$${name} is assigned within a scope of a variable of that name`);
      if (!/^[A-Za-z]\w{0,79}$/.test(name) || name === "states") problems.push(`"${name}" is no name of a variable`);
    }
    const entered = assignedAtEntry(StartAt, ways, known);
    for (const [name, state] of Object.entries(states)) {
      const at = entered.get(name);
      if (!at) problems.push(`${name} is never reached`);
      else lintState(name, state, at, new Set([...around, ...own]));
    }
  }

  function lintState(name: string, state: State, known: Names, around: Names): void {
    if (stateNames.has(name)) problems.push(`${name} is the name of two states`);
    stateNames.add(name);
    if ([...name].length > MAX_NAME) problems.push(`${name} is a name of more than ${MAX_NAME} characters`);
    for (const field of Object.keys(state))
      if (!["Type", "Comment", ...FIELDS[state.Type]].includes(field))
        problems.push(`${name}: ${state.Type} has no ${field} here`);
    if (state.Type === "Choice" && !state.Default) problems.push(`${name}: a Choice without Default`);
    const { inner, own } = partsOf(state);
    for (const variable of freeVariables(own))
      if (!known.has(variable)) problems.push(`${name} may read $${variable} before it is assigned`);
    for (const scope of inner) lintScope(scope, known, around);
  }
}

function waysFrom({ Next, Assign = {}, Choices = [], Default, Catch = [] }: State): readonly Way[] {
  const assigns = Assign as Way["assigns"];
  return [
    ...(Next ? [{ to: Next, assigns }] : []),
    ...(Default ? [{ to: Default, assigns }] : []),
    ...[...Choices, ...Catch].map((one) => ({ to: one.Next, assigns: (one.Assign ?? {}) as Way["assigns"] })),
  ];
}

/** The variables that a state assigns, whichever way it goes. */
function assignedBy({ Assign, Choices = [], Catch = [] }: State): readonly string[] {
  return [Assign, ...[...Choices, ...Catch].map((one) => one.Assign)].flatMap((assigns) => Object.keys(assigns ?? {}));
}

/** The variables that are assigned on every way to a state, for each state that there is a way to. */
function assignedAtEntry(start: string, ways: ReadonlyMap<string, readonly Way[]>, known: Names): Map<string, Names> {
  const entered = new Map<string, Names>([[start, known]]);
  const changed = [start];
  for (let name = changed.pop(); name !== undefined; name = changed.pop()) {
    const here = entered.get(name)!;
    for (const { to, assigns } of ways.get(name) ?? []) {
      const after = new Set([...here, ...Object.keys(assigns)]);
      const before = entered.get(to);
      const both = before ? new Set([...before].filter((one) => after.has(one))) : after;
      if (before?.size === both.size) continue;
      entered.set(to, both);
      changed.push(to);
    }
  }
  return entered;
}

/** The scopes within a state, and what it evaluates itself. */
function partsOf({ Branches = [], ItemProcessor, ...own }: State): { inner: readonly States[]; own: object } {
  return { inner: [...(Branches as States[]), ...(ItemProcessor ? [ItemProcessor as States] : [])], own };
}

function freeVariables(field: unknown): readonly string[] {
  if (typeof field === "object" && field !== null) return Object.values(field).flatMap(freeVariables);
  if (typeof field !== "string" || !field.startsWith("{%")) return [];
  const read = new Set<string>();
  const bound = new Set(["states"]);
  visit(jsonata(field.slice(2, -2)).ast());
  return [...read].filter((name) => !bound.has(name));

  function visit(node: unknown): void {
    if (typeof node !== "object" || node === null) return;
    const { type, value, lhs, arguments: given, procedure } = node as Record<string, unknown>;
    if (type === "variable") read.add(value as string);
    if (type === "bind") bound.add((lhs as { value: string }).value);
    if (type === "lambda") for (const one of given as { value: string }[]) bound.add(one.value);
    // A function of JSONata or of the expression.
    if (type === "function") bound.add((procedure as { value: string }).value);
    for (const inner of Object.values(node)) visit(inner);
  }
}
