import { ProviderError } from "../provider/fault.ts";
import { cloudName } from "../provider/names.ts";
import { type Owner, tagValue } from "../provider/owner.ts";
import type { EnvironmentView } from "./environment-view.ts";

/** What a look through the cloud came to. */
export interface Sweep {
  /** Kinds that were looked for. */
  readonly searched: readonly string[];
  /** Kinds that the cloud does not list, or not to us. */
  readonly unsearched: readonly string[];
  /** What still carries the marks of an object of that namespace. */
  readonly found: readonly { readonly kind: string; readonly externalId: string }[];
}

/**
 * Looks in the cloud for what carries the marks of objects of a namespace, whether or not such an object is there. It goes
 * by names, which begin with those of prefix and namespace, and then by marks; what was let go of carries none.
 */
export async function sweep(
  environment: EnvironmentView,
  kinds: readonly string[],
  namespace: string,
  signal: AbortSignal,
): Promise<Sweep> {
  const looks = await Promise.all(kinds.map((kind) => lookFor(kind, environment, namespace, signal)));
  const isKnown = (look: (typeof looks)[number]) => look !== undefined;
  return {
    searched: kinds.filter((_, n) => isKnown(looks[n])),
    unsearched: kinds.filter((_, n) => !isKnown(looks[n])),
    found: looks.flatMap((look) => look ?? []),
  };
}

/** @returns undefined where the cloud can't list the kind, or does not let us */
async function lookFor(
  kind: string,
  environment: EnvironmentView,
  namespace: string,
  signal: AbortSignal,
): Promise<Sweep["found"] | undefined> {
  const provider = environment.provider(kind);
  if ("unsupported" in provider || !provider.list) return undefined;
  const owner: Owner = {
    environment: environment.name,
    cluster: environment.place.cluster,
    namespace,
    kind,
    name: "",
    uid: "",
  };
  const start = beginningOf(environment.prefix, namespace);
  try {
    const named = (await provider.list({ signal })).filter(({ name }) => name.startsWith(start));
    const found: { readonly kind: string; readonly externalId: string }[] = [];
    for (const one of named) {
      const seen = await provider.observe({ ...one, footprint: [] }, { signal, owner, token: "sweep" });
      if (seen.exists && isOf(seen.owner, owner)) found.push({ kind, externalId: seen.id });
    }
    return found;
  } catch (error) {
    if (error instanceof ProviderError && error.fault === "denied") return undefined;
    throw error;
  }
}

/** How the names of a namespace's resources begin: a name of it, without what is of one object only. */
function beginningOf(prefix: string, namespace: string): string {
  const hash = /-[^-]+$/;
  return `${cloudName({ prefix, namespace, name: "" }, 255).replace(hash, "")}-`;
}

/** What was let go of names no cluster any more; the topic of a Queue is part of that, and listed with it. */
const isOf = (found: Owner | undefined, { cluster, namespace, kind }: Owner): boolean =>
  found !== undefined &&
  tagValue(found.cluster) === tagValue(cluster) &&
  tagValue(found.namespace) === tagValue(namespace) &&
  tagValue(found.kind) === tagValue(kind);
