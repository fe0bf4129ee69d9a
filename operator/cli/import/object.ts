import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { API_VERSION, type Kind } from "../../../crds/define.ts";
import { cloudName } from "../../provider/names.ts";
import type { Wanted } from "../../provider/provider.ts";
import { diff } from "../../reconcile/diff.ts";
import type { EnvironmentView } from "../../reconcile/environment-view.ts";
import { type Lookups, prepare } from "../../reconcile/gather.ts";
import type { LeafObject, LeafSpec, LeafStatus, Naming } from "../../reconcile/leaf-object.ts";
import type { KubeObject } from "../../reconcile/object.ts";
import type { Imported, Seen } from "./import.ts";
import type { Place } from "./names.ts";

/**
 * The object that stands for a resource, judged by the operator's own `prepare` and `diff`.
 *
 * @param byPlace  what was looked at, by `kind/namespace/name` of the objects for it
 */
export function objectFor(
  seen: Seen,
  place: Place,
  naming: Naming,
  environment: EnvironmentView,
  byPlace: ReadonlyMap<string, Seen["present"]>,
): Pick<Imported, "object" | "problem" | "changes"> {
  const { leaf, kind } = seen.of;
  const objectOf = (spec: object): LeafObject => ({
    apiVersion: API_VERSION,
    kind: leaf.kind,
    metadata: place,
    spec: spec as LeafSpec,
  });
  const lookups: Lookups = {
    environments: { get: () => environment },
    lookup: (reference, namespace) => {
      const target = byPlace.get(`${reference.kind}/${namespace}/${reference.name}`);
      return target && standIn(reference.kind, { namespace, name: reference.name }, target);
    },
  };
  const spec = specFor(seen, place, naming, environment);
  const parsed = (kind.spec as z.ZodType<LeafSpec>).safeParse(spec);
  if (!parsed.success) return { problem: inWords(parsed.error.issues[0]), changes: [] };
  const judge = (more: object) => prepare(leaf, objectOf({ ...parsed.data, ...more }), lookups);

  const strict = judge({});
  const asked = "blocked" in strict && strict.blocked.reason === "OutsidePortableRange" ? { portability: "Warn" } : {};
  const prepared = "portability" in asked ? judge(asked) : strict;
  if ("blocked" in prepared) return { problem: prepared.blocked.message, changes: [] };
  const changes = prepared.want ? diff(prepared.want, seen.present.actual as Partial<Wanted>) : [];
  return {
    object: objectOf(withoutDefaults(kind, { ...spec, ...asked })),
    changes: changes.flatMap(({ field, want, actual }) =>
      field === "tags" ? [] : [{ field, from: actual, to: want }],
    ),
  };
}

/** What is there as spec, with the name it is found by. What nobody holds is adopted, and kept whatever happens here. */
function specFor(
  { of, found, present }: Seen,
  place: Place,
  naming: Naming,
  { name, prefix }: EnvironmentView,
): Record<string, unknown> {
  const derived = cloudName({ prefix, ...place }, of.leaf.nameLimit, of.leaf.nameEnding);
  const own = Object.entries(of.leaf.specOf?.(present.actual, naming) ?? {}).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(own),
    environmentRef: { name },
    ...(found.name.replace(/\.fifo$/, "") !== derived && { externalName: found.name }),
    ...(present.owner === undefined && { adoptionPolicy: "Adopt", deletionPolicy: "Retain" }),
  };
}

/** The object that another refers to, as if the operator had it. */
function standIn(kind: string, metadata: Place, present: Seen["present"]): KubeObject<unknown, LeafStatus> {
  const status: LeafStatus = {
    externalId: present.id,
    outputs: present.outputs,
    effective: present.actual as LeafStatus["effective"],
  };
  return { apiVersion: API_VERSION, kind, metadata, status };
}

function inWords(issue: z.core.$ZodIssue | undefined): string {
  const field = `spec.${issue?.path.join(".")}`;
  const untold = issue?.code === "invalid_type" && issue.message.endsWith("received undefined");
  return untold
    ? `${field} is needed, and the cloud does not tell it: write it by hand`
    : `${field}: ${issue?.message}`;
}

/** Leaves out the fields that the schema would fill in with the same value. */
function withoutDefaults(kind: Kind, spec: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const schema = kind.spec as z.ZodType<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(spec).filter(([field, value]) => {
      const { [field]: _left, ...rest } = spec;
      const without = schema.safeParse(rest);
      return !without.success || !isDeepStrictEqual(without.data[field], value);
    }),
  );
}
