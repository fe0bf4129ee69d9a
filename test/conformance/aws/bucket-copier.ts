import {
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  PutRolePolicyCommand,
  type Role,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import {
  DeleteBucketReplicationCommand,
  GetBucketReplicationCommand,
  PutBucketReplicationCommand,
  type ReplicationConfiguration,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { carries } from "../marks.ts";
import { bucketOnAws } from "./bucket.ts";
import type { AwsUnderTest } from "./cloud.ts";

const OURS = [
  "CreateRole",
  "PutRolePolicy",
  "UpdateAssumeRolePolicy",
  "DeleteRolePolicy",
  "DeleteRole",
  "PutBucketReplication",
  "DeleteBucketReplication",
];
const ANYBODY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }],
});

/** Tags have no order of their own. */
const inOrder = (role: Role | undefined) =>
  role && { ...role, Tags: [...(role.Tags ?? [])].sort((a, b) => ((a.Key ?? "") < (b.Key ?? "") ? -1 : 1)) };

/** Bucket whose objects are copied, on AWS, by the clients of S3 and IAM. */
export function bucketCopierOnAws(aws: AwsUnderTest): KindOnCloud {
  const { s3, iam } = aws.eyes;
  const bucket = bucketOnAws(aws);
  // S3 lets nobody turn versions off while they are copied; with them on there is no soft delete that could be another.
  const { versioning: _versioning, softDeleteDays: _softDelete, ...plain } = bucket.tamper;
  const configuration = async (Bucket: string): Promise<ReplicationConfiguration | undefined> => {
    try {
      return (await s3.send(new GetBucketReplicationCommand({ Bucket }))).ReplicationConfiguration;
    } catch (error) {
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return undefined;
      throw error;
    }
  };
  async function roles({ object }: Pick<Subject, "object">): Promise<Role[]> {
    const found: Role[] = [];
    for (const role of (await iam.send(new ListRolesCommand({}))).Roles ?? []) {
      const { Tags = [] } = await iam.send(new ListRoleTagsCommand({ RoleName: role.RoleName }));
      const marks = Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value]));
      if (carries(ownerOf(marks), object)) found.push(role);
    }
    return found;
  }
  const each = (change: (RoleName: string) => Promise<unknown>) => async (subject: Subject) => {
    for (const { RoleName = "" } of await roles(subject)) await change(RoleName);
  };
  const removeRole = async (RoleName: string) => {
    await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "onyx" })).catch(() => undefined);
    await iam.send(new DeleteRoleCommand({ RoleName }));
  };
  const amend =
    (change: (live: ReplicationConfiguration) => ReplicationConfiguration) =>
    async ({ name: Bucket }: Subject) => {
      const live = await configuration(Bucket);
      if (live) await s3.send(new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration: change(live) }));
    };
  const rules = (change: object) =>
    amend((live) => ({ ...live, Rules: (live.Rules ?? []).map((rule) => ({ ...rule, ...change })) }));

  return {
    ...bucket,
    makes: [...bucket.makes, "PutBucketVersioning", "CreateRole", "PutRolePolicy", "PutBucketReplication"],
    unmakes: ["DeleteBucketReplication", "DeleteRolePolicy", "DeleteRole", ...bucket.unmakes],
    touches(write) {
      if (OURS.includes(write.operation)) return ["replicateTo"];
      return /^(Tag|Untag)Role$/.test(write.operation) ? ["tags"] : bucket.touches(write);
    },
    list: async (subject) => [
      ...(await bucket.list(subject)),
      ...((await bucket.snapshot(subject)) === undefined
        ? (await roles(subject)).map(({ Arn = "" }) => ({ id: Arn }))
        : []),
    ],
    async traces(subject) {
      const live = await configuration(subject.name);
      return [...(live ? [live] : []), ...(await roles(subject))];
    },
    async snapshot(subject) {
      const found = await bucket.snapshot(subject);
      const live = await roles(subject);
      if (found === undefined && live.length === 0) return undefined;
      const parts = live.map(async ({ RoleName = "" }) => ({
        role: inOrder((await iam.send(new GetRoleCommand({ RoleName }))).Role),
        policy: (await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "onyx" })).catch(() => undefined))
          ?.PolicyDocument,
      }));
      return { bucket: found, copies: found && (await configuration(subject.name)), roles: await Promise.all(parts) };
    },
    tamper: {
      ...plain,
      "replicateTo: taken away": async ({ name: Bucket }) => {
        await s3.send(new DeleteBucketReplicationCommand({ Bucket }));
      },
      "replicateTo: a rule that is off": rules({ Status: "Disabled" }),
      "replicateTo: another prefix": rules({ Filter: { Prefix: "theirs/" } }),
      "replicateTo: deletions too": rules({ DeleteMarkerReplication: { Status: "Enabled" } }),
      "replicateTo: more rights": each((RoleName) =>
        iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "theirs", PolicyDocument: ANYBODY })),
      ),
      "replicateTo: no rights": each((RoleName) =>
        iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "onyx" })),
      ),
      "replicateTo: who may take the role": each((RoleName) =>
        iam.send(
          new UpdateAssumeRolePolicyCommand({
            RoleName,
            PolicyDocument: JSON.stringify({
              Version: "2012-10-17",
              Statement: [{ Effect: "Allow", Principal: { Service: "s3.amazonaws.com" }, Action: "sts:AssumeRole" }],
            }),
          }),
        ),
      ),
      "replicateTo: the role taken away": each(removeRole),
    },
    async remove(subject) {
      for (const { RoleName = "" } of await roles(subject)) await removeRole(RoleName);
      await bucket.remove(subject);
    },
  };
}
