import { TestBedError } from "./errors.ts";
import type { Host } from "./host.ts";
import type { Flavor } from "./nodes.ts";

/** Where clusters come from. */
export type Way =
  | { readonly way: "local"; readonly assets: string | undefined }
  | { readonly way: "kind" }
  | { readonly way: "existing" };

export interface Choice {
  readonly way: Way;
  /** What was chosen and why, for the person at the terminal. */
  readonly says: string;
}

/**
 * Chooses by CLUSTER (local, kind, existing), which may be unset, and KUBEBUILDER_ASSETS. A KUBECONFIG alone never
 * makes its clusters the target: many people have one set that points at something dear.
 */
export function chooseWay(env: Host["env"]): Choice {
  const asked = env.CLUSTER || "local";
  const choose = Object.hasOwn(choices, asked) ? choices[asked] : undefined;
  if (choose) return choose(env);
  throw new TestBedError(`CLUSTER is "${asked}". It may be ${Object.keys(choices).join(", ")}, or unset for local.`);
}

const choices: Record<string, (env: Host["env"]) => Choice> = {
  local(env) {
    const assets = env.KUBEBUILDER_ASSETS || undefined;
    const source = assets
      ? `etcd and kube-apiserver of KUBEBUILDER_ASSETS (${assets}), the rest built from source`
      : "a control plane built from source, which needs no Docker and is kept for the next time";
    const others = "CLUSTER=kind uses Docker instead; CLUSTER=existing the clusters of your KUBECONFIG";
    const note = env.KUBECONFIG ? " KUBECONFIG is set, and left alone." : "";
    return { way: { way: "local", assets }, says: `Clusters: ${source}. (${others}.)${note}` };
  },
  kind: () => ({ way: { way: "kind" }, says: "Clusters: kind, in Docker, because CLUSTER=kind." }),
  existing(env) {
    const file = env.KUBECONFIG ? `KUBECONFIG (${env.KUBECONFIG})` : "your default kubeconfig";
    return { way: { way: "existing" }, says: `Clusters: those of ${file}, because CLUSTER=existing.` };
  },
};

/** The context of a kubeconfig that plays this cluster: what CONTEXT_EKS or CONTEXT_GKE says, else one of that name. */
export function contextFor(flavor: Flavor, contexts: readonly string[], env: Host["env"]): string {
  const variable = `CONTEXT_${flavor.toUpperCase()}`;
  const wanted = env[variable] || flavor;
  if (contexts.includes(wanted)) return wanted;
  const known = contexts.length > 0 ? `it has ${contexts.join(", ")}` : "it has none";
  throw new TestBedError(
    `The kubeconfig has no context "${wanted}"; ${known}. Set ${variable} to the context that plays the ${flavor} cluster.`,
  );
}
