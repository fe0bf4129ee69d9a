/**
 * The standard methods (AIP-131 to AIP-135) of every resource, from its annotations alone. What a service does beyond
 * that comes from its Semantics; what isn't a standard method is written by hand in services/.
 */
import type protobuf from "protobufjs";
import type { RequireAncestors } from "./ancestors.ts";
import type { Method } from "./definitions.ts";
import { alreadyExists, CloudError, type Code, invalid, notFound, precondition, unimplemented } from "./errors.ts";
import { applyMask, maskedPaths } from "./masks.ts";
import { child, type Message, text, timestamp } from "./messages.ts";
import { parentName, shortName } from "./names.ts";
import { OPERATION } from "./operations.ts";
import { page } from "./pages.ts";
import { POLICY } from "./policies.ts";
import type { Semantics } from "./semantics.ts";
import { nameField, parentField, type Shape, shapeOf } from "./shape.ts";
import type { Call, Handler, World } from "./world.ts";

/** The handler that the annotations give for a method, or undefined when it is no standard method. */
export type Crud = (method: Method) => Handler | undefined;

/** Sets what the server sets, where the type has it: times, uid, etag. */
function stamp(type: protobuf.Type, value: Message, call: Call, isNew: boolean): Message {
  const { clock, store } = call.world;
  const has = (name: string) => type.fields[name] !== undefined;
  const now = timestamp(clock.now());
  const revision = String(store.nextRevision());
  const etag = type.fields.etag?.type === "bytes" ? Buffer.from(revision) : `etag-${revision}`;
  return {
    ...value,
    ...(isNew && has("createTime") ? { createTime: now } : {}),
    ...(isNew && has("uid") ? { uid: crypto.randomUUID() } : {}),
    ...(has("updateTime") ? { updateTime: now } : {}),
    ...(has("etag") ? { etag } : {}),
  };
}

/** Refuses a stale etag. None sent means: whatever it is now. */
export function checkEtag(sent: unknown, current: unknown, name: string, code: Code = "ABORTED"): void {
  const plain = (etag: unknown) => (etag instanceof Uint8Array ? Buffer.from(etag).toString("base64") : etag);
  if (sent === undefined || sent === "" || plain(sent) === plain(current)) return;
  throw new CloudError(code, `The etag of ${name} is stale: it was changed meanwhile. Read it again.`);
}

/** Whether `parent` is what a list asks for, where "-" stands for any one segment (AIP-159). */
function isBelow(parent: string, asked: string): boolean {
  const wanted = asked.split("/");
  const segments = parent.split("/");
  return (
    segments.length === wanted.length && segments.every((segment, i) => wanted[i] === "-" || wanted[i] === segment)
  );
}

function requireStored(call: Call, type: string, name: string): Message {
  const found = call.view.get(type, name);
  if (found === undefined) throw notFound(name);
  return found;
}

function requireIdle({ world: { operations } }: Call, name: string): void {
  const operation = operations.pendingOn(name);
  if (operation !== undefined)
    throw precondition(`Another operation works on ${name}: wait for ${operation} and try again.`);
}

export function newCrud(
  world: World,
  semantics: Readonly<Record<string, Semantics>>,
  requireAncestors: RequireAncestors,
): Crud {
  const { definitions, store, operations, validator } = world;
  const rules = (type: string): Semantics => semantics[type] ?? {};
  const shown = (call: Call, type: string, stored: Message) => rules(type).read?.(stored, call) ?? stored;

  /** Runs the effect now, or as a long-running operation where the definition says so. */
  function carryOut(call: Call, type: string, resource: string, effect: () => Message, failed?: () => void): Message {
    if (call.method.operation === undefined) return effect();
    return operations.start({ call, resource, effect, failed, queue: rules(type).queue?.(resource) });
  }

  function newName(call: Call, { resource, embedded }: Shape, input: Message): string {
    if (embedded === undefined) return text(input, "name");
    const id = text(call.request, `${embedded.name}Id`) || rules(resource.type).id?.(input, call);
    const collection = resource.patterns[0]?.collection ?? "";
    return `${text(call.request, "parent")}/${collection}/${id ?? `r${String(store.nextRevision())}`}`;
  }

  /** The name of a resource that may be created now. */
  function freeName(call: Call, shape: Shape, input: Message): string {
    const { type, patterns } = shape.resource;
    const name = newName(call, shape, input);
    if (!patterns.some((pattern) => pattern.matches(name)))
      throw invalid(`"${name}" is not a valid name: expected ${patterns[0]?.text ?? ""}.`, "name");
    requireAncestors(name, call);
    if (store.get(type, name) !== undefined || operations.pendingOn(name) !== undefined)
      throw rules(type).taken?.(name) ?? alreadyExists(name);
    rules(type).checkName?.(name, call);
    return name;
  }

  function create(shape: Shape): Handler {
    const { type, message } = shape.resource;
    return (call) => {
      const sent = shape.embedded === undefined ? call.request : (child(call.request, shape.embedded.name) ?? {});
      const input = validator.without("OUTPUT_ONLY", message, sent);
      const name = freeName(call, shape, input);
      const named = { ...input, name };
      const created = rules(type).create?.(named, call) ?? named;
      const stored = stamp(message, validator.without("INPUT_ONLY", message, created), call, true);
      const early = call.method.operation && rules(type).creating?.(stored);
      if (early) store.put(type, name, early);
      const put = () => {
        store.put(type, name, stored);
        return shown(call, type, stored);
      };
      const failed = early && (() => store.put(type, name, rules(type).failed?.(stored) ?? early));
      return carryOut(call, type, name, put, failed);
    };
  }

  function update(shape: Shape, field: protobuf.Field): Handler {
    const { type, message } = shape.resource;
    return (call) => {
      const sent = child(call.request, field.name) ?? {};
      const name = text(sent, "name");
      const before = requireStored(call, type, name);
      requireIdle(call, name);
      checkEtag(sent.etag, before.etag, name, rules(type).staleEtag);
      const { name: _name, etag: _etag, ...content } = sent;
      const paths = maskedPaths(message, child(call.request, "updateMask"), content).filter((path) => path !== "etag");
      const masked = applyMask(message, before, sent, paths, rules(type).immutable, rules(type).mutable);
      validator.check(message, masked);
      const after = rules(type).update?.(before, masked, paths, call) ?? masked;
      const stored = stamp(message, validator.without("INPUT_ONLY", message, after), call, false);
      return carryOut(call, type, name, () => {
        store.put(type, name, stored);
        return shown(call, type, stored);
      });
    };
  }

  function remove(method: Method, { resource: { type } }: Shape): Handler {
    const field = nameField(method, type);
    return (call) => {
      const name = text(call.request, field);
      const current = requireStored(call, type, name);
      requireIdle(call, name);
      checkEtag(call.request.etag, current.etag, name, rules(type).staleEtag);
      rules(type).remove?.(current, call);
      return carryOut(call, type, name, () => {
        operations.cancelBelow(name);
        store.delete(type, name);
        store.delete(POLICY, name);
        store.deleteBelow(name, OPERATION);
        rules(type).removed?.(current, call);
        return method.operation ? shown(call, type, current) : {};
      });
    };
  }

  function list(method: Method, { resource: { type, patterns } }: Shape, items: protobuf.Field): Handler {
    const parent = parentField(method);
    return (call) => {
      const filter = text(call.request, "filter");
      const passes = filter === "" ? undefined : rules(type).filter?.(filter);
      if (filter !== "" && passes === undefined)
        throw unimplemented(`${method.fullName} takes no filter in the test bed.`);
      const below = text(call.request, parent);
      const prefix = `${below}/${patterns[0]?.collection ?? ""}/`;
      if (!below.includes("/-")) requireAncestors(`${prefix}x`, call);
      const all = call.view
        .list(type, prefix.slice(0, prefix.includes("/-/") ? prefix.indexOf("/-/") + 1 : undefined))
        .filter((value) => isBelow(parentName(text(value, "name")), below) && (passes?.(value) ?? true));
      const { items: some, nextPageToken } = page(all, (value) => text(value, "name"), call.request);
      return { [items.name]: some.map((stored) => shown(call, type, stored)), nextPageToken };
    };
  }

  function get(method: Method, { resource: { type } }: Shape): Handler {
    const field = nameField(method, type);
    return (call) => shown(call, type, requireStored(call, type, text(call.request, field)));
  }

  return (method) => {
    const shape = shapeOf(definitions, method);
    if (shape === undefined || method.requestStream || method.responseStream) return undefined;
    const { type, message } = shape.resource;
    const noun = shortName(type);
    const isWhole = shape.embedded !== undefined || method.request === message;
    if (method.name === `Create${noun}` && isWhole) return create(shape);
    if (method.name === `Get${noun}`) return get(method, shape);
    if (method.name === `Update${noun}` && shape.embedded) return update(shape, shape.embedded);
    if (method.name === `Delete${noun}`) return remove(method, shape);
    if (method.name.startsWith("List") && shape.items) return list(method, shape, shape.items);
    return undefined;
  };
}
