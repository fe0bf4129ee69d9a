import {
  GetSubscriptionAttributesCommand,
  ListSubscriptionsCommand,
  SetSubscriptionAttributesCommand,
  UnsubscribeCommand,
} from "@aws-sdk/client-sns";
import { GetQueueAttributesCommand, SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ACCOUNT, type AwsUnderTest, REGION } from "./cloud.ts";
import { queueOnAws } from "./queue.ts";

const THEIRS = { Sid: "theirs", Effect: "Allow", Principal: "*", Action: "sqs:GetQueueUrl", Resource: "*" };

/** Queue that gets its messages from a Topic, on AWS, by the SQS and SNS clients. */
export function queueSubscriberOnAws(aws: AwsUnderTest): KindOnCloud {
  const { sns, sqs } = aws.eyes;
  const queue = queueOnAws(aws);
  const url = ({ name }: Subject) => `https://sqs.local/${ACCOUNT}/${name}`;
  /** ARNs of the subscriptions of the queue. */
  async function subscriptions({ name }: Subject): Promise<string[]> {
    const found: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await sns.send(new ListSubscriptionsCommand({ NextToken }));
      for (const { Endpoint, SubscriptionArn = "" } of page.Subscriptions ?? [])
        if (Endpoint === `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`) found.push(SubscriptionArn);
      NextToken = page.NextToken;
    } while (NextToken);
    return found;
  }
  const set = (AttributeName: string, AttributeValue: string) => async (subject: Subject) => {
    for (const SubscriptionArn of await subscriptions(subject))
      await sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue }));
  };
  const unsubscribe = async (subject: Subject) => {
    for (const SubscriptionArn of await subscriptions(subject))
      await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
  };
  const policy = (change: (statements: object[]) => object[]) => async (subject: Subject) => {
    const QueueUrl = url(subject);
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["Policy"] }));
    const found = JSON.parse(Attributes?.Policy ?? "{}") as { Statement?: object[] };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: change(found.Statement ?? []) });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  };

  return {
    ...queue,
    makes: ["CreateQueue", "Subscribe"],
    unmakes: ["Unsubscribe", "DeleteQueue"],
    touches(write) {
      if (write.operation.includes("ubscri")) return ["subscription"];
      return queue.touches(write).map((field) => (field === "Policy" ? "subscription" : field));
    },
    async list(subject) {
      // Another queue of the same name is none of the object's, and neither is what subscribes it.
      const queues = await queue.list(subject);
      const left = (await queue.snapshot(subject)) === undefined ? await subscriptions(subject) : [];
      return [...queues, ...left.map((id) => ({ id }))];
    },
    async snapshot(subject) {
      const found = await queue.snapshot(subject);
      const attributes = await Promise.all(
        (await subscriptions(subject)).map(
          async (SubscriptionArn) =>
            (await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes,
        ),
      );
      return found === undefined && attributes.length === 0 ? undefined : { queue: found, subscriptions: attributes };
    },
    tamper: {
      ...queue.tamper,
      "subscription: filter": set("FilterPolicy", '{"type":["deleted"]}'),
      "subscription: another filter than spec has": set("FilterPolicy", '{"type":[{"anything-but":["created"]}]}'),
      "subscription: scope": set("FilterPolicyScope", "MessageBody"),
      "subscription: envelope": set("RawMessageDelivery", "false"),
      "subscription: dead letters": set(
        "RedrivePolicy",
        JSON.stringify({ deadLetterTargetArn: `arn:aws:sqs:${REGION}:${ACCOUNT}:nobody` }),
      ),
      "subscription: taken away": unsubscribe,
      "subscription: SNS may not send": policy(() => [THEIRS]),
      "subscription: any topic may send": policy((statements) =>
        statements.map((one) => ("Principal" in one && one !== THEIRS ? { ...one, Condition: {} } : one)),
      ),
    },
    removePart: {
      queue: queue.remove,
      subscription: unsubscribe,
    },
    async remove(subject) {
      await unsubscribe(subject);
      await queue.remove(subject);
    },
  };
}
