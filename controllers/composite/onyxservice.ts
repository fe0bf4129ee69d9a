import type { OnyxServiceSpec } from "../../crds/onyxservice.ts";
import type { Composed, Composite, InvalidSpec, Seen } from "../../operator/reconcile/composite-object.ts";
import type { KubeObject } from "../../operator/reconcile/object.ts";
import { referencesOf } from "./onyxservice/bindings.ts";
import { configuration } from "./onyxservice/config.ts";
import { disruptionBudget } from "./onyxservice/disruption.ts";
import { identity, serviceAccount } from "./onyxservice/identity.ts";
import { imageOf } from "./onyxservice/image.ts";
import { selectorOf } from "./onyxservice/names.ts";
import { networkPolicy } from "./onyxservice/network.ts";
import { recoveryVerdicts } from "./onyxservice/recovery.ts";
import { scaler } from "./onyxservice/scaling.ts";
import { services } from "./onyxservice/service.ts";
import { uses } from "./onyxservice/uses.ts";
import { workload } from "./onyxservice/workload.ts";

/**
 * One microservice. Switched off (`enabled: false`) it keeps what it is known by and what took time to get (its
 * ServiceAccount, identity and rights, configuration, Service address, network policy); what runs or counts replicas
 * is removed, and made anew when it is switched on.
 */
export const onyxservice: Composite<OnyxServiceSpec> = {
  kind: "OnyxService",
  uses,
  stopFirst: ["Deployment", "StatefulSet", "CronJob", "Job"],
  references: referencesOf,
  secrets: ({ secrets }) => secrets ?? [],
  compose,
};

function compose(spec: OnyxServiceSpec, seen: Seen): Composed | InvalidSpec {
  const config = configuration(spec, seen);
  if ("invalid" in config) return config;
  const kept = [
    ...serviceAccount(spec, seen),
    ...identity(spec, seen),
    ...config.children,
    networkPolicy(spec, seen),
    ...services(spec, seen),
  ];
  const running = [workload(spec, seen, config.hash), ...disruptionBudget(spec, seen), ...scaler(spec, seen)];
  return {
    verdicts: recoveryVerdicts(spec, seen),
    children: spec.enabled === false ? kept : [...kept, ...running],
    summary: (live) => ({
      ...replicasOf(spec.enabled === false ? undefined : live("workload")),
      selector: Object.entries(selectorOf(seen.name))
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
      image: imageOf(spec.image, seen.environment.imageRegistry),
    }),
  };
}

interface Counted {
  readonly replicas?: number;
  readonly readyReplicas?: number;
  /** Of a Job: pods; of a CronJob: the Jobs that run. */
  readonly active?: number | readonly unknown[];
  readonly ready?: number;
}

function replicasOf(live: KubeObject | undefined): { readonly replicas: number; readonly readyReplicas: number } {
  const { replicas, readyReplicas, active, ready } = (live?.status ?? {}) as Counted;
  const running = Array.isArray(active) ? active.length : ((active as number | undefined) ?? 0);
  return { replicas: replicas ?? running, readyReplicas: readyReplicas ?? ready ?? 0 };
}
