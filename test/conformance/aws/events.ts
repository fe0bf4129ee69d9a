import { GetScheduleCommand, UpdateScheduleCommand, type UpdateScheduleInput } from "@aws-sdk/client-scheduler";
import { SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, DeleteQueueCommand } from "@aws-sdk/client-sqs";
import type { Firing } from "../events.ts";
import { ACCOUNT, type AwsUnderTest, REGION } from "./cloud.ts";

/** The emulator's clock can't be moved: the schedules' own time is put to now, with all else as the adapter made it. */
export const eventsOnAws = ({ eyes: { scheduler, sns, sqs } }: AwsUnderTest): Firing => ({
  async nextTime(...worlds) {
    const now = new Date().toISOString().slice(0, 19);
    for (const world of worlds) {
      const where = { Name: world.subject().name, GroupName: "onyx-conformance" };
      const {
        $metadata: _m,
        Arn: _a,
        CreationDate: _c,
        LastModificationDate: _l,
        ...found
      } = await scheduler.send(new GetScheduleCommand(where));
      await scheduler.send(
        new UpdateScheduleCommand({
          ...(found as UpdateScheduleInput),
          ScheduleExpression: `at(${now})`,
          ScheduleExpressionTimezone: "UTC",
        }),
      );
    }
  },
  async subscribe({ TOPIC_ID: TopicArn }) {
    const QueueName = `subscriber-${process.pid}`;
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }));
    const Endpoint = `arn:aws:sqs:${REGION}:${ACCOUNT}:${QueueName}`;
    const Attributes = { RawMessageDelivery: "true" };
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint, Attributes }));
    return {
      queue: { QUEUE_URL: QueueUrl ?? "" },
      remove: async () => void (await sqs.send(new DeleteQueueCommand({ QueueUrl }))),
    };
  },
  // It looks for what is due every ten seconds.
  withinMs: 25_000,
});
