import type { CallOptions, Client } from "./client.ts";
import { type ObjectName, objectPath, type ResourceType } from "./resource.ts";

/** Kubernetes ServiceAccounts. Nothing here reads or writes them: tokens of theirs are asked for. */
export const SERVICE_ACCOUNTS: ResourceType = {
  group: "",
  version: "v1",
  plural: "serviceaccounts",
  kind: "ServiceAccount",
  namespaced: true,
};

/** The least that the API server gives. A token is used once, at once. */
const EXPIRATION_SECONDS = 600;
const TIMEOUT_MS = 10_000;

/** `status` of authentication.k8s.io/v1 TokenRequest. */
interface TokenRequestStatus {
  readonly token: string;
  readonly expirationTimestamp: string;
}

/**
 * A token of a ServiceAccount for one audience, bound to no other object (authentication.k8s.io/v1 TokenRequest).
 * @throws ApiError 404 without such a ServiceAccount
 */
export async function requestToken(
  client: Pick<Client, "transport">,
  at: ObjectName,
  audience: string,
  { signal }: CallOptions = {},
): Promise<{ readonly token: string; readonly expires: Date }> {
  const { body } = await client.transport.request<{ readonly status: TokenRequestStatus }>({
    method: "POST",
    path: objectPath(SERVICE_ACCOUNTS, at, "token"),
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: [audience], expirationSeconds: EXPIRATION_SECONDS },
    },
    timeoutMs: TIMEOUT_MS,
    ...(signal && { signal }),
  });
  return { token: body.status.token, expires: new Date(body.status.expirationTimestamp) };
}
