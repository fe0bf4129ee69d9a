import { createHash } from "node:crypto";
import { GROUP } from "../../../crds/define.ts";
import type { OnyxServiceSpec } from "../../../crds/onyxservice.ts";
import { tagOf } from "./image.ts";

/** The one container of every pod: HPA and KEDA scale by its use, not by that of what a mesh injects. */
export const CONTAINER = "app";

/** Label that selects the pods of a service. Immutable in a Deployment, so it holds nothing but the name. */
export const SERVICE_LABEL = `${GROUP}/service`;

/** Annotation of the pod template: pods start anew when their configuration changes. */
export const CONFIG_HASH = `${GROUP}/config-hash`;

/** Annotation of a workload whose number of replicas we set: it is handed over, not dropped, when a scaler comes. */
export const FIXED_REPLICAS = `${GROUP}/replicas`;

export const bindingsName = (service: string): string => `${service}-bindings`;
/** The headless Service that gives the pods of a StatefulSet their names. */
export const podsName = (service: string): string => `${service}-pods`;
export const serviceAccountName = (service: string, spec: OnyxServiceSpec): string =>
  spec.serviceAccountName ?? service;

export const selectorOf = (service: string): Record<string, string> => ({ [SERVICE_LABEL]: service });

/** Labels of what a service is made of, pods included. The same on both clouds. */
export function labelsOf(service: string, spec: OnyxServiceSpec): Record<string, string> {
  const version = tagOf(spec.image);
  return {
    "app.kubernetes.io/name": service,
    ...(version ? { "app.kubernetes.io/version": version } : {}),
    ...selectorOf(service),
    [`${GROUP}/tier`]: spec.tier,
    ...(spec.team ? { [`${GROUP}/team`]: spec.team } : {}),
    ...(spec.costCenter ? { [`${GROUP}/cost-center`]: spec.costCenter } : {}),
  };
}

/** Short and stable; part of names and annotations, not of security. */
export const hashOf = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 8);
