import type { BucketDeliverer } from "../../controllers/leaf/wants.ts";
import { parseArn } from "./arn.ts";
import { linesOf, list, type PolicyDocument, parsePolicy, type Statement } from "./policy.ts";

/** Marks the statement that is ours: those of others in the same document are theirs. */
const SID = "OnyxTlsOnly";

/** How the names of those begin that let deliverers in: `OnyxDelivery123456789012`, `OnyxDelivery123456789012Billing`. */
const DELIVERY = "OnyxDelivery";

/**
 * The services that write cost reports, in whose name, and from where: Data Exports, and Cost and Usage Reports before
 * them. Each looks at the policy first. docs.aws.amazon.com/cur/latest/userguide/dataexports-s3-bucket.html
 */
const BILLING = {
  services: ["bcm-data-exports.amazonaws.com", "billingreports.amazonaws.com"],
  partition: "aws",
  reportsOf: (account: string) => [
    `arn:aws:bcm-data-exports:us-east-1:${account}:export/*`,
    `arn:aws:cur:us-east-1:${account}:definition/*`,
  ],
} as const;

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

/** Who our statements let in, sorted. @throws ProviderError transient: it is no policy */
export function deliverersIn(policy: string | undefined, arn: string): readonly BucketDeliverer[] {
  const byWho = Map.groupBy(statementsOf(policy).filter(isDelivery), whoOf);
  return [...byWho]
    .map(([who, live]) => {
      const prefix = prefixOf(live, arn);
      return { who, prefix, delivers: sameRights(live, delivery(arn, { who, prefix })) };
    })
    .sort((a, b) => (a.who < b.who ? -1 : 1));
}

/** The policy that lets these in and over TLS alone, and what others wrote as it stands. */
export function withDeliverers(
  policy: string | undefined,
  arn: string,
  deliverers: readonly BucketDeliverer[],
): string {
  const theirs = statementsOf(policy).filter((one) => !isDelivery(one));
  const ours = deliverers.flatMap((one) => delivery(arn, one));
  return withTlsOnly(JSON.stringify({ ...parsed(policy), Statement: [...theirs, ...ours] }), arn);
}

/** The account itself, and where AWS writes reports the services that do it for that account. Neither reads nor deletes. */
function delivery(arn: string, { who, prefix }: Pick<BucketDeliverer, "who" | "prefix">): readonly Statement[] {
  const partition = parseArn(arn)?.partition ?? "";
  const objects = `${arn}/${prefix}*`;
  const account: Statement = {
    Sid: `${DELIVERY}${who}`,
    Effect: "Allow",
    Principal: { AWS: `arn:${partition}:iam::${who}:root` },
    Action: "s3:PutObject",
    Resource: objects,
  };
  const billing: Statement = {
    Sid: `${DELIVERY}${who}Billing`,
    Effect: "Allow",
    Principal: { Service: BILLING.services },
    Action: ["s3:GetBucketPolicy", "s3:PutObject"],
    Resource: [arn, objects],
    Condition: {
      StringEquals: { "aws:SourceAccount": who },
      ArnLike: { "aws:SourceArn": BILLING.reportsOf(who) },
    },
  };
  return partition === BILLING.partition ? [account, billing] : [account];
}

const isDelivery = ({ Sid = "" }: Statement): boolean => Sid.startsWith(DELIVERY);

/** The account, or the name of a statement that is none of ours, though it says so. */
const whoOf = ({ Sid = "" }: Statement): string => new RegExp(`^${DELIVERY}(\\d{12})(Billing)?$`).exec(Sid)?.[1] ?? Sid;

function prefixOf(statements: readonly Statement[], arn: string): string {
  const objects = statements.flatMap(({ Resource }) => list(Resource)).find((one) => one.startsWith(`${arn}/`)) ?? "";
  return objects.slice(arn.length + 1).replace(/\*$/, "");
}

const sameRights = (a: readonly Statement[], b: readonly Statement[]): boolean => {
  const rights = (Statement: readonly Statement[]) => linesOf({ Version: "", Statement }).join("\n");
  return rights(a) === rights(b);
};

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
