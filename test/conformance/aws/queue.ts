import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  type QueueAttributeName,
  QueueDoesNotExist,
  SetQueueAttributesCommand,
  TagQueueCommand,
} from "@aws-sdk/client-sqs";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { carries } from "../marks.ts";
import { ACCOUNT, type AwsUnderTest, REGION } from "./cloud.ts";

/** What CreateQueue gets for the base spec: a queue of somebody else that SQS would hand out as the same. */
const BASE: Partial<Record<QueueAttributeName, string>> = {
  VisibilityTimeout: "60",
  MessageRetentionPeriod: "345600",
  MaximumMessageSize: "262144",
  DelaySeconds: "0",
  SqsManagedSseEnabled: "true",
};

/** The field of Want that each attribute is. */
const FIELDS: Readonly<Record<string, string>> = {
  VisibilityTimeout: "processingTimeoutSeconds",
  MessageRetentionPeriod: "retentionSeconds",
  MaximumMessageSize: "maxMessageBytes",
  DelaySeconds: "delaySeconds",
  RedrivePolicy: "deadLetter",
  RedriveAllowPolicy: "overrides",
};

/** Queue on AWS, by the SQS client. */
export function queueOnAws({ eyes: { sqs }, proxy }: AwsUnderTest): KindOnCloud {
  const url = ({ name }: Subject) => `https://sqs.local/${ACCOUNT}/${name}`;
  const tags = async (QueueUrl: string) => (await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags ?? {};
  const set = (attribute: QueueAttributeName, value: string) => async (subject: Subject) => {
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url(subject), Attributes: { [attribute]: value } }));
  };

  return {
    makes: ["CreateQueue"],
    unmakes: ["DeleteQueue"],
    touches: ({ operation, request }) =>
      operation === "SetQueueAttributes"
        ? Object.keys((request as { Attributes: object }).Attributes).map((one) => FIELDS[one] ?? one)
        : operation.endsWith("agQueue")
          ? ["tags"]
          : [],
    async list({ object }) {
      const found: { id: string }[] = [];
      for (const QueueUrl of (await sqs.send(new ListQueuesCommand({ MaxResults: 1000 }))).QueueUrls ?? [])
        if (carries(ownerOf(await tags(QueueUrl)), object)) found.push({ id: QueueUrl });
      return found;
    },
    async snapshot(subject) {
      try {
        const QueueUrl = url(subject);
        const all = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
        const { LastModifiedTimestamp: _when, ...attributes } = all.Attributes ?? {};
        return { attributes, tags: await tags(QueueUrl) };
      } catch (error) {
        if (error instanceof QueueDoesNotExist) return undefined;
        throw error;
      }
    },
    tamper: {
      processingTimeoutSeconds: set("VisibilityTimeout", "11"),
      retentionSeconds: set("MessageRetentionPeriod", "86400"),
      maxMessageBytes: set("MaximumMessageSize", "2048"),
      delaySeconds: set("DelaySeconds", "5"),
      overrides: set("RedriveAllowPolicy", JSON.stringify({ redrivePermission: "denyAll" })),
      encryptionKey: set("SqsManagedSseEnabled", "false"),
      deadLetter: async (subject) => {
        const deadLetterTargetArn = `arn:aws:sqs:${REGION}:${ACCOUNT}:${subject.name}`;
        await set("RedrivePolicy", JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 }))(subject);
      },
      tags: async (subject) => {
        await sqs.send(new TagQueueCommand({ QueueUrl: url(subject), Tags: { stage: "somebody" } }));
      },
    },
    async tag(subject, key, value) {
      await sqs.send(new TagQueueCommand({ QueueUrl: url(subject), Tags: { [key]: value } }));
    },
    async createForeign({ name }) {
      await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: BASE, tags: { theirs: "x" } }));
    },
    async remove(subject) {
      await sqs.send(new DeleteQueueCommand({ QueueUrl: url(subject) })).catch((error: unknown) => {
        if (!(error instanceof QueueDoesNotExist)) throw error;
      });
    },
    nameHeld: {
      ms: 60_000,
      hold: () =>
        void proxy.inject({
          when: ({ operation }) => operation === "CreateQueue",
          trouble: {
            do: "answer",
            status: 400,
            headers: {
              "content-type": "application/x-amz-json-1.0",
              "x-amzn-query-error": "AWS.SimpleQueueService.QueueDeletedRecently;Sender",
            },
            body: JSON.stringify({
              __type: "com.amazonaws.sqs#QueueDeletedRecently",
              message:
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
            }),
          },
        }),
    },
  };
}
