import {
  CreateClusterCommand,
  DeletePodIdentityAssociationCommand,
  DescribePodIdentityAssociationCommand,
  ListPodIdentityAssociationsCommand,
} from "@aws-sdk/client-eks";
import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { carries } from "../marks.ts";
import { ACCOUNT, type AwsUnderTest, CLUSTER } from "./cloud.ts";
import { unlessGone } from "./service-roles.ts";

const THEIRS = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

/** The field of Want that each operation of an update is about. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  PutRolePolicy: ["permissions"],
  DeleteRolePolicy: ["permissions"],
  UpdateAssumeRolePolicy: ["trust"],
  PutRolePermissionsBoundary: ["overrides"],
  DeleteRolePermissionsBoundary: ["overrides"],
  CreatePodIdentityAssociation: ["trust"],
  TagRole: ["tags"],
  UntagRole: ["tags"],
  TagResource: ["tags"],
  UntagResource: ["tags"],
};

/** The cluster whose ServiceAccounts get identities. */
export async function makeCluster({ eyes }: AwsUnderTest): Promise<void> {
  await eyes.eks.send(
    new CreateClusterCommand({
      name: CLUSTER,
      roleArn: `arn:aws:iam::${ACCOUNT}:role/cluster`,
      resourcesVpcConfig: { subnetIds: ["subnet-1", "subnet-2"] },
    }),
  );
}

/** WorkloadIdentity on AWS: a role with its policy, and the association that gives it to a ServiceAccount. */
export function workloadIdentityOnAws({ eyes: { iam, eks }, place }: AwsUnderTest): KindOnCloud {
  const tagsOf = async (RoleName: string) => {
    const reply = await iam.send(new ListRoleTagsCommand({ RoleName }));
    return Object.fromEntries((reply.Tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value]));
  };
  const policies = async (RoleName: string) =>
    (await unlessGone(iam.send(new ListRolePoliciesCommand({ RoleName }))))?.PolicyNames ?? [];
  const tag = async ({ name: RoleName }: Subject, Key: string, Value: string) => {
    await iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key, Value }] }));
  };
  const bindings = async ({ object }: Subject) => {
    const { namespace } = object.metadata;
    const listed = await eks.send(new ListPodIdentityAssociationsCommand({ clusterName: CLUSTER, namespace }));
    return Promise.all(
      (listed.associations ?? []).map(async ({ associationId }) => {
        const reply = await eks.send(
          new DescribePodIdentityAssociationCommand({ clusterName: CLUSTER, associationId }),
        );
        return reply.association ?? {};
      }),
    );
  };
  const unbind = async (subject: Subject) => {
    for (const { associationId } of await bindings(subject))
      await eks.send(new DeletePodIdentityAssociationCommand({ clusterName: CLUSTER, associationId }));
  };

  return {
    makes: ["CreateRole", "PutRolePolicy", "CreatePodIdentityAssociation"],
    touches: ({ operation }) => FIELDS[operation] ?? [],
    unmakes: ["DeletePodIdentityAssociation", "DeleteRolePolicy", "DeleteRole"],
    async list(subject) {
      const found: { id: string }[] = [];
      for (const { RoleName = "", Arn = "" } of (await iam.send(new ListRolesCommand({ MaxItems: 1000 }))).Roles ?? [])
        if (carries(ownerOf(await tagsOf(RoleName)), subject.object)) found.push({ id: Arn });
      for (const { tags, roleArn = "" } of await bindings(subject))
        if (carries(ownerOf(tags ?? {}), subject.object) && !found.some(({ id }) => id === roleArn))
          found.push({ id: `association of ${roleArn}` });
      return found;
    },
    async snapshot(subject) {
      const RoleName = subject.name;
      const found = await unlessGone(iam.send(new GetRoleCommand({ RoleName })));
      if (!found?.Role) return undefined;
      const { RoleLastUsed: _when, Tags: _inAnyOrder, ...role } = found.Role;
      const inline = await Promise.all(
        (await policies(RoleName)).map((PolicyName) => iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }))),
      );
      return {
        role,
        inline: inline.map(({ PolicyName, PolicyDocument }) => ({ PolicyName, PolicyDocument })),
        tags: await tagsOf(RoleName),
        bindings: await bindings(subject),
      };
    },
    tamper: {
      permissions: async ({ name: RoleName }) => {
        const Statement = [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }];
        const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
        await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "theirs", PolicyDocument }));
      },
      trust: async ({ name: RoleName }) => {
        await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: THEIRS }));
      },
      overrides: async ({ name: RoleName }) => {
        const PermissionsBoundary = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }));
      },
      tags: (subject) => tag(subject, "stage", "somebody"),
    },
    tag,
    async createForeign({ name: RoleName }) {
      await iam.send(
        new CreateRoleCommand({
          RoleName,
          Path: `/onyx/${place.environment}/`,
          AssumeRolePolicyDocument: THEIRS,
          Tags: [{ Key: "theirs", Value: "x" }],
        }),
      );
    },
    removePart: {
      association: unbind,
      policy: async ({ name: RoleName }) => {
        for (const PolicyName of await policies(RoleName))
          await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
      },
      role: async ({ name: RoleName }) => {
        for (const PolicyName of await policies(RoleName))
          await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
        await iam.send(new DeleteRoleCommand({ RoleName }));
      },
    },
    async remove(subject) {
      const RoleName = subject.name;
      await unbind(subject);
      for (const PolicyName of await policies(RoleName))
        await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
      await unlessGone(iam.send(new DeleteRoleCommand({ RoleName })));
    },
  };
}
