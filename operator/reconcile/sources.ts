import { ProviderError } from "../provider/fault.ts";
import { shortHash } from "../provider/owner.ts";
import type { Client } from "../runtime/client.ts";
import { secretBytes, secretMetadata } from "../runtime/secrets.ts";
import type { SourceState } from "./gather.ts";
import type { Means, Source } from "./leaf-object.ts";

/** How often a Secret that a value is taken from is looked at, in ms: nobody tells when it changes. */
export const SOURCE_RESYNC_MS = 120_000;

/** Looks at the Secrets that a value is taken from, by their metadata alone. @returns by `Source.field` */
export async function lookAtSources(
  client: Pick<Client, "transport">,
  namespace: string,
  sources: readonly Source[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SourceState>> {
  const found = await Promise.all(sources.map((source) => lookAt(client, namespace, source, signal)));
  return new Map(found.flatMap((state, at) => (state ? [[sources[at]?.field ?? "", state] as const] : [])));
}

async function lookAt(
  client: Pick<Client, "transport">,
  namespace: string,
  { name, key, field }: Source,
  signal: AbortSignal,
): Promise<SourceState | undefined> {
  try {
    const secret = await secretMetadata(client, { namespace, name }, { signal });
    return secret && { revision: revisionOf(secret.metadata, key) };
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return { problem: { reason: "AccessDenied", message: notAllowed(namespace, name, field) } };
  }
}

/** Another token after each write of the Secret. It names the write, and holds nothing of the value. */
export const revisionOf = (
  metadata: { readonly uid?: string; readonly resourceVersion?: string },
  key: string,
): string => shortHash(`${metadata.uid}/${metadata.resourceVersion}/${key}`, 12);

/** What values of objects in a namespace are made with. */
export function createMeans(
  client: Pick<Client, "find">,
  random: (bytes: number) => Uint8Array,
  namespace: string,
  signal: AbortSignal,
): Means {
  return {
    random,
    async secret(name, key) {
      const values = await secretBytes(client, { namespace, name }, { signal }).catch((error: unknown) => {
        if (!isForbidden(error)) throw error;
        // The answer of the API server is left out: nothing of a Secret goes into a message.
        throw new ProviderError("denied", notAllowed(namespace, name), { code: "Forbidden" });
      });
      if (!values)
        throw new ProviderError("notFound", `Secret ${namespace}/${name} does not exist. Create it.`, {
          code: "SecretNotFound",
        });
      const value = Object.hasOwn(values, key) ? values[key] : undefined;
      if (value) return value;
      throw new ProviderError("notFound", `Secret ${namespace}/${name} has no key "${key}". Add it, or name another.`, {
        code: "KeyNotFound",
      });
    },
  };
}

const isForbidden = (error: unknown) => (error as { status?: number }).status === 403;

const notAllowed = (namespace: string, name: string, field?: string) =>
  `The operator may not read Secret ${namespace}/${name}${field ? ` (spec.${field})` : ""}. Allow it in this namespace: add ${namespace} to secretNamespaces in the values of its chart.`;
