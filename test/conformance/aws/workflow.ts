import {
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  ListTagsForResourceCommand as ListTagsOfLogGroupCommand,
  PutRetentionPolicyCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeStateMachineCommand,
  ListStateMachinesCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UpdateStateMachineCommand,
  type UpdateStateMachineInput,
} from "@aws-sdk/client-sfn";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { carries } from "../marks.ts";
import { ACCOUNT, type AwsUnderTest, REGION } from "./cloud.ts";
import { serviceRolesOnAws, unlessGone } from "./service-roles.ts";

const OTHER = JSON.stringify({ StartAt: "Done", States: { Done: { Type: "Succeed" } } });

/** The field of Want that each operation of an update is about. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  CreateLogGroup: ["logLevel"],
  DeleteLogGroup: ["logLevel"],
  PutRolePolicy: ["permissions"],
  DeleteRolePolicy: ["permissions"],
  UpdateAssumeRolePolicy: ["permissions"],
  TagRole: ["tags"],
  UntagRole: ["tags"],
  TagResource: ["tags"],
  UntagResource: ["tags"],
};

/** An update has to say a definition or a role, so that the role alone says nothing. */
const touchedBy = ({ definition, loggingConfiguration, tracingConfiguration }: Partial<UpdateStateMachineInput>) => [
  ...(definition === undefined ? [] : ["program"]),
  ...(loggingConfiguration === undefined ? [] : ["logLevel"]),
  ...(tracingConfiguration === undefined ? [] : ["overrides"]),
];

/** Workflow on AWS: a state machine, its role and its log group, by the clients of Step Functions, IAM and Logs. */
export function workflowOnAws(aws: AwsUnderTest): KindOnCloud {
  const { sfn, logs } = aws.eyes;
  const roles = serviceRolesOnAws(aws);
  const arnOf = ({ name }: Subject) => `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${name}`;
  const roleOf = ({ name }: Subject) => `${name}-workflow`;
  const groupOf = ({ name }: Subject) => `/aws/vendedlogs/states/${name}`;
  const groupArnOf = (name: string) => `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${name}`;

  const tagsOf = async (resourceArn: string | undefined) => {
    const { tags = [] } = await sfn.send(new ListTagsForResourceCommand({ resourceArn }));
    return Object.fromEntries(tags.map(({ key = "", value = "" }) => [key, value]));
  };
  const groupAt = async (logGroupNamePrefix: string) =>
    (await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix }))).logGroups?.find(
      ({ logGroupName }) => logGroupName === logGroupNamePrefix,
    );
  const change = (input: Omit<UpdateStateMachineInput, "stateMachineArn">) => async (subject: Subject) => {
    await sfn.send(new UpdateStateMachineCommand({ stateMachineArn: arnOf(subject), ...input }));
  };
  const tag = async (subject: Subject, key: string, value: string) => {
    await sfn.send(new TagResourceCommand({ resourceArn: arnOf(subject), tags: [{ key, value }] }));
  };
  const removeMachine = async (subject: Subject) => {
    await unlessGone(sfn.send(new DeleteStateMachineCommand({ stateMachineArn: arnOf(subject) })));
  };
  const removeRole = (subject: Subject) => roles.remove(roleOf(subject));
  const removeGroup = async (subject: Subject) => {
    await unlessGone(logs.send(new DeleteLogGroupCommand({ logGroupName: groupOf(subject) })));
  };

  return {
    makes: ["CreateLogGroup", "PutRetentionPolicy", "CreateRole", "PutRolePolicy", "CreateStateMachine"],
    unmakes: ["DeleteStateMachine", "DeleteRolePolicy", "DeleteRole", "DeleteLogGroup"],
    touches: ({ operation, request }) =>
      operation === "UpdateStateMachine"
        ? touchedBy(request as Partial<UpdateStateMachineInput>)
        : (FIELDS[operation] ?? []),
    async list({ object }) {
      const found = new Set<string>();
      const ours = (name: string, tags: Readonly<Record<string, string>>) => {
        if (carries(ownerOf(tags), object)) found.add(name);
      };
      const { stateMachines = [] } = await sfn.send(new ListStateMachinesCommand({}));
      for (const { name = "", stateMachineArn: resourceArn } of stateMachines) {
        ours(name, await tagsOf(resourceArn));
      }
      for (const role of await roles.carrying(object)) found.add(role.replace(/-workflow$/, ""));
      const prefix = groupOf({ name: "" } as Subject);
      const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: prefix }));
      for (const { logGroupName = "" } of logGroups) {
        const resourceArn = groupArnOf(logGroupName);
        const { tags = {} } = await logs.send(new ListTagsOfLogGroupCommand({ resourceArn }));
        ours(logGroupName.slice(prefix.length), tags);
      }
      return [...found].map((id) => ({ id }));
    },
    async snapshot(subject) {
      const described = await unlessGone(
        sfn.send(new DescribeStateMachineCommand({ stateMachineArn: arnOf(subject) })),
      );
      const { revisionId: _revision, $metadata: _reply, ...machine } = described ?? {};
      const role = await roles.seen(roleOf(subject));
      const group = await groupAt(groupOf(subject));
      if (!described && !role && !group) return undefined;
      const tags = described && (await tagsOf(arnOf(subject)));
      return {
        machine: described && machine,
        tags,
        trust: role?.trust,
        policy: role?.policy,
        group: group && { retentionInDays: group.retentionInDays },
      };
    },
    tamper: {
      program: change({ definition: OTHER }),
      permissions: (subject) => roles.widen(roleOf(subject)),
      "permissions: role": change({ roleArn: `arn:aws:iam::${ACCOUNT}:role/theirs` }),
      logLevel: change({ loggingConfiguration: { level: "OFF" } }),
      overrides: async (subject) => {
        await logs.send(new PutRetentionPolicyCommand({ logGroupName: groupOf(subject), retentionInDays: 1 }));
      },
      "overrides: traces": change({ tracingConfiguration: { enabled: true } }),
      tags: (subject) => tag(subject, "stage", "somebody"),
    },
    tag,
    async createForeign(subject) {
      const roleArn = `arn:aws:iam::${ACCOUNT}:role/theirs`;
      const tags = [{ key: "theirs", value: "x" }];
      await sfn.send(new CreateStateMachineCommand({ name: subject.name, roleArn, definition: OTHER, tags }));
    },
    removePart: { machine: removeMachine, role: removeRole, "log group": removeGroup },
    async remove(subject) {
      await removeMachine(subject);
      await removeRole(subject);
      await removeGroup(subject);
    },
  };
}
