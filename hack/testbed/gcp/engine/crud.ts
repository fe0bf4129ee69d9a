/**
 * The standard methods (AIP-131 to AIP-135) of every resource, from its annotations alone. What a service does beyond
 * that comes from its Semantics; what isn't a standard method is written by hand in services/.
 */
import type protobuf from "protobufjs";
import { referenceOf } from "./annotations.ts";
import type { Method, ResourceType } from "./definitions.ts";
import { alreadyExists, CloudError, type Code, invalid, notFound, precondition, unimplemented } from "./errors.ts";
import { applyMask, maskedPaths } from "./masks.ts";
import { child, type Message, text, timestamp } from "./messages.ts";
import { parentName, shortName } from "./names.ts";
import { page } from "./pages.ts";
import { POLICY } from "./policies.ts";
import type { Call, Handler, World } from "./world.ts";

/** How one resource type differs from the standard. All functions are optional; values are never changed in place. */
export interface Semantics {
  /** The resource as stored, from the input without output-only fields: checks ranges, fills defaults. */
  create?(input: Message, call: Call): Message;
  /** The same for an update; `paths` are the masked proto paths. */
  update?(before: Message, after: Message, paths: readonly string[], call: Call): Message;
  /** Throws when it can't be deleted now, or tells others that it goes. */
  remove?(current: Message, call: Call): void;
  /** After it is gone from the store. */
  removed?(current: Message, call: Call): void;
  /** Fields that are computed when read. */
  read?(stored: Message, call: Call): Message;
  /** Immutable by documentation, though the definition doesn't say so: proto paths. */
  readonly immutable?: ReadonlySet<string>;
  /** The last segment of a name that the service chooses. */
  id?(input: Message, call: Call): string;
  /** What a create is refused with when the name is in use. */
  taken?(name: string): CloudError;
  /** Throws when the name is taken in a way that the store doesn't show. */
  checkName?(name: string, call: Call): void;
  /** Refuses an update outright: "use X instead". */
  readonly noUpdate?: string;
  /** The queue that operations on it wait in. */
  queue?(name: string): string;
  /** Visible from the start of its create operation, in this form, until the operation is through. */
  creating?(resource: Message): Message;
  /** What becomes of one that is visible when its create operation fails. */
  failed?(resource: Message): Message;
  /** What a stale etag is refused with; ABORTED if absent. */
  readonly staleEtag?: Code;
}

/** Fields that the server sets, where a type has them. */
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

/** Refuses what names another project than the one that exists, or a parent that isn't there. */
export function requireAncestors(name: string, call: Call, hosted: ReadonlySet<string>): void {
  const { definitions, store, project } = call.world;
  const segments = name.split("/");
  if (segments[0] === "projects" && segments[1] !== project.id)
    throw new CloudError(
      "NOT_FOUND",
      `Requested project not found or user does not have access to it (project=${segments[1] ?? ""}).`,
    );
  for (let length = 4; length < segments.length; length += 2) {
    const ancestor = segments.slice(0, length).join("/");
    for (const type of hosted)
      if (definitions.resource(type)?.patterns.some((pattern) => pattern.matches(ancestor)) === true)
        if (store.get(type, ancestor) === undefined) throw notFound(ancestor);
  }
}

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

interface Shape {
  readonly resource: ResourceType & { readonly message: protobuf.Type };
  readonly embedded: protobuf.Field | undefined;
}

export interface Crud {
  /** The handler that the annotations give for a method, or undefined when it is no standard method. */
  bind(method: Method): Handler | undefined;
  /** The stored resource, or NOT_FOUND. */
  require(call: Call, type: string, name: string): Message;
  requireAncestors(name: string, call: Call): void;
}

export function newCrud(world: World, semantics: Readonly<Record<string, Semantics>>): Crud {
  const { definitions, store, operations, validator } = world;
  const hosted = new Set(
    [...definitions.methods.values()].flatMap((method) => {
      const shape = /^(Create|Get)/.test(method.name) ? shapeOf(method) : undefined;
      return shape === undefined || shape.resource.type.startsWith("cloudresourcemanager") ? [] : [shape.resource.type];
    }),
  );
  const rules = (type: string): Semantics => semantics[type] ?? {};

  function shapeOf(method: Method): Shape | undefined {
    const answered = method.operation?.response ?? method.response;
    const embedded = method.request.fieldsArray.find(
      ({ resolvedType }) => resolvedType && definitions.resourceOf(resolvedType as protobuf.Type)?.message,
    );
    const repeated = method.response.fieldsArray.find(
      ({ repeated, resolvedType }) => repeated && resolvedType && definitions.resourceOf(resolvedType as protobuf.Type),
    );
    const named = method.request.fieldsArray
      .map((field) => referenceOf(field)?.type)
      .find((type) => type !== undefined);
    const resource =
      (embedded && definitions.resourceOf(embedded.resolvedType as protobuf.Type)) ??
      definitions.resourceOf(method.request) ??
      definitions.resourceOf(answered) ??
      (repeated && definitions.resourceOf(repeated.resolvedType as protobuf.Type)) ??
      (named === undefined ? undefined : definitions.resource(named));
    return resource?.message === undefined ? undefined : { resource: resource as Shape["resource"], embedded };
  }

  const nameField = (method: Method, type: string): string =>
    method.request.fieldsArray.find((field) => referenceOf(field)?.type === type)?.name ?? "name";

  function requireStored(call: Call, type: string, name: string): Message {
    const found = call.view.get(type, name);
    if (found === undefined) throw notFound(name);
    return found;
  }
  const shown = (call: Call, type: string, stored: Message) => rules(type).read?.(stored, call) ?? stored;

  /** Runs the effect now, or as a long-running operation where the definition says so. */
  function carryOut(call: Call, type: string, resource: string, effect: () => Message, failed?: () => void): Message {
    if (call.method.operation === undefined) return effect();
    return operations.start({ call, resource, effect, failed, queue: rules(type).queue?.(resource) });
  }

  function requireIdle(name: string): void {
    const operation = operations.pendingOn(name);
    if (operation !== undefined)
      throw precondition(`Another operation works on ${name}: wait for ${operation} and try again.`);
  }

  function newName(call: Call, { resource, embedded }: Shape, input: Message): string {
    if (embedded === undefined) return text(input, "name");
    const id = text(call.request, `${embedded.name}Id`) || rules(resource.type).id?.(input, call);
    const collection = resource.patterns[0]?.collection ?? "";
    return `${text(call.request, "parent")}/${collection}/${id ?? `r${String(store.nextRevision())}`}`;
  }

  function create(shape: Shape): Handler {
    const { type, message, patterns } = shape.resource;
    return (call) => {
      const sent = shape.embedded === undefined ? call.request : (child(call.request, shape.embedded.name) ?? {});
      const input = validator.without("OUTPUT_ONLY", message, sent);
      const name = newName(call, shape, input);
      if (!patterns.some((pattern) => pattern.matches(name)))
        throw invalid(`"${name}" is not a valid name: expected ${patterns[0]?.text ?? ""}.`, "name");
      requireAncestors(name, call, hosted);
      if (store.get(type, name) !== undefined || operations.pendingOn(name) !== undefined)
        throw rules(type).taken?.(name) ?? alreadyExists(name);
      rules(type).checkName?.(name, call);
      const named = { ...input, name };
      const created = rules(type).create?.(named, call) ?? named;
      const stored = stamp(message, validator.without("INPUT_ONLY", message, created), call, true);
      const early = call.method.operation && rules(type).creating?.(stored);
      if (early) store.put(type, name, early);
      const put = () => {
        store.put(type, name, stored);
        return shown(call, type, stored);
      };
      return carryOut(
        call,
        type,
        name,
        put,
        early && (() => store.put(type, name, rules(type).failed?.(stored) ?? early)),
      );
    };
  }

  function update(shape: Shape, field: protobuf.Field): Handler {
    const { type, message } = shape.resource;
    return (call) => {
      const refusal = rules(type).noUpdate;
      if (refusal !== undefined) throw unimplemented(refusal);
      const sent = child(call.request, field.name) ?? {};
      const name = text(sent, "name");
      const before = requireStored({ ...call, view: store }, type, name);
      requireIdle(name);
      checkEtag(sent.etag, before.etag, name, rules(type).staleEtag);
      const { name: _name, etag: _etag, ...content } = sent;
      const paths = maskedPaths(message, child(call.request, "updateMask"), content).filter((p) => p !== "etag");
      const masked = applyMask(message, before, sent, paths, rules(type).immutable);
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
      const current = requireStored({ ...call, view: store }, type, name);
      requireIdle(name);
      checkEtag(call.request.etag, current.etag, name, rules(type).staleEtag);
      rules(type).remove?.(current, call);
      return carryOut(call, type, name, () => {
        store.delete(type, name);
        store.delete(POLICY, name);
        store.deleteBelow(name);
        rules(type).removed?.(current, call);
        return method.operation ? shown(call, type, current) : {};
      });
    };
  }

  function listAll(method: Method, { resource: { type, patterns } }: Shape): Handler | undefined {
    const items = method.response.fieldsArray.find(
      ({ repeated, resolvedType }) =>
        repeated && resolvedType && definitions.resourceOf(resolvedType as protobuf.Type)?.type === type,
    );
    const parent = method.request.fieldsArray.find((field) => referenceOf(field) !== undefined)?.name ?? "parent";
    if (items === undefined) return undefined;
    return (call) => {
      if (text(call.request, "filter") !== "")
        throw unimplemented(`${method.fullName} takes no filter in the test bed.`);
      const below = text(call.request, parent);
      const prefix = `${below}/${patterns[0]?.collection ?? ""}/`;
      requireAncestors(`${prefix}x`, call, hosted);
      const all = call.view
        .list(type, prefix.split("/-/")[0] ?? "")
        .filter((value) => isBelow(parentName(text(value, "name")), below));
      const { items: some, nextPageToken } = page(all, (value) => text(value, "name"), call.request);
      return { [items.name]: some.map((stored) => shown(call, type, stored)), nextPageToken };
    };
  }

  return {
    require: requireStored,
    requireAncestors: (name, call) => requireAncestors(name, call, hosted),
    bind(method) {
      const shape = shapeOf(method);
      if (shape === undefined || method.requestStream || method.responseStream) return undefined;
      const { type } = shape.resource;
      const noun = shortName(type);
      if (method.name === `Create${noun}` && (shape.embedded || method.request === shape.resource.message))
        return create(shape);
      if (method.name === `Get${noun}`) {
        const field = nameField(method, type);
        return (call) => shown(call, type, requireStored(call, type, text(call.request, field)));
      }
      if (method.name === `Update${noun}` && shape.embedded) return update(shape, shape.embedded);
      if (method.name === `Delete${noun}`) return remove(method, shape);
      if (method.name.startsWith("List")) return listAll(method, shape);
      return undefined;
    },
  };
}
