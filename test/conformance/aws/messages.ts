import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import type { Messages } from "../messages.ts";
import type { AwsUnderTest } from "./cloud.ts";

/** Sending and receiving by the SQS client, without the proxy. */
export function messagesOnAws({ eyes: { sqs } }: AwsUnderTest): Messages {
  return {
    addedToDeadLetters: /^$/,
    async send({ QUEUE_URL: QueueUrl }, { body, attributes = {}, key, dedupKey }) {
      const MessageAttributes = Object.fromEntries(
        Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: "String", StringValue }]),
      );
      await sqs.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: body,
          MessageAttributes,
          ...(key && { MessageGroupId: key }),
          ...(dedupKey && { MessageDeduplicationId: dedupKey }),
        }),
      );
    },
    async receive({ QUEUE_URL: QueueUrl }) {
      const { Messages: found = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ["All"],
          MessageSystemAttributeNames: ["MessageGroupId"],
        }),
      );
      return found.map(({ Body = "", MessageAttributes = {}, Attributes, ReceiptHandle }) => ({
        body: Body,
        key: Attributes?.MessageGroupId,
        attributes: Object.fromEntries(
          Object.entries(MessageAttributes).map(([name, { StringValue = "" }]) => [name, StringValue]),
        ),
        ack: async () => void (await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))),
        nack: async () =>
          void (await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }))),
      }));
    },
    // An SQS queue has no such setting: it is deleted by nobody but its owner.
    expires: async () => false,
  };
}
