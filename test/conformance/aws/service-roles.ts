import {
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { ownerOf } from "../../../operator/provider/owner.ts";
import type { KubeObject } from "../../../operator/reconcile/object.ts";
import { carries } from "../marks.ts";
import type { AwsUnderTest } from "./cloud.ts";

/** What the services of AWS say of what is not there. */
const GONE: readonly string[] = ["NoSuchEntityException", "ResourceNotFoundException", "StateMachineDoesNotExist"];

/** What was answered; undefined: it is not there. */
export async function unlessGone<T>(reply: Promise<T>): Promise<T | undefined> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof Error && GONE.includes(error.name)) return undefined;
    throw error;
  }
}

/** Roles that services act with for a resource, by the IAM client. */
export function serviceRolesOnAws({ eyes: { iam }, place }: Pick<AwsUnderTest, "eyes" | "place">) {
  return {
    /** Names of those with marks of the object. */
    async carrying(object: KubeObject): Promise<readonly string[]> {
      const { Roles = [] } = await iam.send(new ListRolesCommand({ PathPrefix: `/onyx/${place.environment}/` }));
      const names: string[] = [];
      for (const { RoleName = "" } of Roles) {
        const { Tags = [] } = await iam.send(new ListRoleTagsCommand({ RoleName }));
        const owner = ownerOf(Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])));
        if (carries(owner, object)) names.push(RoleName);
      }
      return names;
    },
    /** Who may take it and what it may do; undefined: it is not there. */
    async seen(RoleName: string) {
      const role = await unlessGone(iam.send(new GetRoleCommand({ RoleName })));
      if (!role) return undefined;
      const policy = await unlessGone(iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "onyx" })));
      return { trust: role.Role?.AssumeRolePolicyDocument, policy: policy?.PolicyDocument };
    },
    /** Lets it do more than it should. */
    async widen(RoleName: string): Promise<void> {
      const PolicyDocument = JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "sqs:*", Resource: "*" }],
      });
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "onyx", PolicyDocument }));
    },
    async remove(RoleName: string): Promise<void> {
      const listed = await unlessGone(iam.send(new ListRolePoliciesCommand({ RoleName })));
      for (const PolicyName of listed?.PolicyNames ?? [])
        await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
      await unlessGone(iam.send(new DeleteRoleCommand({ RoleName })));
    },
  };
}
