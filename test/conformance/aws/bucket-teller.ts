import {
  DeleteRuleCommand,
  DisableRuleCommand,
  ListRulesCommand,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  type Rule,
} from "@aws-sdk/client-eventbridge";
import { PutBucketNotificationConfigurationCommand } from "@aws-sdk/client-s3";
import { GetQueueAttributesCommand, SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { carries } from "../marks.ts";
import { bucketOnAws } from "./bucket.ts";
import { ACCOUNT, type AwsUnderTest } from "./cloud.ts";

const OURS = [
  "PutRule",
  "PutTargets",
  "RemoveTargets",
  "DeleteRule",
  "SetQueueAttributes",
  "SetTopicAttributes",
  "PutBucketNotificationConfiguration",
];

/** Bucket that tells of its objects, on AWS, by the clients of EventBridge, S3 and SQS. */
export function bucketTellerOnAws(aws: AwsUnderTest): KindOnCloud {
  const { eventBridge, s3, sqs } = aws.eyes;
  const bucket = bucketOnAws(aws);
  const tagsOf = async ({ Arn }: Rule) => {
    const { Tags = [] } = await eventBridge.send(new ListTagsForResourceCommand({ ResourceARN: Arn }));
    return Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value]));
  };
  async function rules({ object }: Pick<Subject, "object">): Promise<Rule[]> {
    const found: Rule[] = [];
    let NextToken: string | undefined;
    do {
      const page = await eventBridge.send(new ListRulesCommand({ NextToken }));
      for (const rule of page.Rules ?? []) if (carries(ownerOf(await tagsOf(rule)), object)) found.push(rule);
      NextToken = page.NextToken;
    } while (NextToken);
    return found;
  }
  const targetsOf = async ({ Name: Rule }: Rule) =>
    (await eventBridge.send(new ListTargetsByRuleCommand({ Rule }))).Targets ?? [];
  const each = (change: (rule: Rule) => Promise<unknown>) => async (subject: Subject) => {
    for (const rule of await rules(subject)) await change(rule);
  };
  const removeRule = async (rule: Rule) => {
    const Ids = (await targetsOf(rule)).map(({ Id = "" }) => Id);
    if (Ids.length > 0) await eventBridge.send(new RemoveTargetsCommand({ Rule: rule.Name, Ids }));
    await eventBridge.send(new DeleteRuleCommand({ Name: rule.Name }));
  };
  const clearPolicy = async (subject: Subject) => {
    for (const rule of await rules(subject))
      for (const { Arn = "" } of await targetsOf(rule)) {
        const QueueUrl = `https://sqs.local/${ACCOUNT}/${Arn.split(":").at(-1)}`;
        const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["Policy"] }));
        if (Attributes?.Policy) await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: "" } }));
      }
  };

  return {
    ...bucket,
    makes: [...bucket.makes, "SetQueueAttributes", "PutBucketNotificationConfiguration", "PutRule", "PutTargets"],
    unmakes: ["SetQueueAttributes", "RemoveTargets", "DeleteRule", ...bucket.unmakes],
    touches(write) {
      if (OURS.includes(write.operation)) return ["notifications"];
      return write.operation.endsWith("agResource") ? ["tags"] : bucket.touches(write);
    },
    list: async (subject) => [
      ...(await bucket.list(subject)),
      ...((await bucket.snapshot(subject)) === undefined
        ? (await rules(subject)).map(({ Arn = "" }) => ({ id: Arn }))
        : []),
    ],
    async snapshot(subject) {
      const found = await bucket.snapshot(subject);
      const live = await rules(subject);
      if (found === undefined && live.length === 0) return undefined;
      const parts = await Promise.all(
        live.map(async (rule) => ({ rule, targets: await targetsOf(rule), tags: await tagsOf(rule) })),
      );
      return { bucket: found, rules: parts };
    },
    tamper: {
      ...bucket.tamper,
      "notifications: a rule disabled": each(({ Name }) => eventBridge.send(new DisableRuleCommand({ Name }))),
      "notifications: another pattern": each(({ Name }) =>
        eventBridge.send(new PutRuleCommand({ Name, EventPattern: '{"source":["aws.ec2"]}' })),
      ),
      "notifications: another shape": each(async (rule) => {
        const Targets = (await targetsOf(rule)).map(({ InputTransformer: _ours, ...rest }) => rest);
        await eventBridge.send(new PutTargetsCommand({ Rule: rule.Name, Targets }));
      }),
      "notifications: no target": each(async (rule) => {
        const Ids = (await targetsOf(rule)).map(({ Id = "" }) => Id);
        await eventBridge.send(new RemoveTargetsCommand({ Rule: rule.Name, Ids }));
      }),
      "notifications: a rule taken away": async (subject) => {
        const [one] = await rules(subject);
        if (one) await removeRule(one);
      },
      "notifications: S3 tells nothing": async ({ name: Bucket }) => {
        await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: {} }));
      },
      "notifications: EventBridge may not send": clearPolicy,
    },
    async remove(subject) {
      await clearPolicy(subject);
      for (const rule of await rules(subject)) await removeRule(rule);
      await bucket.remove(subject);
    },
  };
}
