import { ProviderError } from "../provider/fault.ts";
import type { Client } from "../runtime/client.ts";
import { isAlreadyExists, isConflict, isNotFound, NotLeaderError } from "../runtime/errors.ts";
import type { ObjectName } from "../runtime/resource.ts";
import { SECRETS, type SecretMetadata, type SecretObject, secretMetadata } from "../runtime/secrets.ts";
import { CHILD_MARKS, MANAGED_BY } from "./children.ts";
import type { Copies, CopyContent, CopyFound } from "./copy.ts";
import { GROUP, type KubeObject, mergePatch } from "./object.ts";

/** What the last write was of. */
const TOKEN = `${GROUP}/synced`;
/** The labels that spec asked for at the last write, so that they can be taken off again. */
const LABELS = `${GROUP}/synced-labels`;
const FIELD_MANAGER = "onyx-operator/secrets";

/**
 * Copies of the value of one object, in Secrets of its namespace. A Secret is ours by its labels: those of kind and name, so
 * that an object that is made again has its copy again. No answer of the API server goes into a message: it may quote what
 * was sent.
 */
export function createCopies(client: Client, owner: KubeObject, signal: AbortSignal): Copies {
  const { namespace, name: ownerName, uid = "" } = owner.metadata;
  const at = (name: string): ObjectName => ({ namespace, name });
  const marks = {
    [CHILD_MARKS.managedBy]: MANAGED_BY,
    [CHILD_MARKS.name]: ownerName,
    [CHILD_MARKS.ownerKind]: owner.kind,
    [CHILD_MARKS.ownerUid]: uid,
  };
  const isOurs = ({ metadata: { labels = {} } }: SecretMetadata): boolean =>
    labels[CHILD_MARKS.managedBy] === MANAGED_BY &&
    labels[CHILD_MARKS.ownerKind] === owner.kind &&
    labels[CHILD_MARKS.name] === ownerName;

  const asProviderError = (name: string, doing: string) => (error: unknown) => {
    if (error instanceof ProviderError || error instanceof NotLeaderError || signal.aborted) throw error;
    const status = (error as { status?: number }).status;
    const what = `Secret ${namespace}/${name}`;
    if (status === 403 && /exceeded quota/.test((error as Error).message))
      throw new ProviderError("quota", `A ResourceQuota of namespace ${namespace} leaves no room for ${what}.`, {
        code: "Quota",
      });
    if (status === 403)
      throw new ProviderError(
        "denied",
        `The operator may not ${doing} ${what}. Allow it in this namespace: add ${namespace} to secretSyncNamespaces in the values of its chart.`,
        { code: "Forbidden" },
      );
    if (isAlreadyExists(error) || isConflict(error))
      throw new ProviderError("transient", `${what} is being changed by somebody else.`, { code: "Conflict" });
    if (status === 400 || status === 422)
      throw new ProviderError("invalid", `The API server or a policy does not take ${what}.`, { code: String(status) });
    throw new ProviderError("transient", `The API server did not ${doing} ${what}.`, {
      code: status === undefined ? "NoAnswer" : String(status),
    });
  };

  const whole = ({ token, data, labels }: CopyContent) => ({
    metadata: {
      labels: { ...labels, ...marks },
      annotations: { [TOKEN]: token, [LABELS]: Object.keys(labels).sort().join(",") },
    },
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")])),
  });

  async function create(name: string, content: CopyContent): Promise<string> {
    const { metadata, data } = whole(content);
    const object = {
      apiVersion: "v1",
      kind: SECRETS.kind,
      metadata: { ...metadata, name, ...(namespace === undefined ? {} : { namespace }) },
      type: "Opaque",
      data,
    };
    const options = { fieldManager: FIELD_MANAGER, signal };
    return (await client.create<SecretObject>(SECRETS, namespace, object, options)).metadata.resourceVersion;
  }

  async function change(name: string, found: SecretObject, content: CopyContent): Promise<string> {
    const { uid, resourceVersion } = found.metadata;
    const { labels = {}, annotations = {} } = found.metadata;
    const before = (annotations[LABELS] ?? "").split(",");
    const wanted = whole(content);
    const kept = Object.entries(labels).filter(([key]) => !before.includes(key));
    const patch = mergePatch(
      { metadata: { labels, annotations }, data: found.data ?? {} },
      {
        metadata: {
          labels: { ...Object.fromEntries(kept), ...wanted.metadata.labels },
          annotations: { ...annotations, ...wanted.metadata.annotations },
        },
        data: wanted.data,
      },
    ) as { metadata?: object; data?: object } | undefined;
    if (patch === undefined) return resourceVersion;
    const preconditions = { uid, resourceVersion };
    const body = { ...patch, metadata: { ...patch.metadata, ...preconditions } };
    try {
      const options = { as: "merge", fieldManager: FIELD_MANAGER, signal } as const;
      return (await client.patch<SecretObject>(SECRETS, at(name), body, options)).metadata.resourceVersion;
    } catch (error) {
      if (found.immutable !== true) throw error;
      // Somebody made it immutable: only another one in its place can hold another value.
      await client.delete(SECRETS, at(name), { preconditions: { uid, resourceVersion }, signal });
      return create(name, content);
    }
  }

  return {
    async look(name): Promise<CopyFound | undefined> {
      const found = await secretMetadata(client, at(name), { signal }).catch(asProviderError(name, "read"));
      if (!found) return undefined;
      const { resourceVersion = "", annotations = {} } = found.metadata;
      return { ours: isOurs(found), resourceVersion, token: annotations[TOKEN] };
    },
    async write(name, content) {
      const found = await client.find<SecretObject>(SECRETS, at(name), { signal }).catch(asProviderError(name, "read"));
      if (found && !isOurs(found))
        throw new ProviderError("conflict", `Secret ${name} does not carry our marks.`, { code: "Conflict" });
      return (found ? change(name, found, content) : create(name, content)).catch(asProviderError(name, "write"));
    },
    async remove(name) {
      const found = await secretMetadata(client, at(name), { signal }).catch(asProviderError(name, "read"));
      if (!found || !isOurs(found)) return;
      const { uid, resourceVersion } = found.metadata;
      const preconditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion ? { resourceVersion } : {}) };
      await client
        .delete(SECRETS, at(name), { preconditions, signal })
        .catch((error) => (isNotFound(error) ? false : asProviderError(name, "delete")(error)));
    },
  };
}
