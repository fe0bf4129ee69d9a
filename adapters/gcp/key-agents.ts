import { ProviderError } from "../../operator/provider/fault.ts";
import type { Gcp } from "./gcp.ts";
import { withMember } from "./policy.ts";

/**
 * The service agents that encrypt with a customer's key on behalf of a project, by service. Each is
 * `service-<project number>@<agent>.iam.gserviceaccount.com`. Cloud Storage's is made when it is first asked for.
 *
 * Source: https://cloud.google.com/iam/docs/service-agents, read 2026-11-23.
 */
const AGENTS = {
  pubsub: "gcp-sa-pubsub",
  firestore: "gcp-sa-firestore",
  secretmanager: "gcp-sa-secretmanager",
} as const;

export type EncryptingService = keyof typeof AGENTS | "storage";

export const KEY_USER_ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter";

/**
 * Lets a service use a key for what it keeps: called before a resource is made with the key, or moved to it. Adds to the
 * key's policy and takes nothing away: other resources may need the same right, and it opens nothing by itself. Where we
 * may not read or write that policy (a key of another project), or find no such key, the service's own refusal says what is
 * wrong: whoever owns the key has to grant the right.
 *
 * @param key  KEY_ID; null: the cloud's own key, which needs nothing
 * @throws ProviderError
 */
export async function letServiceUseKey(
  gcp: Pick<Gcp, "kmsPolicies" | "projectNumber" | "storage">,
  service: EncryptingService,
  key: string | null,
  signal: AbortSignal,
): Promise<void> {
  if (key === null) return;
  const email = await agentOf(gcp, service, signal);
  const membership = { role: KEY_USER_ROLE, member: `serviceAccount:${email}` };
  try {
    await gcp.kmsPolicies.edit(key, (policy) => withMember(policy, membership), signal);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    if (error.fault === "denied" || error.fault === "notFound") return;
    if (error.fault === "invalid" && /does not exist/i.test(error.message))
      throw new ProviderError(
        "denied",
        `The service agent ${email} does not exist yet and so can't be let use ${key}. Run: gcloud beta services identity create --service ${service}.googleapis.com (${error.message})`,
        { code: error.code, cause: error.cause },
      );
    throw error;
  }
}

async function agentOf(
  gcp: Pick<Gcp, "projectNumber" | "storage">,
  service: EncryptingService,
  signal: AbortSignal,
): Promise<string> {
  if (service === "storage") return gcp.storage.serviceAgent(signal);
  return `service-${await gcp.projectNumber(signal)}@${AGENTS[service]}.iam.gserviceaccount.com`;
}
