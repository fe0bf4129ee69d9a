import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type CaseWorld, caseWorld, type Tried } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { KubeObject } from "../../operator/reconcile/object.ts";
import type { Messages } from "./messages.ts";
import { subscribed } from "./subscriptions.ts";

type Outputs = Readonly<Record<string, string>>;

/** How a cloud is brought to fire a rule in a test. */
export interface Firing {
  /** Lets the next time of these rules come, and delivers. */
  nextTime(...worlds: readonly CaseWorld[]): Promise<void>;
  /** How long it may take until the message is there. */
  readonly withinMs: number;
}

/** The EventRule, a Queue that subscribes, and all kinds by name. */
export interface Kinds {
  readonly tried: Tried;
  readonly subscriber: Tried;
  readonly all: ReadonlyMap<string, Tried>;
}

/** Odd characters, in an order and with spaces that a parser would not keep. */
const INPUT = '{ "z": 1,  "text": "Grüße, 世界 😀 <&>", "a": [1e3, null] }';
const EVERY_FIVE = { input: INPUT, schedule: { cron: "*/5 * * * *" } };

/** What an EventRule means to who is told: E2 of the list of cases. */
export function eventCases(
  cloud: CloudUnderTest,
  firing: Firing,
  messages: Messages,
  { tried, subscriber, all }: Kinds,
): void {
  /** The first message that comes, which must come once. */
  async function take(queue: Outputs): Promise<void> {
    const until = Date.now() + firing.withinMs;
    for (;;) {
      const [got] = await messages.receive(queue);
      if (got) {
        expect(got.body).toBe(INPUT);
        expect(got.attributes).toEqual({});
        await got.ack();
        return;
      }
      expect(Date.now(), "nothing came").toBeLessThan(until);
      await wait(100);
    }
  }

  describe(`events of an EventRule on ${cloud.cloud}`, () => {
    it("E2 fires when its time comes: a Queue gets the input byte for byte, and so does a Queue by way of a Topic", async () => {
      const nonce = process.pid.toString(36);
      const toQueue = await caseWorld(tried, all, cloud, `eq-${nonce}`);
      const toTopic = await caseWorld(tried, all, cloud, `et-${nonce}`);
      const reader = await caseWorld(subscriber, all, cloud, `er-${nonce}`);
      const of = (world: CaseWorld, other: string) => world.host.others.get(other)?.status?.outputs ?? {};
      try {
        await toQueue.ready({ ...EVERY_FIVE });
        await toTopic.ready({ ...EVERY_FIVE, target: { topicRef: { name: "news" } } });
        const topic = toTopic.host.others.get("Topic/news") as KubeObject;
        const queue = await subscribed(reader, topic, { subscribeTo: { topicRef: { name: "news" } } });
        await firing.nextTime(toQueue, toTopic);
        await take(of(toQueue, "Queue/reports"));
        await take(queue);
      } finally {
        await reader.close();
        await toQueue.close();
        await toTopic.close();
      }
    }, 60_000);
  });
}
