/** google.protobuf.FieldMask: which paths exist, and the update it asks for (AIP-134, AIP-161). */
import { isDeepStrictEqual } from "node:util";
import protobuf from "protobufjs";
import { behaviorsOf } from "./annotations.ts";
import { invalid } from "./errors.ts";
import { camel, copy, list, type Message, snake } from "./messages.ts";

/** The fields along a path, ending early inside a map, whose keys are free. Throws on a path that doesn't exist. */
function fieldsAlong(type: protobuf.Type, path: string): protobuf.Field[] {
  const fields: protobuf.Field[] = [];
  let at: protobuf.Type | undefined = type;
  for (const segment of path.split(".")) {
    const field: protobuf.Field | undefined = at?.fields[camel(segment)];
    if (field === undefined)
      throw invalid(`Invalid field mask: ${type.name} has no field "${path}". Name existing fields.`, "update_mask");
    fields.push(field);
    if (field.map) break;
    at = !field.repeated && field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
  }
  return fields;
}

function read(message: Message, path: readonly string[]): unknown {
  let value: unknown = message;
  for (const segment of path) value = (value as Message | undefined)?.[segment];
  return value;
}

function write(message: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = message;
  for (const segment of path.slice(0, -1)) {
    if (at[segment] === undefined && value === undefined) return;
    at[segment] ??= {};
    at = at[segment] as Record<string, unknown>;
  }
  const last = path.at(-1) as string;
  if (value === undefined) delete at[last];
  else at[last] = value;
}

/** Of a oneof only what was written last is set. */
function clearOthers(
  fields: readonly protobuf.Field[],
  keys: readonly string[],
  message: Record<string, unknown>,
): void {
  let at: Record<string, unknown> | undefined = message;
  for (const [index, field] of fields.entries()) {
    for (const other of field.partOf?.oneof ?? []) if (other !== field.name) delete at?.[other];
    at = at?.[keys[index] ?? ""] as Record<string, unknown> | undefined;
  }
}

/** Paths that a request's mask names; an absent or empty mask means the fields that are set; "*" means all. */
export function maskedPaths(type: protobuf.Type, mask: Message | undefined, update: Message): readonly string[] {
  const named = list<string>(mask, "paths");
  if (named.length === 0) return Object.keys(update).map(snake);
  if (named.length === 1 && named[0] === "*") return type.fieldsArray.map((field) => snake(field.name));
  for (const path of named) fieldsAlong(type, path);
  return named;
}

/**
 * `current` with the masked fields of `update`. Output-only fields and the identifier keep their value, whatever is
 * sent; an immutable field may be named only with the value it has (AIP-203).
 */
export function applyMask(
  type: protobuf.Type,
  current: Message,
  update: Message,
  paths: readonly string[],
  immutable: ReadonlySet<string> = new Set(),
  mutable: ReadonlySet<string> = new Set(),
): Message {
  const result = copy(current) as Record<string, unknown>;
  for (const path of paths) {
    const behaviors = fieldsAlong(type, path).map(behaviorsOf);
    if (path === "name" || behaviors.some((set) => set.has("OUTPUT_ONLY") || set.has("IDENTIFIER"))) continue;
    const keys = path.split(".").map((segment, index, all) => {
      const parent = index === 0 ? undefined : fieldsAlong(type, all.slice(0, index).join("."))[index - 1];
      return parent?.map ? segment : camel(segment);
    });
    const value = read(update, keys);
    const fixed = immutable.has(path) || (!mutable.has(path) && behaviors.some((set) => set.has("IMMUTABLE")));
    if (fixed && !isDeepStrictEqual(value, read(current, keys)))
      throw invalid(`Field "${path}" of ${type.name} is immutable: create a new resource to change it.`, path);
    if (fixed) continue;
    write(result, keys, value);
    if (value !== undefined) clearOthers(fieldsAlong(type, path), keys, result);
  }
  return result;
}
