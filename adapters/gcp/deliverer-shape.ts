/** Deliverers of a Bucket as its IAM policy has them: canonical forms both ways. Pure. */
import type { BucketDeliverer } from "../../controllers/leaf/wants.ts";
import { bucketName } from "./names.ts";
import { type Binding, type Membership, type Policy, withMember } from "./policy.ts";

/**
 * Makes objects and neither reads, lists, overwrites nor deletes them; what it holds besides is of projects, where it is
 * not bound. cloud.google.com/storage/docs/access-control/iam-roles
 */
const ROLE = "roles/storage.objectCreator";

/**
 * Title of the condition of our bindings, which tells them from those of others: a member of theirs with the same role is
 * not touched, and of ours none is forgotten, whatever status remembers. So each has a condition, without a prefix too.
 */
const TITLE = "onyx-deliverer";

const isOurs = ({ condition }: Binding): boolean => condition?.title === TITLE;

/** Conditions know an object by this name: cloud.google.com/iam/docs/conditions-resource-attributes */
const namesOf = (bucket: string, prefix: string): string =>
  `resource.name.startsWith("${bucketName(bucket)}/objects/${prefix}")`;

const membershipOf = (bucket: string, { who, prefix }: BucketDeliverer): Membership => ({
  role: ROLE,
  member: `serviceAccount:${who}`,
  condition: {
    title: TITLE,
    description: "Made by the Onyx operator: who may put objects here.",
    expression: namesOf(bucket, prefix),
  },
});

/** Who our bindings let in, sorted. */
export const deliverersIn = (policy: Policy, bucket: string): readonly BucketDeliverer[] =>
  (policy.bindings ?? [])
    .filter(isOurs)
    .flatMap((binding) => (binding.members ?? []).map((member) => delivererOf(binding, member, bucket)))
    .sort((a, b) => (a.who + a.prefix < b.who + b.prefix ? -1 : 1));

function delivererOf({ role, condition }: Binding, member: string, bucket: string): BucketDeliverer {
  const expression = condition?.expression ?? "";
  const [, prefix = ""] =
    /^resource\.name\.startsWith\("projects\/_\/buckets\/[^/]+\/objects\/(.*)"\)$/.exec(expression) ?? [];
  const [, who] = /^serviceAccount:(.+)$/.exec(member) ?? [];
  const delivers = who !== undefined && role === ROLE && expression === namesOf(bucket, prefix);
  return { who: who ?? member, prefix, delivers };
}

/** The policy with just these, and what others wrote as it stands. */
export function withDeliverers(policy: Policy, bucket: string, deliverers: readonly BucketDeliverer[]): Policy {
  const theirs: Policy = { ...policy, bindings: (policy.bindings ?? []).filter((one) => !isOurs(one)) };
  return deliverers.reduce((now, one) => withMember(now, membershipOf(bucket, one)), theirs);
}
