import type { CallOptions, Client } from "./client.ts";
import { isNotFound } from "./errors.ts";
import { type KubeObject, type ObjectName, objectPath, type ResourceType } from "./resource.ts";

/** Kubernetes Secrets. They are read by name, one at a time: nothing here lists, watches or keeps them. */
export const SECRETS: ResourceType = { group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true };

/** A Secret with its values, each in base64. */
export type SecretObject = KubeObject & {
  readonly data?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
};

/** A Secret without its values: what PartialObjectMetadata holds. */
export type SecretMetadata = Pick<KubeObject, "metadata">;

/** The API server leaves the values out of what it answers. */
const METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/** The metadata of a Secret, undefined when there is none. Its values don't leave the API server. @throws ApiError */
export async function secretMetadata(
  client: Pick<Client, "transport">,
  at: ObjectName,
  { signal }: CallOptions = {},
): Promise<SecretMetadata | undefined> {
  try {
    const request = { path: objectPath(SECRETS, at), headers: { accept: METADATA_ONLY } };
    const { body } = await client.transport.request<SecretMetadata>({ ...request, ...(signal ? { signal } : {}) });
    return { metadata: body.metadata };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The values of a Secret as bytes, undefined when there is none. @throws ApiError */
export async function secretBytes(
  client: Pick<Client, "find">,
  at: ObjectName,
  options: CallOptions = {},
): Promise<Readonly<Record<string, Uint8Array>> | undefined> {
  const found = await client.find<SecretObject>(SECRETS, at, options);
  return found && map(found.data, (value) => Buffer.from(value, "base64"));
}

/** The values of a Secret as text, undefined when there is none. @throws ApiError */
export async function secretText(
  client: Pick<Client, "find">,
  at: ObjectName,
  options: CallOptions = {},
): Promise<Readonly<Record<string, string>> | undefined> {
  const found = await client.find<SecretObject>(SECRETS, at, options);
  return found && decoded(found.data);
}

/** Base64 to text, value by value. */
export const decoded = (data: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> =>
  map(data, (value) => Buffer.from(value, "base64").toString("utf8"));

const map = <To>(data: Readonly<Record<string, string>> | undefined, to: (value: string) => To) =>
  Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, to(value)]));
