import { ProviderError } from "../../operator/provider/fault.ts";
import { partitionOf } from "./arn.ts";
import type { Aws } from "./clients.ts";
import { linesOf, list, type PolicyDocument, parsePolicy, type Statement } from "./policy.ts";

/** How the statements are called that are ours; all others are somebody else's and stay. */
const OURS = /^Onyx/;

/**
 * AWS services that send into what a key encrypts (a topic or a bucket into a queue), and so call KMS themselves. What
 * they may send to is for the policies of queues and topics to say; here, only that it is for this account.
 */
const SENDERS = ["events.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com"];

/**
 * The statements of a key policy that we keep: the account's IAM policies decide who may use and manage the key, and
 * services may deliver for this account.
 */
export function keyStatements({ place }: Pick<Aws, "place">): Statement[] {
  const { id: partition } = partitionOf(place.region);
  return [
    {
      Sid: "OnyxAccount",
      Effect: "Allow",
      Principal: { AWS: `arn:${partition}:iam::${place.account}:root` },
      Action: "kms:*",
      Resource: "*",
    },
    {
      Sid: "OnyxServices",
      Effect: "Allow",
      Principal: { Service: SENDERS },
      Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
      Resource: "*",
      Condition: { StringEquals: { "aws:SourceAccount": place.account } },
    },
  ];
}

export const keyPolicy = (statements: readonly Statement[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });

/**
 * The live policy with our statements as they should be and all others as they are.
 *
 * @throws ProviderError invalid: nobody could use or manage the key any more
 */
export function withOurs(live: PolicyDocument, ours: readonly Statement[]): string {
  const all = [...statementsOf(live).filter(({ Sid }) => !OURS.test(Sid ?? "")), ...ours];
  if (all.length > 0) return JSON.stringify({ ...live, Statement: all });
  throw new ProviderError(
    "invalid",
    "overrides.aws.keyPolicy: Unmanaged takes our statements out of the key's policy, and there are no others: put in those that say who manages the key first",
    { code: "EmptyKeyPolicy" },
  );
}

/** What our statements in a policy allow, as lines. */
export const ourLines = (policy: PolicyDocument): string[] =>
  linesOf({ ...policy, Statement: statementsOf(policy).filter(({ Sid }) => OURS.test(Sid ?? "")) });

/** @throws ProviderError transient: what is no policy was cut off on its way */
export const parseKeyPolicy = (text: string): PolicyDocument => parsePolicy(text, "KMS GetKeyPolicy: the answer");

const statementsOf = ({ Statement }: PolicyDocument): readonly Statement[] => list(Statement);
