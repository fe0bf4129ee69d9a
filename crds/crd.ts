import type { Column, Kind } from "./define.ts";
import type { Schema } from "./structural.ts";
import { structuralSchema } from "./structural.ts";

/** A CustomResourceDefinition of apiextensions.k8s.io/v1, as we write it. */
export interface Crd {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string; readonly annotations: Record<string, string> };
  readonly spec: {
    readonly group: string;
    readonly names: Record<string, string | readonly string[]>;
    readonly scope: string;
    readonly versions: readonly CrdVersion[];
  };
}

export interface CrdVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly additionalPrinterColumns: readonly Column[];
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
  readonly schema: { readonly openAPIV3Schema: Schema };
  readonly subresources: Record<string, unknown>;
}

/** The CRD of a kind. Pure: the same kind gives the same object, keys in the same order. */
export function toCrd(kind: Kind): Crd {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${kind.plural}.${kind.group}`,
      // With the CRD go all objects of the kind, and with them what they stand for: never by accident.
      annotations: { "helm.sh/resource-policy": "keep" },
    },
    spec: {
      group: kind.group,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.singular,
        shortNames: kind.shortNames,
        categories: kind.categories,
      },
      scope: kind.scope,
      versions: [version(kind)],
    },
  };
}

function version(kind: Kind): CrdVersion {
  return {
    name: kind.version,
    served: true,
    storage: true,
    additionalPrinterColumns: kind.columns,
    ...(kind.selectableFields.length > 0
      ? { selectableFields: kind.selectableFields.map((jsonPath) => ({ jsonPath })) }
      : {}),
    schema: { openAPIV3Schema: objectSchema(kind) },
    subresources: { status: {}, ...(kind.scale ? { scale: kind.scale } : {}) },
  };
}

function objectSchema(kind: Kind): Schema {
  return {
    description: kind.doc,
    type: "object",
    required: ["spec"],
    properties: {
      apiVersion: { type: "string", description: `${kind.apiVersion}.` },
      kind: { type: "string", description: `${kind.kind}.` },
      metadata: { type: "object", properties: { name: { type: "string" } } },
      spec: { description: `What the ${kind.kind} should be.`, ...structuralSchema(kind.spec, "spec") },
      status: { description: `How it goes. Written by the operator.`, ...structuralSchema(kind.status, "status") },
    },
    "x-kubernetes-validations": kind.rules.map((rule) => ({ ...rule })),
  };
}
