/** Checks a request against what its definition says of each field: google.api.field_behavior and resource_reference. */
import protobuf from "protobufjs";
import { type Behavior, behaviorsOf, referenceOf } from "./annotations.ts";
import type { Definitions } from "./definitions.ts";
import { CloudError, type FieldViolation } from "./errors.ts";
import { type Message, snake } from "./messages.ts";

const ABSENCE_UNKNOWN = /^(bool|double|float|[su]?int(32|64)|s?fixed(32|64))$/;

interface FieldFacts {
  readonly field: protobuf.Field;
  readonly name: string;
  readonly behaviors: ReadonlySet<Behavior>;
  /** REQUIRED, and of a type whose absence can be told: 0 and false are values. */
  readonly required: boolean;
  readonly nested: protobuf.Type | undefined;
}

/** Wherever the definitions refer to a service account, their comments ask for its email. */
const SERVICE_ACCOUNT = "iam.googleapis.com/ServiceAccount";
const EMAIL = /^[^/@\s]+@[^/@\s]+$/;

export interface Validator {
  /**
   * Refuses missing REQUIRED fields and malformed references with INVALID_ARGUMENT.
   * @param skip fields (plain names) whose content is judged later, such as the resource of an update
   */
  check(type: protobuf.Type, message: Message, skip?: ReadonlySet<string>): void;
  /**
   * The message without its fields of a behaviour: servers ignore OUTPUT_ONLY fields in requests and give no INPUT_ONLY
   * fields back (AIP-203).
   */
  without(behavior: Behavior, type: protobuf.Type, message: Message): Message;
}

export function validator(definitions: Definitions): Validator {
  const facts = new Map<protobuf.Type, readonly FieldFacts[]>();
  const factsOf = (type: protobuf.Type): readonly FieldFacts[] => {
    const known = facts.get(type);
    if (known !== undefined) return known;
    const read = type.fieldsArray.map((field) => ({
      field,
      name: field.name,
      behaviors: behaviorsOf(field),
      required: behaviorsOf(field).has("REQUIRED") && (field.repeated || !ABSENCE_UNKNOWN.test(field.type)),
      nested: field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined,
    }));
    facts.set(type, read);
    return read;
  };

  /** The messages that a field holds, with their paths. */
  function held(fact: FieldFacts, value: unknown, path: string): [Message, string][] {
    if (fact.nested === undefined || value === undefined) return [];
    if (fact.field.map)
      return Object.entries(value as object).map(([key, entry]) => [entry as Message, `${path}.${key}`]);
    if (fact.field.repeated) return (value as Message[]).map((entry, index) => [entry, `${path}[${String(index)}]`]);
    return [[value as Message, path]];
  }

  function checkReference(fact: FieldFacts, value: unknown, path: string): FieldViolation[] {
    const patterns = definitions.referencePatterns(fact.field);
    if (patterns.length === 0) return [];
    const names = (Array.isArray(value) ? value : [value]) as string[];
    const email = (name: string) => referenceOf(fact.field)?.type === SERVICE_ACCOUNT && EMAIL.test(name);
    return names
      .filter((name) => typeof name === "string" && name !== "" && !patterns.some((p) => p.matches(name)))
      .filter((name) => !email(name))
      .map((name) => ({
        field: path,
        description: `"${name}" is not a valid resource name: expected ${patterns.map((p) => p.text).join(" or ")}.`,
      }));
  }

  function* violations(
    type: protobuf.Type,
    message: Message,
    prefix: string,
    skip: ReadonlySet<string>,
  ): Generator<FieldViolation> {
    for (const fact of factsOf(type)) {
      if (fact.behaviors.has("OUTPUT_ONLY")) continue;
      const value = message[fact.name];
      const path = `${prefix}${snake(fact.name)}`;
      if (value === undefined) {
        if (fact.required) yield { field: path, description: `Field "${path}" is required: set it.` };
        continue;
      }
      if (skip.has(fact.name)) continue;
      yield* checkReference(fact, value, path);
      for (const [entry, at] of held(fact, value, path))
        yield* violations(fact.nested as protobuf.Type, entry, `${at}.`, new Set());
    }
  }

  function without(behavior: Behavior, type: protobuf.Type, message: Message): Message {
    const result: Record<string, unknown> = {};
    for (const fact of factsOf(type)) {
      const value = message[fact.name];
      if (value === undefined || fact.behaviors.has(behavior)) continue;
      const clean = (entry: Message) => without(behavior, fact.nested as protobuf.Type, entry);
      if (fact.nested === undefined) result[fact.name] = value;
      else if (fact.field.map)
        result[fact.name] = Object.fromEntries(
          Object.entries(value as object).map(([key, entry]) => [key, clean(entry as Message)]),
        );
      else if (fact.field.repeated) result[fact.name] = (value as Message[]).map(clean);
      else result[fact.name] = clean(value as Message);
    }
    return result;
  }

  return {
    check(type, message, skip = new Set()) {
      const found = [...violations(type, message, "", skip)];
      if (found.length > 0)
        throw new CloudError("INVALID_ARGUMENT", found.map(({ description }) => description).join(" "), found);
    },
    without,
  };
}
