/** Google's API definitions, read from the npm package google-proto-files, in the form the engine works with. */
import { createRequire } from "node:module";
import path from "node:path";
import protobuf from "protobufjs";
import { type HttpRule, httpRulesOf, operationOf, referenceOf, resourcesOf } from "./annotations.ts";
import { type NamePattern, namePattern } from "./names.ts";

/** A resource type such as `pubsub.googleapis.com/Topic`. `message` is absent where only a definition option names it. */
export interface ResourceType {
  readonly type: string;
  readonly patterns: readonly NamePattern[];
  readonly message: protobuf.Type | undefined;
}

export interface Method {
  /** Such as `google.pubsub.v1.Publisher.CreateTopic`. */
  readonly fullName: string;
  readonly name: string;
  readonly service: string;
  readonly request: protobuf.Type;
  readonly response: protobuf.Type;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly http: readonly HttpRule[];
  /** Present when the method answers google.longrunning.Operation and says of what. */
  readonly operation: { readonly response: protobuf.Type; readonly metadata: protobuf.Type } | undefined;
}

export interface Definitions {
  readonly root: protobuf.Root;
  readonly methods: ReadonlyMap<string, Method>;
  type(fullName: string): protobuf.Type;
  resource(type: string): ResourceType | undefined;
  /** The resource type whose message this is, if it is one. */
  resourceOf(message: protobuf.Type): ResourceType | undefined;
  /** Patterns that a reference to `type` or to the parent of `childType` may have; empty when anything goes. */
  referencePatterns(field: protobuf.Field): readonly NamePattern[];
}

/** Always loaded: projects are everybody's parent, operations and policies everybody's helpers. */
const COMMON = ["google/cloud/common_resources.proto", "google/longrunning/operations.proto"];

export const fullName = (object: protobuf.ReflectionObject): string => object.fullName.replace(/^\./, "");

function loadRoot(protos: readonly string[]): protobuf.Root {
  const base = path.dirname(createRequire(import.meta.url).resolve("google-proto-files/package.json"));
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => (path.isAbsolute(target) ? target : path.join(base, target));
  root.loadSync(
    [...protos, ...COMMON].map((file) => path.join(base, file)),
    { keepCase: false },
  );
  root.resolveAll();
  return root;
}

function* walk(object: protobuf.ReflectionObject): Generator<protobuf.ReflectionObject> {
  yield object;
  if (object instanceof protobuf.Namespace) for (const child of object.nestedArray) yield* walk(child);
}

function readMethod(service: protobuf.Service, method: protobuf.Method): Method {
  const info = operationOf(method);
  const lookup = (name: string) => (service.parent as protobuf.Namespace).lookupType(name);
  return {
    fullName: `${fullName(service)}.${method.name}`,
    name: method.name,
    service: fullName(service),
    request: method.resolvedRequestType as protobuf.Type,
    response: method.resolvedResponseType as protobuf.Type,
    requestStream: method.requestStream ?? false,
    responseStream: method.responseStream ?? false,
    http: httpRulesOf(method),
    operation: info && { response: lookup(info.responseType), metadata: lookup(info.metadataType) },
  };
}

/** @param protos paths inside google-proto-files, such as `google/pubsub/v1/pubsub.proto` */
export function loadDefinitions(protos: readonly string[]): Definitions {
  const root = loadRoot(protos);
  const methods = new Map<string, Method>();
  const resources = new Map<string, ResourceType>();
  const byMessage = new Map<protobuf.Type, ResourceType>();
  const add = (type: string, patterns: readonly string[], message: protobuf.Type | undefined) => {
    const known = resources.get(type);
    if (known?.message !== undefined) return;
    const resource = { type, patterns: patterns.map(namePattern), message };
    resources.set(type, resource);
    if (message !== undefined) byMessage.set(message, resource);
  };
  for (const object of walk(root)) {
    for (const { type, patterns } of resourcesOf(object, "(google.api.resource_definition)"))
      add(type, patterns, undefined);
    if (object instanceof protobuf.Type)
      for (const { type, patterns } of resourcesOf(object, "(google.api.resource)")) add(type, patterns, object);
    if (object instanceof protobuf.Service)
      for (const method of object.methodsArray) {
        const read = readMethod(object, method);
        methods.set(read.fullName, read);
      }
  }
  const references = new Map<protobuf.Field, readonly NamePattern[]>();
  const readReference = (field: protobuf.Field): readonly NamePattern[] => {
    const reference = referenceOf(field);
    if (reference?.type !== undefined) return resources.get(reference.type)?.patterns ?? [];
    const child = reference?.childType === undefined ? undefined : resources.get(reference.childType);
    return (child?.patterns ?? []).flatMap(({ parent }) => (parent === undefined ? [] : [namePattern(parent)]));
  };
  return {
    root,
    methods,
    type: (name) => root.lookupType(name),
    resource: (type) => resources.get(type),
    resourceOf: (message) => byMessage.get(message),
    referencePatterns(field) {
      const known = references.get(field);
      if (known !== undefined) return known;
      const patterns = readReference(field);
      references.set(field, patterns);
      return patterns;
    },
  };
}
