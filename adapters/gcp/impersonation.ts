import { IdentityPoolClient } from "google-auth-library";
import type { Identity, ImpersonatedAccount, Place } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { renewed } from "../renewed.ts";
import { baseUrl } from "./endpoints.ts";
import { stable } from "./errors.ts";

/** A token of the service account that is impersonated. */
export interface AccessToken {
  readonly token: string;
  readonly expires: Date;
}

/** A Place with what all clients of its connection share. */
export interface GcpPlace extends Place {
  /** With an identity: its access token, got when it is first asked for and renewed in time. */
  readonly accessToken?: (() => Promise<AccessToken>) | undefined;
}

const TIMEOUT_MS = 10_000;
/** Google's library asks anew when a token has five minutes left; by then there is to be a new one. */
const AHEAD_MS = 6 * 60_000;

/** The place as one connection sees it. @param now milliseconds since the epoch */
export function shared(place: Place, now: () => number): GcpPlace {
  const { identity } = place;
  if (!identity) return place;
  return { ...place, accessToken: renewed(() => impersonate(place, identity), { now, aheadMs: AHEAD_MS }) };
}

/**
 * A ServiceAccount's token for one of the pool, and that for one of the service account:
 * cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token, then
 * cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken.
 *
 * @throws ProviderError, without what was sent: the token is in it
 */
async function impersonate(place: Pick<Place, "endpoints">, identity: Identity): Promise<AccessToken> {
  const { as } = identity;
  if ("roleArn" in as)
    throw new ProviderError("denied", "spec.credentials.gcp is missing: it names the service account to impersonate.", {
      code: "CREDENTIALS",
    });
  const { token } = await identity.token(AbortSignal.timeout(TIMEOUT_MS));
  const sts = baseUrl(place, "sts", "https://sts.googleapis.com");
  const iam = baseUrl(place, "iamcredentials", "https://iamcredentials.googleapis.com");
  const client = new IdentityPoolClient({
    type: "external_account",
    audience: `//iam.googleapis.com/${as.provider}`,
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: `${sts}/v1/token`,
    service_account_impersonation_url: `${iam}/v1/projects/-/serviceAccounts/${as.serviceAccount}:generateAccessToken`,
    subject_token_supplier: { getSubjectToken: async () => token },
    transporterOptions: { timeout: TIMEOUT_MS },
  });
  const got = await client.getAccessToken().catch((error: unknown) => {
    throw refusal(error, identity, as, token);
  });
  const expires = client.credentials.expiry_date;
  if (typeof got.token === "string" && typeof expires === "number" && !Number.isNaN(expires))
    return { token: got.token, expires: new Date(expires) };
  throw new ProviderError("transient", "IAM Credentials gave an answer that can't be read.", { code: "UNREADABLE" });
}

/** What a gaxios error tells that we use. */
interface Failed {
  readonly message?: string;
  readonly response?: { readonly status?: number; readonly config?: { readonly url?: unknown } };
}

function refusal(thrown: unknown, identity: Identity, as: ImpersonatedAccount, token: string): ProviderError {
  const { message = String(thrown), response } = (thrown ?? {}) as Failed;
  const text = stable(message.replaceAll(token, "[token]"));
  const status = response?.status;
  if (status === undefined || status >= 500 || status === 408 || status === 429)
    return new ProviderError("transient", `Google Cloud gave no access token: ${text}`, { code: "UNAVAILABLE" });
  const { namespace, name } = identity.serviceAccount;
  const subject = `system:serviceaccount:${namespace}:${name}`;
  const account = `ServiceAccount ${namespace}/${name} (spec.credentials.serviceAccountRef)`;
  const impersonating = String(response?.config?.url).endsWith(":generateAccessToken");
  const say = impersonating
    ? `${account} can't impersonate ${as.serviceAccount} (spec.credentials.gcp.serviceAccount): ${text}. Grant roles/iam.workloadIdentityUser on it to principal://iam.googleapis.com/${as.provider.replace(/\/providers\/.*$/, "")}/subject/${subject}.`
    : `${as.provider} (spec.credentials.gcp.workloadIdentityProvider) does not take tokens of ${account}: ${text}. It must trust the cluster's issuer, take the audience ${identity.audience} and map google.subject to assertion.sub.`;
  return new ProviderError("denied", say, { code: impersonating ? "PERMISSION_DENIED" : "UNAUTHENTICATED" });
}
