import type { Client } from "../runtime/client.ts";
import type { Log } from "../runtime/log.ts";
import type { ResourceType } from "../runtime/resource.ts";
import { compareResourceVersions } from "../runtime/resource-version.ts";

/**
 * Where the API server stood when this process began to lead. What a cache shows of an object that was written since can't
 * be from before another leader's last word; an older state may be, and is asked about before a cloud is changed.
 */
export interface StartVersions {
  /** Asks for them, one small list a kind. Called once this process leads, and before it works. */
  begin(): void;
  /** Whether this resource version of an object of the kind was surely written since. */
  isSince(kind: string, resourceVersion: string): Promise<boolean>;
}

export interface StartVersionsOptions {
  readonly client: Pick<Client, "pages">;
  readonly types: readonly ResourceType[];
  /** Where objects are looked at. Undefined: everywhere. */
  readonly namespace?: string | undefined;
  readonly signal: AbortSignal;
  readonly log: Log;
}

export function createStartVersions(options: StartVersionsOptions): StartVersions {
  const { client, namespace, signal, log } = options;
  const types = new Map(options.types.map((type) => [type.kind, type]));
  const versions = new Map<string, Promise<string | undefined>>();

  /** A list without a resource version is answered by a quorum: https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list */
  async function ask(type: ResourceType): Promise<string | undefined> {
    try {
      const { value } = await client.pages(type, { namespace, limit: 1, signal }).next();
      return value?.resourceVersion;
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error, kind: type.kind }, "where the API server stands is not known yet");
      versions.delete(type.kind);
      return undefined;
    }
  }
  /** A later answer is stricter, so that it can be asked for again. */
  function versionOf(type: ResourceType): Promise<string | undefined> {
    const known = versions.get(type.kind) ?? ask(type);
    versions.set(type.kind, known);
    return known;
  }

  return {
    begin() {
      for (const type of types.values()) void versionOf(type);
    },
    async isSince(kind, resourceVersion) {
      const type = types.get(kind);
      const start = type && (await versionOf(type));
      return start !== undefined && (compareResourceVersions(resourceVersion, start) ?? -1) >= 0;
    },
  };
}
