import { PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { GetScheduleCommand, UpdateScheduleCommand, type UpdateScheduleInput } from "@aws-sdk/client-scheduler";
import { expect } from "vitest";
import type { Firing } from "../events.ts";
import type { AwsUnderTest } from "./cloud.ts";

/** The emulator's clock can't be moved: the schedules' own time is put to now, with all else as the adapter made it. */
export const eventsOnAws = ({ eyes: { scheduler, eventBridge }, place }: AwsUnderTest): Firing => ({
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
  async publish(event) {
    const EventBusName = `onyx-${place.environment}`;
    const Entries = [{ EventBusName, Source: event.source, DetailType: event.type, Detail: JSON.stringify(event) }];
    const { FailedEntryCount } = await eventBridge.send(new PutEventsCommand({ Entries }));
    expect(FailedEntryCount).toBe(0);
  },
  tellsContext: false,
  // It looks for what is due every ten seconds.
  withinMs: 25_000,
});
