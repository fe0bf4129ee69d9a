/** Reads the options that Google's protos carry: field behaviour, resources, HTTP rules, operations. */
import type protobuf from "protobufjs";

export type Behavior = "REQUIRED" | "OUTPUT_ONLY" | "INPUT_ONLY" | "IMMUTABLE" | "IDENTIFIER" | "OPTIONAL";

/** What `google.api.resource` says of a message. */
export interface ResourceAnnotation {
  readonly type: string;
  readonly patterns: readonly string[];
}

/** What `google.api.resource_reference` says of a string field: either the type itself or the type of a child. */
export interface Reference {
  readonly type?: string;
  readonly childType?: string;
}

export type Verb = "get" | "post" | "put" | "patch" | "delete";

/** One binding of `google.api.http`. `body` is "*", a field's proto name, or absent. */
export interface HttpRule {
  readonly verb: Verb;
  readonly path: string;
  readonly body: string | undefined;
}

/** What `google.longrunning.operation_info` says. Names are relative to the service's package. */
export interface OperationInfo {
  readonly responseType: string;
  readonly metadataType: string;
}

const VERBS: readonly Verb[] = ["get", "post", "put", "patch", "delete"];

/** protobufjs keeps options as a list of one-key objects, so that a repeated option isn't lost. */
function options(object: protobuf.ReflectionObject, name: string): unknown[] {
  const parsed = (object as { parsedOptions?: unknown }).parsedOptions;
  if (!Array.isArray(parsed)) return [];
  return (parsed as Record<string, unknown>[]).filter((option) => name in option).flatMap((option) => option[name]);
}

const list = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

export function behaviorsOf(field: protobuf.Field): ReadonlySet<Behavior> {
  return new Set(options(field, "(google.api.field_behavior)").flatMap(list) as Behavior[]);
}

export function referenceOf(field: protobuf.Field): Reference | undefined {
  const [option] = options(field, "(google.api.resource_reference)") as { type?: string; child_type?: string }[];
  if (option === undefined) return undefined;
  return {
    ...(option.type === undefined ? {} : { type: option.type }),
    ...(option.child_type === undefined ? {} : { childType: option.child_type }),
  };
}

export function resourcesOf(object: protobuf.ReflectionObject, option: string): ResourceAnnotation[] {
  return (options(object, option) as { type: string; pattern?: string | string[] }[]).map(({ type, pattern }) => ({
    type,
    patterns: list(pattern) as string[],
  }));
}

type RawRule = Partial<Record<Verb, string>> & { body?: string; additional_bindings?: RawRule | RawRule[] };

export function httpRulesOf(method: protobuf.Method): HttpRule[] {
  const rules = options(method, "(google.api.http)") as RawRule[];
  const bindings = rules.flatMap((rule) => [rule, ...(list(rule.additional_bindings) as RawRule[])]);
  return bindings.flatMap((rule) =>
    VERBS.flatMap((verb) => {
      const path = rule[verb];
      return path === undefined ? [] : [{ verb, path, body: rule.body }];
    }),
  );
}

export function operationOf(method: protobuf.Method): OperationInfo | undefined {
  const [info] = options(method, "(google.longrunning.operation_info)") as Record<string, string>[];
  if (info?.response_type === undefined) return undefined;
  return { responseType: info.response_type, metadataType: info.metadata_type ?? "google.protobuf.Empty" };
}
