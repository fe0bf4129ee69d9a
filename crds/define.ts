import type { z } from "zod";
import type { ObjectMeta } from "./metadata.ts";
import { nameRule } from "./metadata.ts";
import type { Rule } from "./rules.ts";

export const GROUP = "onyx.onelens.io";
export const VERSION = "v1alpha1";
export const API_VERSION = `${GROUP}/${VERSION}` as const;

/**
 * What a kind is to the operator.
 * - `platform`   where things stand: Environment
 * - `leaf`       one resource in the cloud, no children
 * - `composite`  expands to other objects, never talks to a cloud
 * - `run`        one run of what a leaf stands for: begins once, ends, and is never changed
 */
export type Role = "platform" | "leaf" | "composite" | "run";

/** A column of `kubectl get`. Priority 1 shows with `-o wide` only. */
export interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "boolean" | "date";
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: 0 | 1;
}

/** The scale subresource: what `kubectl scale` writes and a PodDisruptionBudget reads. */
export interface Scale {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath: string;
}

/** Everything that is to be said of a kind. Order of columns and fields is kept. */
export interface Declaration<Name extends string, Spec extends z.ZodType, Status extends z.ZodType> {
  readonly kind: Name;
  readonly plural: string;
  /** Start with `ox`. */
  readonly shortNames: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly role: Role;
  /** True: losing it loses data, so `deletionPolicy` is Retain when nobody says otherwise. Leaves only. */
  readonly stateful?: boolean;
  /** Markdown: what it is, what it becomes on each cloud. Its first sentence stands in `kubectl explain`. */
  readonly doc: string;
  readonly spec: Spec;
  readonly status: Status;
  /** Rules over the whole object (`self.metadata.name`, `self.spec`); those of a part stand with its schema. */
  readonly rules?: readonly Rule[];
  readonly columns: readonly Column[];
  /** Paths that field selectors can use: single strings, integers or booleans, such as `.status.cloud`. */
  readonly selectableFields?: readonly string[];
  readonly scale?: Scale;
  /** Names longer than this are refused. Default 63: a label's value on both clouds. */
  readonly maxNameLength?: number;
}

/** A kind: the one source of its CRD, types, reference page, RBAC and health check. */
export interface Kind<
  Name extends string = string,
  Spec extends z.ZodType = z.ZodType,
  Status extends z.ZodType = z.ZodType,
> extends Declaration<Name, Spec, Status> {
  readonly group: typeof GROUP;
  readonly version: typeof VERSION;
  readonly apiVersion: typeof API_VERSION;
  readonly singular: string;
  readonly categories: readonly string[];
  readonly stateful: boolean;
  readonly rules: readonly Rule[];
  readonly selectableFields: readonly string[];
}

const CATEGORIES: Readonly<Record<Role, readonly string[]>> = {
  platform: ["onyx", "onyx-infra"],
  leaf: ["onyx", "onyx-infra"],
  composite: ["onyx", "onyx-app"],
  run: ["onyx", "onyx-app"],
};

/** Declares a kind; fills in what follows from the rest. */
export function defineKind<const Name extends string, Spec extends z.ZodType, Status extends z.ZodType>(
  declaration: Declaration<Name, Spec, Status>,
): Kind<Name, Spec, Status> {
  return {
    ...declaration,
    group: GROUP,
    version: VERSION,
    apiVersion: API_VERSION,
    singular: declaration.kind.toLowerCase(),
    categories: CATEGORIES[declaration.role],
    stateful: declaration.stateful ?? false,
    rules: [nameRule(declaration.maxNameLength ?? 63), ...(declaration.rules ?? [])],
    selectableFields: declaration.selectableFields ?? [],
  };
}

/** The spec of a kind as the API server stores it: defaults are filled in. */
export type SpecOf<K> = K extends Kind<string, infer Spec, z.ZodType> ? z.output<Spec> : never;

/** The spec of a kind as a person writes it: what has a default may be left out. */
export type SpecInputOf<K> = K extends Kind<string, infer Spec, z.ZodType> ? z.input<Spec> : never;

/** The status of a kind. */
export type StatusOf<K> = K extends Kind<string, z.ZodType, infer Status> ? z.output<Status> : never;

/** An object of a kind as the API server gives it. */
export interface ObjectOf<K extends Kind> {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: K["kind"];
  readonly metadata: ObjectMeta;
  readonly spec: SpecOf<K>;
  readonly status?: StatusOf<K>;
}
