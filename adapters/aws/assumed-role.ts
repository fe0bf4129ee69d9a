import { AssumeRoleWithWebIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import type { Identity } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { renewed } from "../renewed.ts";
import { required, translate } from "./errors.ts";

/** Temporary credentials, as the SDK takes them. */
export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
  readonly expires: Date;
}

const CALL = "STS AssumeRoleWithWebIdentity";
const TIMEOUT_MS = 20_000;
/** The SDK asks anew when credentials have five minutes left; by then there are to be new ones. */
const AHEAD_MS = 6 * 60_000;
/** What STS says where it is for a person to put right. */
const REFUSED: ReadonlySet<ProviderError["fault"]> = new Set(["denied", "invalid", "notFound"]);

/**
 * Credentials of the role that a ServiceAccount of the cluster assumes, for all clients of a connection.
 *
 * @param sts a client without credentials: this call is signed by nobody, the token is what it goes by
 * @param session name of the session, as the account's trails show it
 */
export function assumedRole(
  sts: Pick<STSClient, "send">,
  identity: Identity,
  session: string,
  now: () => number,
): () => Promise<RoleCredentials> {
  return renewed(() => assume(sts, identity, session), { now, aheadMs: AHEAD_MS });
}

/** @throws ProviderError, without what was sent: the token is in it */
async function assume(sts: Pick<STSClient, "send">, identity: Identity, session: string): Promise<RoleCredentials> {
  const { as } = identity;
  if (!("roleArn" in as))
    throw new ProviderError("denied", "spec.credentials.aws.roleArn is missing: it names the role to assume.", {
      code: "CredentialsIncomplete",
    });
  const abortSignal = AbortSignal.timeout(TIMEOUT_MS);
  const { token } = await identity.token(abortSignal);
  const command = new AssumeRoleWithWebIdentityCommand({
    RoleArn: as.roleArn,
    RoleSessionName: session.padEnd(2, "-"),
    WebIdentityToken: token,
  });
  const reply = await sts.send(command, { abortSignal }).catch((error: unknown) => {
    throw refusal(withoutToken(translate(CALL, error), token), identity, as.roleArn);
  });
  const got = required(CALL, "Credentials", reply.Credentials);
  const expires = required(CALL, "Expiration", got.Expiration);
  return {
    accessKeyId: required(CALL, "AccessKeyId", got.AccessKeyId),
    secretAccessKey: required(CALL, "SecretAccessKey", got.SecretAccessKey),
    sessionToken: required(CALL, "SessionToken", got.SessionToken),
    expiration: expires,
    expires,
  };
}

/** AWS quotes the values that it finds wrong. What was sent is in the cause too. */
const withoutToken = ({ fault, message, code, requestId, retryAfterMs }: ProviderError, token: string): ProviderError =>
  new ProviderError(fault, message.replaceAll(token, "[token]"), { code, requestId, retryAfterMs });

function refusal(error: ProviderError, { serviceAccount, audience }: Identity, roleArn: string): ProviderError {
  if (!REFUSED.has(error.fault)) return error;
  const { namespace, name } = serviceAccount;
  const message = `ServiceAccount ${namespace}/${name} (spec.credentials.serviceAccountRef) can't assume ${roleArn} (spec.credentials.aws.roleArn): ${error.message}. The role's trust policy must allow sts:AssumeRoleWithWebIdentity to the cluster's issuer for sub system:serviceaccount:${namespace}:${name} and aud ${audience}.`;
  return new ProviderError("denied", message, { code: error.code, requestId: error.requestId });
}
