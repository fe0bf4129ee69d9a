/** proto3 JSON of requests and responses, refusing what Google's servers refuse: names that the definition lacks. */

import { fromProto3JSON, toProto3JSON } from "proto3-json-serializer";
import protobuf from "protobufjs";
import { fullName } from "./definitions.ts";
import { CloudError } from "./errors.ts";
import { camel, type Message, toPlain } from "./messages.ts";

type Json = Parameters<typeof fromProto3JSON>[1];

const OPAQUE = /^google\.protobuf\./;

function unknownName(key: string, path: string): CloudError {
  const at = path === "" ? "" : ` at '${path}'`;
  const message = `Invalid JSON payload received. Unknown name "${key}"${at}: Cannot find field.`;
  return new CloudError("INVALID_ARGUMENT", message, [{ field: path, description: message }]);
}

/** A map, without the one key that JavaScript objects can't hold. */
function checkKeys(value: unknown, name: string): void {
  if (typeof value !== "object" || Array.isArray(value))
    throw new CloudError(
      "INVALID_ARGUMENT",
      `Invalid value at '${name}': expected an object, not ${JSON.stringify(value)}.`,
    );
  if (value !== null && Object.hasOwn(value, "__proto__"))
    throw new CloudError("INVALID_ARGUMENT", `Invalid value at '${name}': "__proto__" can't be a key.`);
}

/** A null that is a value, as of Firestore, and not the absence of one. */
const isNullValue = ({ resolvedType }: protobuf.Field): boolean =>
  resolvedType instanceof protobuf.Enum && fullName(resolvedType) === "google.protobuf.NullValue";

/** The same JSON with camelCase names, and without nulls but where they are values. */
function canonical(type: protobuf.Type, json: unknown, path: string): unknown {
  if (OPAQUE.test(fullName(type)) || json === null || typeof json !== "object" || Array.isArray(json)) return json;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    const field = Object.hasOwn(type.fields, camel(key)) ? type.fields[camel(key)] : undefined;
    if (field === undefined) throw unknownName(key, path);
    const nested = field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
    if (value === null && isNullValue(field)) result[field.name] = "NULL_VALUE";
    if (value === null) continue;
    if (field.map) checkKeys(value, field.name);
    const at = path === "" ? field.name : `${path}.${field.name}`;
    if (nested === undefined) result[field.name] = value;
    else if (field.map && typeof value === "object")
      result[field.name] = Object.fromEntries(
        Object.entries(value).map(([name, entry]) => [name, canonical(nested, entry, `${at}.${name}`)]),
      );
    else if (field.repeated && Array.isArray(value))
      result[field.name] = value.map((entry, index) => canonical(nested, entry, `${at}[${String(index)}]`));
    else result[field.name] = canonical(nested, value, at);
  }
  return result;
}

/** @throws CloudError INVALID_ARGUMENT */
export function fromJson(type: protobuf.Type, json: unknown): Message {
  const checked = canonical(type, json, "");
  try {
    const message = fromProto3JSON(type, checked as Json);
    return message === null ? {} : toPlain(type, message as unknown as protobuf.Message);
  } catch (error) {
    throw new CloudError("INVALID_ARGUMENT", `Invalid JSON payload received. ${(error as Error).message}`);
  }
}

/** Google's servers leave empty maps out; the serializer writes them as {}. */
function withoutEmptyMaps(type: protobuf.Type, json: unknown): unknown {
  if (OPAQUE.test(fullName(type)) || json === null || typeof json !== "object" || Array.isArray(json)) return json;
  const entries = Object.entries(json).flatMap(([key, value]): [string, unknown][] => {
    const field = type.fields[key];
    const nested = field?.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
    if (field?.map && Object.keys(value as object).length === 0) return [];
    if (nested === undefined || field === undefined) return [[key, value]];
    const clean = (one: unknown) => withoutEmptyMaps(nested, one);
    if (field.map)
      return [[key, Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name, clean(one)]))]];
    return [[key, Array.isArray(value) ? value.map(clean) : clean(value)]];
  });
  return Object.fromEntries(entries);
}

/** Without fields that hold their default, as Google's servers write it. */
export function toJson(type: protobuf.Type, message: Message): unknown {
  const compact = type.fromObject(toPlain(type, type.fromObject(message)));
  return withoutEmptyMaps(type, toProto3JSON(compact as Parameters<typeof toProto3JSON>[0]));
}
