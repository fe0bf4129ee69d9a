/** Which resource a method is about, and how its request names it: read from the annotations. */
import type protobuf from "protobufjs";
import { referenceOf } from "./annotations.ts";
import type { Definitions, Method, ResourceType } from "./definitions.ts";

export interface Shape {
  readonly resource: ResourceType & { readonly message: protobuf.Type };
  /** The request's field that holds the resource, in creates and updates. */
  readonly embedded: protobuf.Field | undefined;
  /** The response's repeated field of resources, in lists. */
  readonly items: protobuf.Field | undefined;
}

/** @returns undefined when the method is about no resource with a message */
export function shapeOf(definitions: Definitions, method: Method): Shape | undefined {
  const resourceOf = (field: protobuf.Field | undefined): ResourceType | undefined =>
    field?.resolvedType ? definitions.resourceOf(field.resolvedType as protobuf.Type) : undefined;
  const embedded = method.request.fieldsArray.find((field) => resourceOf(field));
  const items = method.response.fieldsArray.find((field) => field.repeated && resourceOf(field));
  const referred = method.request.fieldsArray
    .map((field) => referenceOf(field)?.type)
    .find((type) => type !== undefined);
  const resource =
    resourceOf(embedded) ??
    definitions.resourceOf(method.request) ??
    definitions.resourceOf(method.operation?.response ?? method.response) ??
    resourceOf(items) ??
    (referred === undefined ? undefined : definitions.resource(referred));
  return resource?.message === undefined ? undefined : { resource: resource as Shape["resource"], embedded, items };
}

/** The request's field that names the resource: the one that refers to its type, else `name`. */
export const nameField = (method: Method, type: string): string =>
  method.request.fieldsArray.find((field) => referenceOf(field)?.type === type)?.name ?? "name";

/** The request's field that names the parent of a list: the only one that refers to anything. */
export const parentField = (method: Method): string =>
  method.request.fieldsArray.find((field) => referenceOf(field) !== undefined)?.name ?? "parent";
