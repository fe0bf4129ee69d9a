import { readSeconds } from "./durations.ts";
import { ofStatus, WorkflowError } from "./errors.ts";
import { DYNAMIC, INTEGER, join, type Scope, STRING, type Type } from "./expression/index.ts";
import {
  ERROR_CLASSES,
  type ErrorClass,
  type ErrorFilter,
  type Raise,
  type Retry,
  type Task,
  type Wait,
} from "./ir.ts";
import { LIMITS } from "./limits.ts";
import { readCall, readEmit, readRun } from "./parse-calls.ts";
import type { TaskToRead } from "./parse-task.ts";
import { type Place, WANTS } from "./parsing.ts";
import { type Reader, readMap, readNamed, within } from "./reader.ts";

/** A task whose own fields are to be read. */
export interface Kinded extends TaskToRead {
  /** Of the task as a whole. */
  readonly reader: Reader;
  /** What its expressions see. */
  readonly scope: Scope;
}

type Common = "name" | "path" | "when" | "from" | "as" | "exportAs" | "next";
/** What only tasks of its kind have. */
export type OwnPart = Task extends infer One ? (One extends Task ? Omit<One, Common> : never) : never;

interface KindEntry {
  readonly fields: readonly string[];
  read(to: Kinded): { readonly task: OwnPart; readonly gives: Type };
}

const ERROR: Type = {
  kind: "map",
  fields: {
    class: { type: STRING, optional: false },
    code: { type: STRING, optional: false },
    message: { type: STRING, optional: false },
  },
  rest: undefined,
};

/** What is tried again where nothing is said. */
const PASSING: readonly ErrorClass[] = ["Timeout", "Throttled", "Transient"];

/** Error types of the Serverless Workflow DSL, and what they are here. */
const TYPES: Readonly<Record<string, readonly ErrorClass[]>> = {
  timeout: ["Timeout"],
  communication: ["Throttled", "Transient", "NotFound"],
  authentication: ["Denied"],
  authorization: ["Denied"],
  expression: ["Expression"],
};
const TYPE_URI = /^https:\/\/serverlessworkflow\.io\/spec\/1\.0\.\d+\/errors\/(\w+)$/;

/** Each task by the field that makes it one. */
export const KINDS = {
  for: { fields: ["for", "while", "do"], read: readFor },
  try: { fields: ["try", "catch"], read: readTry },
  do: { fields: ["do"], read: readDo },
  set: { fields: ["set"], read: readSet },
  switch: { fields: ["switch"], read: readSwitch },
  fork: { fields: ["fork"], read: readFork },
  wait: { fields: ["wait"], read: readWait },
  listen: { fields: ["listen", "timeout"], read: readListen },
  raise: { fields: ["raise"], read: readRaise },
  emit: { fields: ["emit", "timeout"], read: readEmit },
  run: { fields: ["run", "timeout"], read: readRun },
  call: { fields: ["call", "with", "timeout"], read: readCall },
} as const satisfies Readonly<Record<string, KindEntry>>;

export type KindName = keyof typeof KINDS;

/** The place of a list within this task. */
function inside({ name, place }: Kinded, path: string, over: Partial<Place> = {}): Place {
  return { ...place, path, names: [...place.names, name], depth: place.depth + 1, ...over };
}

function readDo(to: Kinded) {
  const path = within(to.path, "do");
  const { tasks, gives } = to.readTasks(to.reader.list("do"), path, to.input, inside(to, path), to.parsing);
  return { task: { kind: "do", tasks } as const, gives };
}

function readSet(to: Kinded) {
  const value = to.parsing.template(to.reader.raw("set"), within(to.path, "set"), to.scope);
  return { task: { kind: "set", value } as const, gives: value.type };
}

function readSwitch(to: Kinded) {
  const cases = to.reader.list("switch").map((item, at) => {
    const path = `${within(to.path, "switch")}[${at}]`;
    const { name, value } = readNamed(item, path, "case");
    const one = readMap(value, within(path, name), ["when", "then"]);
    if (!one.has("then")) throw new WorkflowError(one.path, "lacks then: where it leads");
    const when = one.has("when")
      ? to.parsing.wanted(one.raw("when"), within(one.path, "when"), to.scope, WANTS.condition)
      : undefined;
    return { name, when, next: to.thenOf(one.raw("then"), within(one.path, "then")) };
  });
  const open = cases.findIndex(({ when }) => !when);
  if (open !== -1 && open < cases.length - 1)
    throw new WorkflowError(
      within(to.path, "switch"),
      `the case "${cases[open + 1]!.name}" can never be reached: "${cases[open]!.name}" always holds`,
    );
  return { task: { kind: "switch", cases } as const, gives: to.input };
}

function readFor(to: Kinded) {
  const { reader, parsing, scope, place } = to;
  const loop = reader.map("for", ["each", "in", "at"]);
  const each = newName(loop, "each", "item", to.place.scope);
  const at = newName(loop, "at", "index", { ...to.place.scope, [each]: DYNAMIC });
  const concurrency = concurrencyOf(reader);
  const want = concurrency === undefined ? WANTS.list : WANTS.shortList;
  const over = parsing.wanted(loop.raw("in") ?? missing(loop, "in"), within(loop.path, "in"), scope, want);
  const item = over.type.kind === "list" ? over.type.of : DYNAMIC;
  const inner: Scope = { ...place.scope, [each]: item, [at]: INTEGER };
  const path = within(to.path, "do");
  const around = { scope: inner, mayEnd: false, indices: [...place.indices, at] };
  if (concurrency === undefined) {
    const { tasks } = to.readTasks(reader.list("do"), path, DYNAMIC, inside(to, path, around), parsing);
    const going = reader.has("while")
      ? parsing.wanted(reader.raw("while"), within(to.path, "while"), { ...inner, input: DYNAMIC }, WANTS.condition)
      : undefined;
    return { task: { kind: "for", over, each, at, while: going, tasks } as const, gives: DYNAMIC };
  }
  if (reader.has("while"))
    throw new WorkflowError(within(to.path, "while"), "is not to be had where bodies run at once");
  const parallel = deeper(to, to.path);
  const list = to.readTasks(reader.list("do"), path, to.input, inside(to, path, { ...around, parallel }), parsing);
  const { tasks, gives } = list;
  return {
    task: { kind: "concurrent", over, each, at, concurrency, tasks } as const,
    gives: { kind: "list", of: gives } as const,
  };
}

function concurrencyOf(reader: Reader): number | undefined {
  if (!reader.has("metadata")) return undefined;
  const metadata = reader.map("metadata", ["concurrency"]);
  return metadata.has("concurrency") ? metadata.integer("concurrency", [1, LIMITS.concurrency]) : undefined;
}

function readFork(to: Kinded) {
  const fork = to.reader.map("fork", ["branches", "compete"]);
  if (fork.boolean("compete", false))
    throw new WorkflowError(within(fork.path, "compete"), "is not to be had: Cloud Workflows can't cancel a branch");
  const path = within(fork.path, "branches");
  const items = fork.list("branches");
  if (items.length > LIMITS.branches)
    throw new WorkflowError(
      path,
      `are ${items.length}; ${LIMITS.branches} is the most: use for with metadata.concurrency`,
    );
  const parallel = deeper(to, fork.path);
  const lists = items.map((item, at) => {
    const here = inside(to, `${path}[${at}]`, { parallel, mayEnd: false });
    return to.readTasks([item], path, to.input, here, to.parsing, at);
  });
  const names = lists.map(({ tasks }) => tasks[0]?.name ?? "");
  const twin = names.find((name, at) => name !== "" && names.indexOf(name) < at);
  if (twin) throw new WorkflowError(path, `two branches are named "${twin}"`);
  const types = lists.map(({ gives }) => gives);
  return {
    task: { kind: "fork", branches: lists.map(({ tasks }, at) => ({ name: names[at]!, tasks })) } as const,
    gives: { kind: "list", of: types.reduce(join, types[0] ?? DYNAMIC) } as const,
  };
}

function deeper({ place }: Kinded, path: string): number {
  if (place.parallel < LIMITS.parallelDepth) return place.parallel + 1;
  throw new WorkflowError(
    path,
    `is the third within each other of what runs at once; ${LIMITS.parallelDepth} is the most: run it as a workflow of its own`,
  );
}

function readTry(to: Kinded) {
  const { reader, place, parsing } = to;
  const chosen = "is not to be had: choose by errors.with, or by a switch in do";
  const caught = reader.map("catch", ["errors", "as", "retry", "do"], { when: chosen, exceptWhen: chosen });
  const path = within(to.path, "try");
  const body = to.readTasks(reader.list("try"), path, to.input, inside(to, path, { mayEnd: false }), parsing);
  const catches = readFilter(caught);
  const retry = caught.has("retry") ? readRetry(caught, catches) : undefined;
  const error = newName(caught, "as", "error", place.scope);
  const at = within(caught.path, "do");
  const handler = caught.has("do")
    ? to.readTasks(
        caught.list("do"),
        at,
        to.input,
        inside(to, at, {
          names: [...place.names, to.name, "catch"],
          scope: { ...place.scope, [error]: ERROR },
          mayEnd: false,
        }),
        parsing,
      )
    : undefined;
  const otherwise = handler?.gives ?? (retry ? undefined : to.input);
  return {
    task: { kind: "try", tasks: body.tasks, catches, retry, error, handler: handler?.tasks } as const,
    gives: otherwise ? join(body.gives, otherwise) : body.gives,
  };
}

function readFilter(caught: Reader): ErrorFilter {
  if (!caught.has("errors")) return { classes: undefined, code: undefined };
  const filter = caught.map("errors", ["with"]).map("with", ["type", "status", "code"]);
  if (filter.has("status")) {
    const { class: name, code } = ofStatus(filter.integer("status", [400, 599]));
    return { classes: [name], code: code === "" ? undefined : code };
  }
  const code = filter.has("code") ? filter.text("code") : undefined;
  const type = filter.raw("type");
  if (type === undefined) return { classes: code === undefined ? undefined : ["Business"], code };
  const types = Array.isArray(type) ? type : [type];
  const classes = [...new Set(types.flatMap((one) => classesOf(one, within(filter.path, "type"))))];
  if (code !== undefined && !classes.includes("Business"))
    throw new WorkflowError(within(filter.path, "code"), "is for Business errors, which type leaves out");
  return { classes, code };
}

function classesOf(type: unknown, path: string): readonly ErrorClass[] {
  if (ERROR_CLASSES.includes(type as ErrorClass)) return [type as ErrorClass];
  const classes = typeof type === "string" ? TYPES[TYPE_URI.exec(type)?.[1] ?? ""] : undefined;
  if (classes) return classes;
  throw new WorkflowError(path, `${JSON.stringify(type)} is no class of errors: ${ERROR_CLASSES.join(", ")}`);
}

function readRetry(caught: Reader, { classes }: ErrorFilter): Retry {
  const retry = caught.map("retry", ["delay", "backoff", "limit"]);
  const seconds = (value: unknown, path: string) => readSeconds(value, path, [1, LIMITS.waitSeconds]);
  const delaySeconds = retry.has("delay") ? seconds(retry.raw("delay"), within(retry.path, "delay")) : 1;
  const attempts = retry.map("limit", ["attempt"]).map("attempt", ["count"]).integer("count", [1, LIMITS.attempts]);
  const common = { classes: (classes ?? PASSING).filter((one) => one !== "Expression"), attempts, delaySeconds };
  const backoff = retry.has("backoff") ? retry.map("backoff", ["constant", "exponential"]) : undefined;
  if (!backoff?.has("exponential")) return { ...common, multiplier: 1, maxSeconds: delaySeconds };
  const growth = backoff.map("exponential", ["multiplier", "max"]);
  const multiplier = growth.integer("multiplier", [2, 10], 2);
  const longest = growth.has("max") ? seconds(growth.raw("max"), within(growth.path, "max")) : 600;
  return { ...common, multiplier, maxSeconds: Math.max(longest, delaySeconds) };
}

function readWait({ reader, path: at, parsing, scope, input }: Kinded) {
  const path = within(at, "wait");
  const value = reader.raw("wait");
  const given = typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const seconds = (value: unknown) => ({
    seconds: parsing.wanted(value, within(path, "seconds"), scope, WANTS.seconds),
  });
  const time = (): Wait["for"] => {
    if ("until" in given) {
      const until = readMap(value, path, ["until"]).raw("until");
      return { until: parsing.wanted(until, within(path, "until"), scope, WANTS.moment) };
    }
    if (typeof given.seconds === "string") return seconds(readMap(value, path, ["seconds"]).raw("seconds"));
    return seconds(readSeconds(value, path, [0, LIMITS.waitSeconds]));
  };
  return { task: { kind: "wait", for: time() } as const, gives: input };
}

function readListen(to: Kinded) {
  const several = "is not to be had: a run waits for one signal at a time; listen to one after the other";
  const one = to.reader
    .map("listen", ["to"], { read: "is not to be had: the output is what the signal brings, and no more" })
    .map("to", ["one"], { all: several, any: several, until: several })
    .map("one", ["with"])
    .map("with", ["type"]);
  const signal = one.text("type");
  if (!/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(signal))
    throw new WorkflowError(
      within(one.path, "type"),
      `"${signal}" is no name of a signal: letters, digits, ., - and _`,
    );
  if (to.place.parallel > 0)
    throw new WorkflowError(
      within(to.path, "listen"),
      "listens where tasks run at once, and a run waits for one signal at a time: listen before or after that",
    );
  return {
    task: { kind: "listen", signal, timeoutSeconds: timeoutOf(to, LIMITS.waitSeconds) } as const,
    gives: DYNAMIC,
  };
}

function readRaise(to: Kinded) {
  const error = to.reader.map("raise", ["error"]).map("error", ["type", "status", "code", "title", "detail"]);
  const raised = error.has("status") ? ofStatus(error.integer("status", [400, 599])) : named(error);
  const path = within(error.path, "detail");
  const said = error.raw("detail") ?? error.raw("title") ?? raised.class;
  const message = to.parsing.wanted(said, path, to.scope, WANTS.text);
  return { task: { kind: "raise", error: raised, message } as const, gives: DYNAMIC };
}

function named(error: Reader): Raise["error"] {
  const name = error.oneOf("type", ERROR_CLASSES);
  if (error.has("code") !== (name === "Business"))
    throw new WorkflowError(error.path, "code is for Business errors, and each of them has one");
  const code = error.has("code") ? error.text("code") : "";
  if (code !== "" && !/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(code))
    throw new WorkflowError(within(error.path, "code"), `"${code}" is no code: letters, digits, - and _`);
  return { class: name, code };
}

/** The timeout of a task that waits for others; `otherwise` where none is given: else one has to be. */
export function timeoutOf({ reader, path }: Kinded, most: number, otherwise?: number): number {
  if (!reader.has("timeout")) {
    if (otherwise !== undefined) return otherwise;
    throw new WorkflowError(path, "lacks timeout: how long it waits at most, such as {after: {hours: 24}}");
  }
  const timeout = reader.map("timeout", ["after"]);
  return readSeconds(timeout.raw("after"), within(timeout.path, "after"), [1, most]);
}

function newName(reader: Reader, field: string, otherwise: string, taken: Scope): string {
  const name = reader.has(field) ? reader.text(field) : otherwise;
  const path = within(reader.path, field);
  if (!/^[a-z][A-Za-z0-9_]{0,39}$/.test(name)) throw new WorkflowError(path, `"${name}" is no name of a variable`);
  if (name === "input" || name === "output" || Object.hasOwn(taken, name))
    throw new WorkflowError(path, `"${name}" is taken around here: name it otherwise`);
  return name;
}

function missing(reader: Reader, field: string): never {
  throw new WorkflowError(reader.path, `lacks ${field}`);
}
