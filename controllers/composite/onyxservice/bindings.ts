import { BINDABLE, type BindingField } from "../../../crds/access.ts";
import type { OnyxServiceSpec } from "../../../crds/onyxservice.ts";
import type { WorkloadIdentitySpec } from "../../../crds/workloadidentity.ts";
import type { Resolved } from "../../../operator/reconcile/composite-object.ts";
import type { Reference } from "../../../operator/reconcile/leaf-object.ts";

type Binding = NonNullable<OnyxServiceSpec["bindings"]>[number];
type Grant = NonNullable<WorkloadIdentitySpec["grants"]>[number];

const FIELDS = Object.keys(BINDABLE) as BindingField[];

interface Target {
  /** Path in spec. */
  readonly field: string;
  readonly kind: Grant["kind"];
  /** First part of its environment variables: the field of the binding. */
  readonly prefix: string;
  readonly name: string;
  readonly access: Binding["access"];
}

function targetsOf(spec: OnyxServiceSpec): readonly Target[] {
  return (spec.bindings ?? []).flatMap((binding, at) =>
    FIELDS.flatMap((field): Target[] => {
      const name = binding[field];
      return name === undefined
        ? []
        : [
            {
              field: `bindings[${at}].${field}`,
              kind: BINDABLE[field],
              prefix: field.toUpperCase(),
              name,
              access: binding.access,
            },
          ];
    }),
  );
}

/** The objects that the service is bound to. */
export const referencesOf = (spec: OnyxServiceSpec): readonly Reference[] =>
  targetsOf(spec).map(({ field, kind, name }) => ({ field, kind, name }));

/** The path in spec of the first binding to that queue. */
export const queueFieldOf = (spec: OnyxServiceSpec, queue: string): string | undefined =>
  targetsOf(spec).find((target) => target.kind === "Queue" && target.name === queue)?.field;

/** Just the rights that the bindings need, sorted and once each. */
export function grantsOf(spec: OnyxServiceSpec): readonly Grant[] {
  const grants = targetsOf(spec).map(({ kind, name, access }): Grant => ({ kind, name, access }));
  const text = (grant: Grant) => `${grant.kind}/${grant.name}/${grant.access}`;
  return [...new Map(grants.map((grant) => [text(grant), grant])).values()].sort((a, b) =>
    text(a) < text(b) ? -1 : 1,
  );
}

/** The environment variables of the bindings, why there are none yet, or what is wrong with them. */
export type Variables =
  | { readonly data: Readonly<Record<string, string>> }
  | { readonly pending: Extract<Resolved, { pending: unknown }>["pending"] }
  | { readonly invalid: { readonly field: string; readonly message: string } };

/**
 * Every output of every bound resource under a name that is the same on both clouds: `QUEUE_URL` of Queue orders is
 * QUEUE_ORDERS_URL, its `REGION` is QUEUE_ORDERS_REGION. `BUCKET` of Bucket media is BUCKET_MEDIA.
 */
export function variablesOf(spec: OnyxServiceSpec, reference: (field: string) => Resolved): Variables {
  const data = new Map<string, { readonly value: string; readonly from: Target }>();
  for (const target of targetsOf(spec)) {
    const resolved = reference(target.field);
    if ("pending" in resolved) return { pending: resolved.pending };
    if (target.kind === "Queue" && target.access === "Produce" && resolved.effective?.subscription)
      return {
        invalid: {
          field: target.field,
          message: `Queue ${target.name} gets its messages from a Topic (spec.subscribeTo), and no cloud lets anything else into it: bind to that Topic with access Produce.`,
        },
      };
    for (const [key, value] of Object.entries(resolved.outputs)) {
      const name = variableName(target, key);
      const other = data.get(name);
      if (other && other.value !== value)
        return {
          invalid: {
            field: target.field,
            message: `${target.kind} ${target.name} and ${other.from.kind} ${other.from.name} (spec.${other.from.field}) would both give the environment variable ${name}. Rename one of them.`,
          },
        };
      data.set(name, { value, from: target });
    }
  }
  const sorted = [...data].sort(([a], [b]) => (a < b ? -1 : 1));
  return { data: Object.fromEntries(sorted.map(([name, { value }]) => [name, value])) };
}

function variableName({ prefix, name }: Pick<Target, "prefix" | "name">, output: string): string {
  const own = `${prefix}_${name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
  if (output === prefix) return own;
  return `${own}_${output.startsWith(`${prefix}_`) ? output.slice(prefix.length + 1) : output}`;
}
