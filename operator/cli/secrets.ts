import type { KubeObject } from "../reconcile/object.ts";
import { decoded, secretText } from "../runtime/secrets.ts";
import type { ClusterView } from "./cluster.ts";
import type { Manifest } from "./manifests.ts";

/** Looks up the values of a Secret: among the files first, then in the cluster when there is one. */
export const secretFrom =
  (manifests: readonly Manifest[], cluster: ClusterView | undefined) =>
  async (namespace: string, name: string): Promise<Readonly<Record<string, string>> | undefined> => {
    const given = manifests.map(
      ({ object }) => object as KubeObject & { data?: Record<string, string>; stringData?: Record<string, string> },
    );
    const found = given.find(
      (object) =>
        object.kind === "Secret" &&
        object.metadata.name === name &&
        (object.metadata.namespace ?? "default") === namespace,
    );
    if (found) return { ...decoded(found.data), ...found.stringData };
    return cluster && secretText(cluster.client, { namespace, name });
  };
