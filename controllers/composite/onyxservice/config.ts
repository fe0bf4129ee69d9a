import type { OnyxServiceSpec } from "../../../crds/onyxservice.ts";
import type { Child, InvalidSpec, PendingChild, Seen } from "../../../operator/reconcile/composite-object.ts";
import { variablesOf } from "./bindings.ts";
import { bindingsName, hashOf, labelsOf } from "./names.ts";

/** What configures the pods. */
export interface Configuration {
  readonly children: readonly (Child | PendingChild)[];
  /** Of all values that we know: pods start anew when it changes. */
  readonly hash: string;
}

/** The name of the ConfigMap that spec.config speaks of. */
export const configName = (spec: OnyxServiceSpec, service: string): string => spec.config?.name ?? service;

/** The ConfigMap of spec.config, and the one with the variables of bindings and of the cloud's SDKs. */
export function configuration(spec: OnyxServiceSpec, seen: Seen): Configuration | InvalidSpec {
  const name = bindingsName(seen.name);
  if (spec.config?.data && configName(spec, seen.name) === name)
    return { invalid: { field: "config.name", message: `${name} is the name of the ConfigMap with the bindings.` } };
  const own = spec.config?.data ? [configMap("config", configName(spec, seen.name), spec.config.data, spec, seen)] : [];
  const values = secretVersions(spec, seen);
  if ((spec.bindings ?? []).length === 0)
    return { children: own, hash: hashOf([spec.config?.data ?? null, ...values]) };

  const variables = variablesOf(spec, seen.reference);
  if ("invalid" in variables) return variables;
  if ("pending" in variables) {
    const ref = { apiVersion: "v1", kind: "ConfigMap", name };
    return { children: [...own, { id: "bindings", ref, pending: variables.pending }], hash: "" };
  }
  const data = { ...seen.environment.platform.workloadEnv(), ...variables.data };
  return {
    children: [...own, configMap("bindings", name, data, spec, seen)],
    hash: hashOf([spec.config?.data ?? null, data, ...values]),
  };
}

/** Which version each Secret holds that a ManagedSecret keeps. Of others nobody tells. */
function secretVersions({ secrets = [] }: OnyxServiceSpec, seen: Seen): readonly (readonly [string, string])[] {
  return secrets.toSorted().flatMap((name) => {
    const version = seen.secretVersion(name);
    return version === undefined ? [] : [[name, version] as const];
  });
}

const configMap = (
  id: string,
  name: string,
  data: Readonly<Record<string, string>>,
  spec: OnyxServiceSpec,
  seen: Seen,
): Child => ({
  id,
  object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: labelsOf(seen.name, spec) }, data },
});
