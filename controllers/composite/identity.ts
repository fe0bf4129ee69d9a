import { API_VERSION } from "../../crds/define.ts";
import type { ChildRef, Seen } from "../../operator/reconcile/composite-object.ts";

/**
 * Annotations of a ServiceAccount by which the cloud finds its identity (IRSA), as soon as that is known.
 *
 * @param identity the WorkloadIdentity; without a namespace it is the composite's
 */
export function identityAnnotations(
  seen: Seen,
  identity: Pick<ChildRef, "namespace" | "name">,
): { readonly annotations?: Readonly<Record<string, string>> } {
  const live = seen.live({ apiVersion: API_VERSION, kind: "WorkloadIdentity", ...identity });
  const status = live?.status as { readonly outputs?: Readonly<Record<string, string>> } | undefined;
  const annotations = status?.outputs ? seen.environment.platform.serviceAccountAnnotations(status.outputs) : {};
  return Object.keys(annotations).length > 0 ? { annotations } : {};
}
