import type { Body, Step, Subworkflow } from "../cloud-workflows-steps.ts";
import type { Value } from "../values.ts";

/** What a list of steps is in. */
interface Place {
  /** Variables that may be read here. */
  readonly readable: Set<string>;
  /** Those of outside the innermost branch that it must not write. */
  readonly foreign: ReadonlySet<string>;
  readonly looping: boolean;
  /** `parallel` steps around. */
  readonly depth: number;
}

/** Functions of the standard library and connectors that are called, and their arguments. */
const LIBRARY: Readonly<Record<string, readonly string[]>> = {
  "http.request": ["method", "url", "headers", "query", "body", "timeout", "auth"],
  "http.post": ["url", "body", "timeout", "auth"],
  "sys.sleep": ["seconds"],
  "sys.sleep_until": ["time"],
  "events.create_callback_endpoint": ["http_callback_method"],
  "events.await_callback": ["callback", "timeout"],
  "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run": [
    "project_id",
    "location",
    "workflow_id",
    "argument",
    "connector_params",
  ],
};

/**
 * What is wrong with the steps of a subworkflow by the rules that keep them safe on every engine; empty: nothing.
 * @param given the variables that are there before: parameters, or what emitted steps read
 */
export function lintSteps(
  steps: readonly Step[],
  subworkflows: Readonly<Record<string, Subworkflow>>,
  given: Iterable<string>,
): readonly string[] {
  const wrong: string[] = [];
  const names = new Set<string>();

  const inSteps = (list: readonly Step[], place: Place): void => {
    const own = list.map((step) => Object.keys(step)[0] ?? "");
    if (list.length === 0) wrong.push("a list without steps");
    for (const [at, step] of list.entries()) {
      const name = own[at]!;
      if (Object.keys(step).length !== 1 || !/^[a-z]\w*$/.test(name))
        wrong.push(`a step is named ${Object.keys(step)}`);
      if (names.has(name)) wrong.push(`two steps are named ${name}`);
      names.add(name);
      inBody(step[name] as Body, place, own.slice(at + 1));
    }
  };

  /** @param later the steps of the same list that come after it: jumps lead to no others */
  const inBody = (body: Body, place: Place, later: readonly string[]): void => {
    for (const [key, value] of Object.entries(body)) {
      if (key === "steps") inSteps(value as readonly Step[], place);
      else if (key === "next") inJump(value as string, place, later);
      else if (key === "switch") inSwitch(value as readonly Body[], place, later);
      else if (key === "for") inLoop(value as Body, { ...place, readable: new Set(place.readable), looping: true });
      else if (key === "assign") inAssign(value as readonly Body[], place);
      else if (key === "call") inCall(body, place);
      else if (key === "parallel") inParallel(value as Body, place);
      else if (key === "try") inTry(body, place);
      else if (key !== "except" && key !== "args" && key !== "result") read(value, place);
    }
  };

  const inJump = (to: string, { looping }: Place, later: readonly string[]): void => {
    if (!later.includes(to) && !(looping && to === "break")) wrong.push(`a jump to ${to}`);
  };

  const inSwitch = (conditions: readonly Body[], place: Place, later: readonly string[]): void => {
    if (conditions.length > 50) wrong.push(`${conditions.length} conditions`);
    for (const condition of conditions) inBody(condition, place, later);
  };

  const inLoop = ({ in: over, value, index, steps: body }: Body, place: Place): void => {
    read(over!, place);
    for (const variable of [value, index]) if (variable !== undefined) place.readable.add(variable as string);
    inSteps(body as readonly Step[], place);
  };

  const inAssign = (assigns: readonly Body[], place: Place): void => {
    if (assigns.length > 50) wrong.push(`${assigns.length} assigns in a step`);
    for (const assign of assigns) {
      const [target = "", ...more] = Object.keys(assign);
      if (more.length > 0) wrong.push(`an assign to ${Object.keys(assign)}`);
      read(assign[target]!, place);
      write(target, place);
    }
  };

  const inCall = ({ call, args = {}, result }: Body, place: Place): void => {
    const known = subworkflows[call as string]?.params ?? LIBRARY[call as string];
    const unknown = Object.keys(args as Body).filter((name) => !known?.includes(name));
    if (!known || unknown.length > 0) wrong.push(`a call of ${call} with ${unknown}`);
    const missing = (subworkflows[call as string]?.params ?? []).filter((name) => !Object.hasOwn(args as Body, name));
    if (missing.length > 0) wrong.push(`a call of ${call} without ${missing}`);
    read(args, place);
    if (result !== undefined) write(result as string, place);
  };

  const inTry = ({ try: body, except }: Body, place: Place): void => {
    if (Object.keys(body as Body).join() !== "steps") wrong.push("a try of something else than steps");
    inBody(body as Body, place, []);
    const { as, steps: handler } = except as Body;
    write(as as string, place);
    inSteps(handler as readonly Step[], place);
  };

  const inParallel = ({ shared, branches, for: loop }: Body, place: Place): void => {
    const open = new Set(shared as readonly string[]);
    for (const variable of open)
      if (!place.readable.has(variable)) wrong.push(`${variable} is shared before it is there`);
    const foreign = new Set([...place.readable].filter((variable) => !open.has(variable)));
    const inside = () => ({ readable: new Set(place.readable), foreign, looping: false, depth: place.depth + 1 });
    if (place.depth >= 2) wrong.push("parallel within parallel within parallel");
    if (loop) inLoop(loop as Body, inside());
    const list = (branches ?? []) as readonly Step[];
    if (branches && (list.length < 2 || list.length > 10)) wrong.push(`${list.length} branches`);
    for (const branch of list) inSteps([branch], inside());
  };

  const write = (variable: string, { readable, foreign }: Place): void => {
    if (!/^[a-z]\w*$/.test(variable)) wrong.push(`a variable is named ${variable}`);
    if (foreign.has(variable)) wrong.push(`${variable} is written by a branch and not shared`);
    readable.add(variable);
  };

  const read = (value: Value, { readable }: Place): void => {
    wrong.push(...lintValue(value));
    for (const name of variablesIn(value)) if (!readable.has(name)) wrong.push(`${name} is read and not there`);
  };

  inSteps(steps, { readable: new Set(given), foreign: new Set(), looping: false, depth: 0 });
  return wrong;
}

/** The names that the expressions in a value read, but for functions and constants. */
function variablesIn(value: Value): string[] {
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(variablesIn);
  if (typeof value !== "string" || !value.startsWith("${")) return [];
  const names =
    value
      .slice(2, -1)
      .replace(/"[^"]*"/g, "")
      .match(/[A-Za-z_][\w.]*(?![\w.]*\()/g) ?? [];
  return names.filter((name) => !["in", "or", "null", "true", "false"].includes(name));
}

/** What is wrong with a value that may hold expressions. */
function lintValue(value: Value): readonly string[] {
  if (typeof value === "number" && /e/.test(String(value))) return [`${value} is a text in YAML`];
  if (typeof value === "object" && value !== null)
    return [...Object.keys(value).filter((key) => key.includes("${")), ...Object.values(value).flatMap(lintValue)];
  if (typeof value !== "string" || !value.includes("${")) return [];
  const source = /^\$\{(.*)\}$/s.exec(value)?.[1];
  if (source === undefined || source.includes("${")) return [`an expression amid text: ${value}`];
  return lintExpression(source).map((what) => `${what}: ${source}`);
}

const OPERATORS = / (?:\+|-|\*|\/|==|!=|<|<=|>|>=|in|or) /g;

function lintExpression(source: string): string[] {
  const wrong: string[] = [];
  if (source.length > 400) wrong.push(`${source.length} characters`);
  if (/["][^"]*[\\$][^"]*["]/.test(source)) wrong.push("a text that engines may unescape differently");
  let bare = source.replace(/"[^"]*"/g, "text");
  if (/%|\/\/|\{|\band\b|\bnot\b|\brt_|list\.concat|get_type|\bif\(/.test(bare)) wrong.push("what engines differ in");
  // Innermost groups first: in each of them, and between the arguments of each function, one operator at most.
  for (let group = /[([]([^()[\]]*)[)\]]/.exec(bare); group; group = /[([]([^()[\]]*)[)\]]/.exec(bare)) {
    wrong.push(...crowded(group[1]!));
    bare = bare.replace(group[0], "_");
  }
  return [...wrong, ...crowded(bare)];
}

function crowded(group: string): string[] {
  return group.split(",").flatMap((part) => ((part.match(OPERATORS) ?? []).length > 1 ? ["operators in a row"] : []));
}
