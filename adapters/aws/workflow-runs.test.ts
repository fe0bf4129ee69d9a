import type { HistoryEvent } from "@aws-sdk/client-sfn";
import { describe, expect, it } from "vitest";
import { listeningIn } from "./workflow-runs.ts";

/** As GetExecutionHistory tells of a task that waits for its token, with data. */
const scheduled = (id: number, detail: object, source = "onyx.workflow") =>
  event(id, "TaskScheduled", {
    taskScheduledEventDetails: {
      resourceType: "events",
      resource: "putEvents.waitForTaskToken",
      region: "us-east-1",
      parameters: JSON.stringify({ Entries: [{ Source: source, DetailType: "WaitsForSignal", Detail: detail }] }),
    },
  });
const event = (id: number, type: HistoryEvent["type"], more: Partial<HistoryEvent> = {}): HistoryEvent => ({
  id,
  type,
  timestamp: new Date(0),
  previousEventId: id - 1,
  ...more,
});
const WAIT = scheduled(7, { run: "r", signal: "approved", key: "r/a", token: "token-1" });

describe("what an execution waits for", () => {
  it.each<[string, readonly HistoryEvent[], string | undefined]>([
    ["a task that was scheduled", [WAIT], "token-1"],
    ["one that was submitted", [event(9, "TaskSubmitted"), event(8, "TaskStarted"), WAIT], "token-1"],
    ["the last of two", [scheduled(12, { token: "token-2" }), event(9, "TaskSucceeded"), WAIT], "token-2"],
    ["nothing once it was answered", [event(9, "TaskSucceeded"), event(8, "TaskSubmitted"), WAIT], undefined],
    ["nothing once its time was over", [event(9, "TaskTimedOut"), WAIT], undefined],
    ["nothing once the execution is over", [event(9, "ExecutionAborted"), WAIT], undefined],
    ["nothing of others' events", [scheduled(7, { token: "token-1" }, "shop")], undefined],
    ["nothing without a token", [scheduled(7, {})], undefined],
    [
      "nothing in another task",
      [
        event(7, "TaskScheduled", {
          taskScheduledEventDetails: { resourceType: "sqs", resource: "sendMessage", region: "r", parameters: '{"cut' },
        }),
      ],
      undefined,
    ],
    ["nothing in a history that is empty", [], undefined],
  ])("is %s", (_what, newestFirst, token) => {
    const listening = listeningIn(newestFirst);
    expect(listening?.at).toBe(token);
    if (token) expect(listening?.visit).toMatch(/^\d+$/);
  });
});
