import type { Wanted } from "../provider/provider.ts";
import type { SourceState } from "../reconcile/gather.ts";
import type { Leaf, LeafObject, LeafSpec, LeafStatus, Source } from "../reconcile/leaf-object.ts";
import type { KubeObject } from "../reconcile/object.ts";
import { lookAtSources } from "../reconcile/sources.ts";
import { decoded, secretText } from "../runtime/secrets.ts";
import type { ClusterView } from "./cluster.ts";
import { LATER } from "./later.ts";
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

/**
 * What is known of the Secrets that values are taken from, by their metadata alone: those among the files first, then
 * those of the cluster. Without a cluster they are taken to be there.
 *
 * @returns by namespace, name and key
 */
export async function sourcesOf(
  leaves: readonly Leaf<LeafSpec, Wanted>[],
  objects: readonly LeafObject[],
  manifests: readonly Manifest[],
  cluster: ClusterView | undefined,
): Promise<(source: Source, namespace: string) => SourceState | undefined> {
  const found = new Map<string, SourceState>();
  const keyOf = (namespace: string, { name, key }: Source) => `${namespace}/${name}/${key}`;
  for (const object of objects) {
    const namespace = object.metadata.namespace ?? "";
    const sources = leaves.find((leaf) => leaf.kind === object.kind)?.sources?.(object.spec) ?? [];
    const live = cluster && (await lookAtSources(cluster.client, namespace, sources, AbortSignal.timeout(30_000)));
    for (const source of sources) {
      const given = manifests.some(
        ({ object: { kind, metadata } }) =>
          kind === "Secret" && metadata.name === source.name && (metadata.namespace ?? "default") === namespace,
      );
      const state = live?.get(source.field) ?? (given || !cluster ? { revision: LATER } : undefined);
      if (state) found.set(keyOf(namespace, source), state);
    }
  }
  return (source, namespace) => found.get(keyOf(namespace, source));
}

/** The version of the value that an object of the cluster keeps in that Secret, by its status. */
export function secretVersionIn(
  cluster: Pick<ClusterView, "objects"> | undefined,
  name: string,
  namespace: string,
): string | undefined {
  const keeper = cluster?.objects.find(
    ({ metadata, status }) =>
      metadata.namespace === namespace && (status as LeafStatus | undefined)?.syncedTo?.name === name,
  );
  return (keeper?.status as LeafStatus | undefined)?.syncedTo?.version;
}
