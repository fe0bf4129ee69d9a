import { list, type PolicyDocument, parsePolicy, type Statement } from "./policy.ts";

/** Marks the statement that is ours: those of others in the same document are theirs. */
const SID = "OnyxTlsOnly";

/** Nobody reaches the bucket but over TLS. */
const tlsOnly = (arn: string): Statement => ({
  Sid: SID,
  Effect: "Deny",
  Principal: "*",
  Action: "s3:*",
  Resource: [arn, `${arn}/*`],
  Condition: { Bool: { "aws:SecureTransport": "false" } },
});

/** True when a bucket's policy holds our statement, however S3 writes it. @throws ProviderError transient: it is no policy */
export const hasTlsOnly = (policy: string | undefined, arn: string): boolean =>
  statementsOf(policy).some((one) => one.Sid === SID && shape(one) === shape(tlsOnly(arn)));

/** The policy with our statement, and what others wrote as it stands. */
export function withTlsOnly(policy: string | undefined, arn: string): string {
  const { Statement: _all, ...rest } = parsed(policy);
  const theirs = statementsOf(policy).filter(({ Sid }) => Sid !== SID);
  return JSON.stringify({ ...rest, Statement: [...theirs, tlsOnly(arn)] });
}

function parsed(policy: string | undefined): PolicyDocument {
  return policy ? parsePolicy(policy, "the policy of the bucket") : { Version: "2012-10-17", Statement: [] };
}

const statementsOf = (policy: string | undefined): readonly Statement[] => list<Statement>(parsed(policy).Statement);

/** S3 may give a list of one as a value, `{"AWS": "*"}` for `*`, and lists in another order. */
function shape({ Effect, Principal, Action, Resource, Condition }: Statement): string {
  const everyone = typeof Principal === "string" ? Principal : list(Principal?.AWS).join();
  const transport = list(Condition?.Bool?.["aws:SecureTransport"]).map(String).join();
  const conditions = Object.values(Condition ?? {}).flatMap((keys) => Object.keys(keys)).length;
  return JSON.stringify([Effect, everyone, list(Action), [...list(Resource)].sort(), transport, conditions]);
}
