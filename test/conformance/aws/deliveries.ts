import { randomUUID } from "node:crypto";
import { PublishCommand, SubscribeCommand, UnsubscribeCommand } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
} from "@aws-sdk/client-sqs";
import type { Deliveries } from "../deliveries.ts";
import { ACCOUNT, type AwsUnderTest, REGION } from "./cloud.ts";

/** Publishing by the SNS client, and a queue that somebody subscribes by hand, without the proxy. */
export function deliveriesOnAws({ eyes: { sns, sqs } }: AwsUnderTest): Deliveries {
  return {
    async publish({ TOPIC_ID: TopicArn }, { body, attributes, key }) {
      const MessageAttributes = Object.fromEntries(
        Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: "String", StringValue }]),
      );
      const ordered = key && { MessageGroupId: key, MessageDeduplicationId: randomUUID() };
      await sns.send(new PublishCommand({ TopicArn, Message: body, MessageAttributes, ...ordered }));
    },
    async subscribe({ TOPIC_ID: TopicArn }, QueueName) {
      const { QueueUrl } = await sqs.send(
        new CreateQueueCommand({ QueueName, Attributes: { MaximumMessageSize: "1048576" } }),
      );
      const { SubscriptionArn } = await sns.send(
        new SubscribeCommand({
          TopicArn,
          Protocol: "sqs",
          Endpoint: `arn:aws:sqs:${REGION}:${ACCOUNT}:${QueueName}`,
          Attributes: { RawMessageDelivery: "true" },
          ReturnSubscriptionArn: true,
        }),
      );
      return {
        async receive() {
          const { Messages = [] } = await sqs.send(
            new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ["All"] }),
          );
          for (const { ReceiptHandle } of Messages)
            await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
          return Messages.map(({ Body = "", MessageAttributes = {} }) => ({
            body: Body,
            attributes: Object.fromEntries(
              Object.entries(MessageAttributes).map(([name, { StringValue = "" }]) => [name, StringValue]),
            ),
          }));
        },
        async remove() {
          await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
          await sqs.send(new DeleteQueueCommand({ QueueUrl }));
        },
      };
    },
  };
}
