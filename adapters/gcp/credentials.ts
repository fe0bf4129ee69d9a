import { type AuthClient, GoogleAuth, OAuth2Client, PassThroughClient } from "google-auth-library";
import type { Place } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { GcpPlace } from "./impersonation.ts";

const SCOPES = ["https://www.googleapis.com/auth/cloud-platform"];

/** Keys of the Secret that hold a service account key or an external account, as JSON; the first one found is used. */
const JSON_KEYS = ["credentials.json", "GOOGLE_CREDENTIALS"] as const;
/** Key of the Secret that holds an OAuth access token: good for an hour of trying out. */
const TOKEN_KEY = "GOOGLE_OAUTH_ACCESS_TOKEN";

/**
 * Whose identity we act with:
 * - the service account that the Environment's ServiceAccount impersonates; then never anybody else's
 * - the JSON or the token of the Environment's credentials Secret
 * - no credentials: the ambient ones (Workload Identity Federation for GKE, or the developer's own login)
 * - an emulator: none, and nothing is asked of the metadata server
 *
 * @throws ProviderError denied, when the Secret holds none of these
 */
export function credentialsOf(
  place: Pick<GcpPlace, "credentials" | "account" | "identity" | "accessToken">,
  emulated: boolean,
): GoogleAuth<AuthClient> {
  if (emulated) return new GoogleAuth<AuthClient>({ authClient: new PassThroughClient() });
  const given = place.credentials;
  // Untold of the project, the library would run gcloud to learn it, which fails where no program may be started.
  const options = { scopes: SCOPES, projectId: place.account };
  if (place.identity || place.accessToken)
    return new GoogleAuth<AuthClient>({ projectId: place.account, authClient: impersonated(place) });
  if (!given) return new GoogleAuth<AuthClient>(options);
  const key = JSON_KEYS.find((one) => given[one] !== undefined);
  if (key) return new GoogleAuth<AuthClient>({ ...options, credentials: parseKey(key, given[key] ?? "") });
  const token = given[TOKEN_KEY]?.trim();
  if (token) {
    const client = new OAuth2Client();
    client.setCredentials({ access_token: token });
    return new GoogleAuth<AuthClient>({ authClient: client });
  }
  throw new ProviderError(
    "denied",
    `The credentials Secret has none of the keys ${JSON_KEYS.join(", ")} (a service account key or an external account) and ${TOKEN_KEY}.`,
    { code: "CREDENTIALS" },
  );
}

/** @throws ProviderError denied, for a place that no connection has prepared: it must not be taken for one without identity */
function impersonated({ accessToken }: Pick<GcpPlace, "accessToken">): OAuth2Client {
  if (!accessToken)
    throw new ProviderError("denied", "There is no access token of the Environment's ServiceAccount.", {
      code: "CREDENTIALS",
    });
  const client = new OAuth2Client();
  client.refreshHandler = async () => {
    const { token, expires } = await accessToken();
    return { access_token: token, expiry_date: expires.getTime() };
  };
  return client;
}

function parseKey(name: string, json: string): Record<string, string> {
  try {
    const key: unknown = JSON.parse(json);
    if (typeof key === "object" && key !== null) return key as Record<string, string>;
  } catch {
    // The parser's message quotes the text, and the text is a secret.
  }
  throw new ProviderError("denied", `The key ${name} of the credentials Secret is no JSON object.`, {
    code: "CREDENTIALS",
  });
}

/** Whose credentials these are, as far as they tell it. Not knowing it is no failure. */
export async function principalOf(
  place: Pick<Place, "credentials" | "identity">,
  auth: GoogleAuth<AuthClient>,
  emulated: boolean,
  signal: AbortSignal,
): Promise<string> {
  if (emulated) return "an emulator's";
  if (place.identity && "serviceAccount" in place.identity.as) return place.identity.as.serviceAccount;
  if (place.credentials?.[TOKEN_KEY] && !JSON_KEYS.some((key) => place.credentials?.[key])) return "an access token's";
  const unknown = "unknown";
  const aborted = new Promise<string>((resolve) =>
    signal.addEventListener("abort", () => resolve(unknown), { once: true }),
  );
  const asked = auth.getCredentials().then(
    ({ client_email }) => client_email ?? unknown,
    () => unknown,
  );
  return Promise.race([asked, aborted]);
}
