import { CALLS, type CallEntry, type CallName, isTableCall, type Setting, type SettingValue } from "./calls.ts";
import { WorkflowError } from "./errors.ts";
import { check, DYNAMIC, parse, STRING, type Type } from "./expression/index.ts";
import { suggestion } from "./expression/suggest.ts";
import { asDocument } from "./guards.ts";
import type { Settings, Typed } from "./ir.ts";
import { LIMITS } from "./limits.ts";
import { type Kinded, timeoutOf } from "./parse-kinds.ts";
import { type Reader, readMap, within } from "./reader.ts";
import { refuseUnfit } from "./tables/written.ts";

const METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const CALL_SECONDS = 30;
const RUN_SECONDS = 86_400;
const OBJECT_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

export function readCall(to: Kinded) {
  const { reader, path } = to;
  const call = callNamed(reader.text("call"), within(path, "call"));
  const entry: CallEntry = CALLS[call];
  const { arguments: known, settings: wanted = {}, targetArgument } = entry;
  const fields = [...(targetArgument ? [targetArgument] : []), ...Object.keys(known), ...Object.keys(wanted)];
  const given = reader.map("with", fields);
  const target = targetArgument ? refer(to, given, entry) : undefined;
  const values = argumentsOf(call, given);
  const said = to.parsing.template(values, given.path, to.scope);
  const typed = call === "http" || call === "bucket.put" ? withDocument(said, given.path) : said;
  refuseMisfits(typed, entry, given.path);
  const settings = readSettings(given, wanted);
  if (isTableCall(call)) refuseUnfit(typed, settings, given.path, call);
  const timeoutSeconds = timeoutOf(to, LIMITS.callSeconds, CALL_SECONDS);
  return { task: { kind: "call", call, target, with: typed, settings, timeoutSeconds } as const, gives: entry.gives };
}

function readSettings(given: Reader, wanted: Readonly<Record<string, Setting>>): Settings {
  const all = Object.entries(wanted).filter(([name]) => given.has(name));
  return Object.fromEntries(all.map(([name, setting]) => [name, readSetting(given, name, setting)]));
}

function readSetting(given: Reader, name: string, setting: Setting): SettingValue {
  switch (setting.is) {
    case "bool":
      return given.boolean(name, false);
    case "integer":
      return given.integer(name, [setting.from, setting.to]);
    case "name":
      return given.text(name);
    case "names": {
      const names = given.list(name);
      if (names.every((one): one is string => typeof one === "string" && !one.includes("${"))) return names;
      throw new WorkflowError(within(given.path, name), "should be a list of names, written out and never computed");
    }
  }
}

function callNamed(name: string, path: string): CallName {
  if (Object.hasOwn(CALLS, name)) return name as CallName;
  const names = Object.keys(CALLS);
  throw new WorkflowError(
    path,
    `"${name}" can't be called${suggestion(name, names) || `: there are ${names.join(", ")}`}`,
  );
}

function argumentsOf(call: CallName, given: Reader): Readonly<Record<string, unknown>> {
  const { arguments: known }: CallEntry = CALLS[call];
  for (const [name, { optional }] of Object.entries(known))
    if (!optional && !given.has(name)) throw new WorkflowError(given.path, `lacks ${name}`);
  const values = Object.fromEntries(
    Object.keys(known).flatMap((name) => (given.has(name) ? [[name, given.raw(name)]] : [])),
  );
  return call === "http" ? { ...values, ...httpArguments(given) } : values;
}

function httpArguments(given: Reader): { readonly method: string; readonly endpoint: unknown } {
  const method = given.text("method").toUpperCase();
  if (!METHODS.includes(method))
    throw new WorkflowError(within(given.path, "method"), `is ${method}, and should be one of ${METHODS.join(", ")}`);
  const at = within(given.path, "endpoint");
  const endpoint = given.raw("endpoint");
  const uri = typeof endpoint === "object" ? readMap(endpoint, at, ["uri"], UNSENT).text("uri") : endpoint;
  if (typeof uri === "string") refuseTemplate(uri, at);
  return { method, endpoint: uri };
}

const UNSENT = { authentication: "is not to be had: credentials belong to an Integration" };

/** The DSL fills `{name}` in; what would go out as it stands is not what anybody means. */
function refuseTemplate(uri: string, path: string): void {
  const [, before, name] = /^([^{$]*)\{(\w+)\}/.exec(uri) ?? [];
  if (name !== undefined)
    throw new WorkflowError(path, `"{${name}}" is not filled in: write \${${JSON.stringify(before)} + input.${name}}`);
}

/** A body that is neither a map nor a list is refused, or fails when it comes. */
function withDocument(typed: Typed, path: string): Typed {
  const { expression, type, scope } = typed;
  const body = type.kind === "map" ? type.fields.body?.type : undefined;
  if (!body || body.kind === "map" || body.kind === "list" || expression.kind !== "map") return typed;
  if (body.kind !== "dynamic")
    throw new WorkflowError(within(path, "body"), `is a ${body.kind}; it should be a map or a list: put it into a map`);
  const entries = expression.entries.map((one) =>
    one.key === "body" ? { ...one, value: asDocument(one.value) } : one,
  );
  const guarded = { ...expression, entries };
  return { expression: guarded, scope, type: check(guarded, scope) };
}

function refuseMisfits({ type }: Typed, entry: CallEntry, path: string): void {
  const fields = type.kind === "map" ? type.fields : {};
  for (const [name, { type: wanted }] of Object.entries(entry.arguments)) {
    const got = fields[name]?.type;
    if (got && !mayBe(got, wanted))
      throw new WorkflowError(within(path, name), `can never be a ${wanted.kind}: it is a ${got.kind}`);
  }
}

const mayBe = (got: Type, wanted: Type): boolean =>
  got.kind === "dynamic" || wanted.kind === "dynamic" || got.kind === wanted.kind;

function refer(to: Kinded, given: Reader, { target, targetArgument = "", access }: CallEntry): string {
  const name = objectName(given, targetArgument);
  if (target && access) to.parsing.refer({ kind: target, name, access, path: within(given.path, targetArgument) });
  return name;
}

function objectName(reader: Reader, field: string): string {
  const name = reader.text(field);
  if (OBJECT_NAME.test(name)) return name;
  throw new WorkflowError(
    within(reader.path, field),
    `"${name}" is no name of an object; it is written out, never computed`,
  );
}

/** An event is what is published: a CloudEvent whose id is the idempotency key. */
export function readEmit(to: Kinded) {
  const emit = to.reader.map("emit", ["event", "topic"]);
  const topic = objectName(emit, "topic");
  to.parsing.refer({ kind: "Topic", name: topic, access: "Produce", path: within(emit.path, "topic") });
  const event = emit.map("event", ["with"]).map("with", ["type", "source", "subject", "data"]);
  for (const field of ["type", "source"]) if (!event.has(field)) throw new WorkflowError(event.path, `lacks ${field}`);
  const read = (field: string) => to.parsing.template(event.raw(field), within(event.path, field), to.scope).expression;
  const text = (value: string) => to.parsing.template(value, event.path, to.scope).expression;
  const given = ["type", "source", "subject", "data"].filter((field) => event.has(field));
  const { span } = text("");
  const body = {
    kind: "map",
    entries: [
      { key: "specversion", value: text("1.0") },
      { key: "id", value: parse(keyExpression(to)) },
      ...given.map((field) => ({ key: field, value: read(field) })),
    ],
    span,
  } as const;
  const expression = { kind: "map", entries: [{ key: "body", value: body }], span } as const;
  const typed: Typed = { expression, scope: to.scope, type: { kind: "map", fields: {}, rest: DYNAMIC } };
  const timeoutSeconds = timeoutOf(to, LIMITS.callSeconds, CALL_SECONDS);
  return {
    task: { kind: "call", call: "topic.publish", target: topic, with: typed, settings: {}, timeoutSeconds } as const,
    gives: CALLS["topic.publish"].gives,
  };
}

function keyExpression({ name, place }: Kinded): string {
  const path = JSON.stringify(`/${[...place.names, name].join("/")}`);
  return [`run.id + ${path}`, ...place.indices.map((index) => `"/" + string(${index})`)].join(" + ");
}

export function readRun(to: Kinded) {
  const elsewhere = "is not to be had: send to a Queue that a service works on, and listen for its signal";
  const process = { container: elsewhere, script: elsewhere, shell: elsewhere };
  const run = to.reader.map("run", ["workflow", "await"], process);
  const current = "is not to be had: it is the Workflow of that name in this namespace, as it is when the run begins";
  const workflow = run.map("workflow", ["name", "input"], { namespace: current, version: current });
  const name = objectName(workflow, "name");
  to.parsing.refer({ kind: "Workflow", name, access: "Start", path: within(workflow.path, "name") });
  const input = to.parsing.template(workflow.raw("input") ?? {}, within(workflow.path, "input"), to.scope);
  const waits = run.boolean("await", true);
  const timeoutSeconds = timeoutOf(to, LIMITS.waitSeconds, RUN_SECONDS);
  const gives: Type = waits
    ? DYNAMIC
    : { kind: "map", fields: { id: { type: STRING, optional: false } }, rest: undefined };
  return { task: { kind: "run", workflow: name, input, await: waits, timeoutSeconds } as const, gives };
}
