import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type CaseWorld, caseWorld, type Tried } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Over } from "../../operator/provider/conformance/kind-under-test.ts";
import type { Messages } from "./messages.ts";

/** How a cloud is brought to fire a rule in a test. */
export interface Firing {
  /** Lets the next time of the rule come, and delivers. Its schedule is as it was afterwards, or no longer ours to ask. */
  nextTime(world: CaseWorld): Promise<void>;
  /** How long it may take until the message is there. */
  readonly withinMs: number;
}

/** Odd characters, in an order and with spaces that a parser would not keep. */
const INPUT = '{ "z": 1,  "text": "Grüße, 世界 😀 <&>", "a": [1e3, null] }';

/** What an EventRule means to who is told: E2 of the list of cases. */
export function eventCases(
  cloud: CloudUnderTest,
  firing: Firing,
  messages: Messages,
  tried: Tried,
  all: ReadonlyMap<string, Tried>,
): void {
  let count = 0;
  const run =
    (over: Over, body: (world: CaseWorld, queue: Readonly<Record<string, string>>) => Promise<void>) => async () => {
      const world = await caseWorld(tried, all, cloud, `e${++count}-${process.pid.toString(36)}`);
      try {
        await world.ready(over);
        await body(world, world.host.others.get("Queue/reports")?.status?.outputs ?? {});
      } finally {
        await world.close();
      }
    };

  describe(`events of an EventRule on ${cloud.cloud}`, () => {
    it(
      "E2 fires when its time comes, and the queue gets the input byte for byte",
      run({ input: INPUT, schedule: { cron: "*/5 * * * *" } }, async (world, queue) => {
        await firing.nextTime(world);
        const until = Date.now() + firing.withinMs;
        for (;;) {
          const [got] = await messages.receive(queue);
          if (got) {
            expect(got.body).toBe(INPUT);
            expect(got.attributes).toEqual({});
            return;
          }
          expect(Date.now(), "nothing came").toBeLessThan(until);
          await wait(100);
        }
      }),
      60_000,
    );
  });
}
