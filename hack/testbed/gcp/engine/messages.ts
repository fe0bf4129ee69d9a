/**
 * Protocol messages as plain objects: camelCase names, enums by name, int64 as strings, bytes as Buffers, and no
 * field that holds its default without presence (so what a client sends as "" or 0 equals what it leaves out).
 * Plain objects are never changed once stored: change a copy.
 */
import protobuf from "protobufjs";

export type Message = { readonly [field: string]: unknown };

const PLAIN: protobuf.IConversionOptions = { longs: String, enums: String };

const isDefault = (field: protobuf.Field, value: unknown): boolean => {
  if (field.resolvedType instanceof protobuf.Enum) return value === field.resolvedType.valuesById[0];
  if (value instanceof Uint8Array) return value.length === 0;
  return value === "" || value === 0 || value === false || value === "0";
};

function compact(type: protobuf.Type, object: Record<string, unknown>): Message {
  for (const field of type.fieldsArray) {
    const value = object[field.name];
    if (value === undefined) continue;
    const nested = field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
    if (field.map) {
      if (Object.keys(value as object).length === 0) delete object[field.name];
      else if (nested)
        for (const entry of Object.values(value as object)) compact(nested, entry as Record<string, unknown>);
    } else if (field.repeated) {
      if ((value as unknown[]).length === 0) delete object[field.name];
      else if (nested) for (const entry of value as Record<string, unknown>[]) compact(nested, entry);
    } else if (nested) compact(nested, value as Record<string, unknown>);
    else if (field.partOf === null && isDefault(field, value)) delete object[field.name];
  }
  return object;
}

/** A protobufjs message as a plain object. */
export const toPlain = (type: protobuf.Type, message: protobuf.Message): Message =>
  compact(type, type.toObject(message, PLAIN));

export const decode = (type: protobuf.Type, bytes: Uint8Array): Message => toPlain(type, type.decode(bytes));
export const encode = (type: protobuf.Type, message: Message): Buffer =>
  Buffer.from(type.encode(type.fromObject(message)).finish());

/** A deep copy that may be changed. */
export const copy = <T>(message: T): { -readonly [K in keyof T]: T[K] } => structuredClone(message);

/** google.protobuf.Any that holds `message`. */
export const any = (type: protobuf.Type, message: Message): Message => ({
  type_url: `type.googleapis.com/${type.fullName.slice(1)}`,
  value: encode(type, message),
});

/** Text of a string field, or "". */
export const text = (message: Message | undefined, field: string): string => {
  const value = message?.[field];
  return typeof value === "string" ? value : "";
};
/** A message field, or undefined. */
export const child = (message: Message, field: string): Message | undefined => message[field] as Message | undefined;
/** A repeated field. */
export const list = <T = Message>(message: Message | undefined, field: string): readonly T[] =>
  (message?.[field] as readonly T[] | undefined) ?? [];

export const timestamp = (millis: number): Message => ({
  seconds: String(Math.floor(millis / 1000)),
  nanos: Math.round((millis % 1000) * 1e6),
});
export const duration = (seconds: number): Message => ({ seconds: String(seconds) });
/** Milliseconds of a Timestamp or Duration. */
export const millisOf = (value: Message): number => Number(value.seconds ?? 0) * 1000 + Number(value.nanos ?? 0) / 1e6;

/** Names of the proto, as masks use them: `ackDeadlineSeconds` → `ack_deadline_seconds`. */
export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
/** Names as plain objects use them: `ack_deadline_seconds` → `ackDeadlineSeconds`. */
export const camel = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
