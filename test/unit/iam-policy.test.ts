import { expect, test } from "vitest";
import { calledActions, guidePolicy } from "../support/iam-policy.ts";

/** Rights that no call is named after: who tags what he makes, hands a role on, or reads what a key encrypts, needs them. */
const IMPLIED = [
  "eks:TagResource",
  "kms:Decrypt",
  "iam:CreateServiceLinkedRole",
  "iam:PassRole",
  "s3:TagResource",
  "scheduler:TagResource",
];
/** Calls that need no right: of the second one the role's trust policy judges, by the token. */
const FREE = ["sts:GetCallerIdentity", "sts:AssumeRoleWithWebIdentity"];

/** AWS knows no resource for these, or none that is of one environment: they can be allowed on all or none. */
const UNSCOPED = [
  "dynamodb:ListBackups",
  "events:ListRules",
  "iam:CreateServiceLinkedRole",
  "logs:DescribeLogGroups",
  "sns:GetSubscriptionAttributes",
  "sns:SetSubscriptionAttributes",
  "sns:Unsubscribe",
  "states:SendTaskSuccess",
];

const operator = guidePolicy("aws-operator-policy.json");
/** What TableItems take, for those who have any. */
const items = guidePolicy("aws-items-policy.json");
/** All that the operator may do. */
const policy = { Statement: [...operator.Statement, ...items.Statement] };
/** What only `onyx import` does, and the look through the cloud when a tenant goes: the operator may have this right. */
const imports = guidePolicy("aws-import-policy.json");
/** What only `onyx restore` does; the policy also has what DynamoDB and S3 ask for on the new table and on versions. */
const RESTORES = [
  "dynamodb:RestoreTableToPointInTime",
  "s3:AbortMultipartUpload",
  "s3:GetObject",
  "s3:GetObjectTagging",
  "s3:ListBucket",
  "s3:ListBucketVersions",
  "s3:PutObject",
];
const restores = guidePolicy("aws-restore-policy.json");
const list = (value: string | readonly string[]) => (typeof value === "string" ? [value] : value);

test("the policies of the guides allow what the adapter calls, and nothing else", () => {
  const allowed = [...policy.Statement, ...imports.Statement].flatMap(({ Action }) => list(Action)).concat(RESTORES);
  const needed = calledActions().filter((action) => !FREE.includes(action));
  expect(needed.length).toBeGreaterThan(30);
  expect([...new Set(allowed)].sort()).toEqual([...needed, ...IMPLIED].sort());
});

test("the operator's policy fits into a role, however long the names in it", () => {
  const REGION = "ap-southeast-1";
  const values = { ACCOUNT: "123456789012", REGION, CLUSTER: "shop-production", ENVIRONMENT: "production-eu" };
  const { Version, Statement } = guidePolicy("aws-operator-policy.json", values);
  // All inline policies of a role together, without white space: "IAM and AWS STS quotas" of AWS.
  expect(JSON.stringify({ Version, Statement }).length).toBeLessThan(10_240);
});

test("the policy for import only lists", () => {
  for (const action of imports.Statement.flatMap(({ Action }) => list(Action))) expect(action).toMatch(/:List/);
});

/** KMS names keys itself: whose one is can't be told by its ARN, so ours are found by looking. */
const LOOKS_AT_KEYS = /^kms:(Describe|Get|List)/;

test("the policy for a restore allows it", () => {
  const actions = restores.Statement.flatMap(({ Action }) => list(Action));
  for (const action of RESTORES) expect(actions).toContain(action);
  for (const { Sid, Resource, Condition } of restores.Statement)
    for (const arn of list(Resource)) {
      expect(`${arn} ${JSON.stringify(Condition ?? {})}`, Sid).toContain("ENVIRONMENT-");
      expect(`${arn} ${JSON.stringify(Condition ?? {})}`, Sid).toContain("ACCOUNT");
    }
});

test("every statement that can stays within one account and environment or cluster", () => {
  const scoped = policy.Statement.filter(
    ({ Action }) =>
      !list(Action).every(
        (action) => UNSCOPED.includes(action) || LOOKS_AT_KEYS.test(action) || action.startsWith("s3:"),
      ),
  );
  expect(scoped.length).toBeGreaterThan(policy.Statement.length - 10);
  for (const { Sid, Resource, Condition } of scoped) {
    const byCondition = /\bENVIRONMENT\b/.test(JSON.stringify(Condition ?? {}));
    for (const arn of list(Resource))
      if (!byCondition) expect(arn, Sid).toMatch(/:ACCOUNT:.*\b(ENVIRONMENT|CLUSTER)\b/);
  }
});

test("buckets, whose ARNs have no account, are those of this account and environment; only its own buckets can be listed", () => {
  const onBuckets = policy.Statement.filter(({ Action }) => list(Action).some((action) => action.startsWith("s3:")));
  for (const { Sid, Action, Resource, Condition } of onBuckets) {
    if (Resource === "*") expect(list(Action), Sid).toEqual(["s3:ListAllMyBuckets"]);
    else expect(Resource, Sid).toBe("arn:aws:s3:::ENVIRONMENT-*");
    // What is made is made in the caller's account, so there is no account to ask for.
    if (Resource !== "*" && !list(Action).includes("s3:CreateBucket"))
      expect(Condition, Sid).toEqual({ StringEquals: { "aws:ResourceAccount": "ACCOUNT" } });
  }
});

test("with a boundary, no role can be made or given rights without it, and nobody but its owner changes it", () => {
  const ARN = "arn:aws:iam::123456789012:policy/boundary";
  const { Statement } = guidePolicy("aws-operator-boundary-policy.json", { BOUNDARY: ARN });
  expect(Statement.every(({ Effect }) => Effect === "Deny")).toBe(true);
  const deniedOn = (action: string) => Statement.find(({ Action }) => list(Action).includes(action));
  // StringNotEquals holds where the key is absent too: a role without any boundary is refused as well.
  for (const action of ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"]) {
    expect(calledActions()).toContain(action);
    expect(deniedOn(action)).toMatchObject({
      Resource: "*",
      Condition: { StringNotEquals: { "iam:PermissionsBoundary": ARN } },
    });
  }
  expect(deniedOn("iam:DeleteRolePermissionsBoundary")).toMatchObject({ Resource: "*" });
  expect(deniedOn("iam:CreatePolicyVersion")?.Resource).toBe(ARN);
  // What cleans up needs no boundary.
  for (const action of ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"])
    expect(deniedOn(action)).toBeUndefined();
});

test("only the operator's ServiceAccount of one cluster takes the role", () => {
  const [statement] = guidePolicy("aws-operator-trust.json").Statement;
  expect(statement?.Condition).toEqual({
    StringEquals: {
      "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:REGION:ACCOUNT:cluster/CLUSTER",
      "aws:RequestTag/kubernetes-namespace": "onyx-system",
      "aws:RequestTag/kubernetes-service-account": "onyx",
    },
  });
});
