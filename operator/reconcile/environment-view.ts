import type { Place, WhoAmI } from "../provider/cloud.ts";
import type { Cloud, Provider, Unsupported } from "../provider/provider.ts";
import type { Reason } from "./reasons.ts";

/** A provider whose types are known only where the kind is: core handles wants and outputs as they come. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where a kind's own types are forgotten
export type AnyProvider = Provider<any, any>;

/** What a pass needs to know of the Environment that an object stands in. */
export interface EnvironmentView {
  readonly name: string;
  readonly cloud: Cloud;
  readonly place: Place;
  readonly who: WhoAmI;
  /** First part of names in the cloud. */
  readonly prefix: string;
  readonly defaultTags: Readonly<Record<string, string>>;
  readonly deletionPolicies: Readonly<Record<string, "Delete" | "Retain" | "Block">>;
  /** Clusters that were lost and that this one follows. */
  readonly succeeds: readonly string[];
  /** Absent: it serves all. */
  readonly namespaces?: readonly string[] | undefined;
  provider(kind: string): AnyProvider | Unsupported;
}

/** Why there is no usable Environment. */
export interface EnvironmentProblem {
  readonly problem: {
    readonly reason: Reason;
    readonly message: string;
    /** There is no such Environment in the cluster: nothing that names it can be in a cloud, unless status says so. */
    readonly absent?: true | undefined;
  };
}

/** Finds Environments by name; without a name the cluster's default one. */
export interface Environments {
  get(name: string | undefined): EnvironmentView | EnvironmentProblem;
}

/** Why nothing of a namespace can stand in an Environment, if it can't. What belongs to no namespace can. */
export function notServed(
  { name, namespaces }: Pick<EnvironmentView, "name" | "namespaces">,
  namespace: string | undefined,
): { readonly reason: "NotServed"; readonly message: string } | undefined {
  if (!namespaces || !namespace || namespaces.includes(namespace)) return undefined;
  const message = `Environment "${name}" does not serve namespace "${namespace}" (spec.namespaces). Name another Environment, or have it added there. Nothing was touched.`;
  return { reason: "NotServed", message };
}
