import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, type Message, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

/** A message that a workflow sent. */
export interface Sent {
  /** Name of the Queue or Topic, as the workflow has it. */
  readonly to: string;
  /** Its idempotency key. */
  readonly key: string;
  readonly body: unknown;
}

/** Queues and Topics of one run on an emulator of AWS. */
export interface Targets {
  /** As ids of a Queue or Topic, which is remembered. */
  environmentOf(kind: string, name: string): Readonly<Record<string, string>>;
  /** Makes those that were asked for. */
  make(): Promise<void>;
  /** What has come to them since. Takes it away. */
  sent(): Promise<readonly Sent[]>;
}

/** @param id their names begin with it */
export function createTargets(endpoint: string, id: string): Targets {
  const credentials = { accessKeyId: "000000000000", secretAccessKey: "test" };
  const at = { endpoint, region: "eu-west-1", credentials };
  const [sqs, sns] = [new SQSClient({ ...at, useQueueUrlAsEndpoint: false }), new SNSClient(at)];
  const kinds = new Map<string, string>();
  const arn = (service: string, name: string) => `arn:aws:${service}:eu-west-1:000000000000:${id}-${name}`;
  const url = (name: string) => `${endpoint}/000000000000/${id}-${name}`;

  async function makeOne(name: string, kind: string): Promise<void> {
    await sqs.send(new CreateQueueCommand({ QueueName: `${id}-${name}` }));
    if (kind === "Queue") return;
    await sns.send(new CreateTopicCommand({ Name: `${id}-${name}` }));
    const Attributes = { RawMessageDelivery: "true" };
    const subscription = { TopicArn: arn("sns", name), Protocol: "sqs", Endpoint: arn("sqs", name), Attributes };
    await sns.send(new SubscribeCommand(subscription));
  }

  async function take(name: string): Promise<Message[]> {
    const options = { MaxNumberOfMessages: 10, WaitTimeSeconds: 1, MessageAttributeNames: ["All"] };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: url(name), ...options }));
    return Messages.length > 0 ? [...Messages, ...(await take(name))] : [];
  }

  const sentTo = async (name: string): Promise<Sent[]> =>
    (await take(name)).map(({ Body = "", MessageAttributes = {} }) => ({
      to: name,
      key: MessageAttributes.dedupKey?.StringValue ?? "",
      body: JSON.parse(Body),
    }));

  return {
    environmentOf(kind, name) {
      kinds.set(name, kind);
      return kind === "Topic" ? { TOPIC_ID: arn("sns", name) } : { QUEUE_URL: url(name) };
    },
    async make() {
      for (const [name, kind] of kinds) await makeOne(name, kind);
    },
    sent: async () => (await Promise.all([...kinds.keys()].map(sentTo))).flat(),
  };
}
