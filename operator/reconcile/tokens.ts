import type { ServiceAccountName } from "../provider/cloud.ts";
import { ProviderError } from "../provider/fault.ts";
import type { Client } from "../runtime/client.ts";
import { ApiError } from "../runtime/errors.ts";
import { requestToken } from "../runtime/tokens.ts";
import type { Tokens } from "./environments.ts";

/** Code of the error that tells that there is no such ServiceAccount. */
export const SERVICE_ACCOUNT_MISSING = "ServiceAccountMissing";

/** Tokens from the API server. @param remedy what to do where the right to them is missing, for people */
export const tokensFrom =
  (client: Pick<Client, "transport">, remedy: string): Tokens =>
  async ({ serviceAccount, audience }, signal) => {
    try {
      return await requestToken(client, serviceAccount, audience, { signal });
    } catch (error) {
      throw refusal(error, serviceAccount, remedy);
    }
  };

/** In words of ours: the API server's name the operator, and would stand in status with the account that it runs as. */
function refusal(error: unknown, { namespace, name }: ServiceAccountName, remedy: string): ProviderError {
  const what = `ServiceAccount ${namespace}/${name} (spec.credentials.serviceAccountRef)`;
  const status = error instanceof ApiError ? error.status : undefined;
  if (status === 403) {
    const message = `no right to request tokens of ${what}: ${remedy}`;
    return new ProviderError("denied", message, { code: "Forbidden" });
  }
  if (status === 404) {
    const message = `${what} does not exist: make it, or name another.`;
    return new ProviderError("denied", message, { code: SERVICE_ACCOUNT_MISSING });
  }
  if (status === 400 || status === 422) {
    const message = `the API server makes no such token of ${what}: ${(error as ApiError).message}`;
    return new ProviderError("invalid", message, { code: "Invalid" });
  }
  const message = `the API server gave no token of ${what}: ${error instanceof Error ? error.message : String(error)}`;
  return new ProviderError("transient", message, { code: "NoToken" });
}
