import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type CaseWorld, caseWorld, READY } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import type { KubeObject } from "../../operator/reconcile/object.ts";
import type { Messages, Received } from "./messages.ts";
import { subscribed } from "./subscriptions.ts";

type Outputs = Readonly<Record<string, string>>;

/** How a cloud is brought to fire a rule in a test. */
export interface Firing {
  /** Lets the next time of these rules come, and delivers. */
  nextTime(...worlds: readonly CaseWorld[]): Promise<void>;
  /** How long it may take until the message is there. */
  readonly withinMs: number;
  /** Whether the context attributes of an event stand beside its data, as `ce-…`. */
  readonly tellsContext: boolean;
  /** Publishes a CloudEvent to the event bus of the Environment, as a program does. */
  publish(event: CloudEvent): Promise<void>;
}

/** Workflows of one cloud, which no object stands for. */
export interface Workflows {
  /** @returns its WORKFLOW_ID */
  make(name: string): Promise<string>;
  /** What it was started with, start by start. */
  inputs(id: string): Promise<readonly string[]>;
}

/** In the JSON format of CloudEvents. */
export interface CloudEvent {
  readonly specversion: "1.0";
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly data: unknown;
  readonly [attribute: string]: unknown;
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
  workflows: Workflows,
  { tried, subscriber, all }: Kinds,
): void {
  const isInput = ({ body, attributes }: Pick<Received, "body" | "attributes">) => {
    expect(body).toBe(INPUT);
    expect(attributes).toEqual({});
  };

  /** The first message that comes, which must come once. */
  async function take(queue: Outputs, check = isInput): Promise<void> {
    const until = Date.now() + firing.withinMs;
    for (;;) {
      const [got] = await messages.receive(queue);
      if (got) {
        check(got);
        await got.ack();
        return;
      }
      expect(Date.now(), "nothing came").toBeLessThan(until);
      await wait(100);
    }
  }

  const startedWith = (workflow: string, read: (input: string) => unknown = (input) => input) =>
    expect.poll(async () => (await workflows.inputs(workflow)).map(read), { timeout: firing.withinMs, interval: 100 });

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

    it("E3 hands on what matches, by way of a Topic: a Queue that subscribes gets the event's data, and nothing else", async () => {
      const nonce = process.pid.toString(36);
      const rule = await caseWorld(tried, all, cloud, `ep-${nonce}`);
      const reader = await caseWorld(subscriber, all, cloud, `es-${nonce}`);
      const event = { specversion: "1.0", id: "1", source: "/shop", type: `order.placed.${nonce}` } as const;
      try {
        const pattern = { type: { anyOf: [event.type] }, attributes: [{ attribute: "tenant", prefix: "acme" }] };
        const target = { topicRef: { name: "news" } };
        rule.host.edit(rule.spec({ schedule: undefined, input: undefined, pattern, target }));
        await rule.host.settle(60);
        expect(rule.told()).toBe(READY);
        const topic = rule.host.others.get("Topic/news") as KubeObject;
        const queue = await subscribed(reader, topic, { subscribeTo: { topicRef: { name: "news" } } });
        await firing.publish({ ...event, id: "2", tenant: "other", data: { order: 6 } });
        await firing.publish({ ...event, id: "3", type: `order.gone.${nonce}`, tenant: "acme", data: { order: 6 } });
        await firing.publish({ ...event, tenant: "acme-eu", data: { order: 7 } });
        const context = { specversion: "1.0", id: "1", source: event.source, type: event.type, tenant: "acme-eu" };
        const beside = Object.entries(context).map(([name, value]) => [`ce-${name}`, value]);
        await take(queue, ({ body, attributes }) => {
          expect(JSON.parse(body)).toEqual({ order: 7 });
          expect(attributes).toEqual(firing.tellsContext ? Object.fromEntries(beside) : {});
        });
        expect(await messages.receive(queue)).toEqual([]);
      } finally {
        await reader.close();
        await rule.close();
      }
    }, 60_000);

    it("E2 starts a workflow when its time comes, with the input byte for byte", async () => {
      const nonce = process.pid.toString(36);
      const workflow = await workflows.make(`at-times-${nonce}`);
      const rule = await caseWorld(tried, all, cloud, `ew-${nonce}`);
      try {
        await rule.ready({ ...EVERY_FIVE, target: { workflowRef: { external: workflow } } });
        await firing.nextTime(rule);
        await startedWith(workflow).toEqual([INPUT]);
      } finally {
        await rule.close();
      }
    }, 60_000);

    it("E3 starts a workflow for each event that matches, with the event's data as its input", async () => {
      const nonce = process.pid.toString(36);
      const workflow = await workflows.make(`on-events-${nonce}`);
      const rule = await caseWorld(tried, all, cloud, `ev-${nonce}`);
      const event = { specversion: "1.0", id: "1", source: "/shop", type: `order.paid.${nonce}` } as const;
      try {
        const target = { workflowRef: { external: workflow } };
        const pattern = { type: { anyOf: [event.type] } };
        rule.host.edit(rule.spec({ schedule: undefined, input: undefined, pattern, target }));
        await rule.host.settle(60);
        expect(rule.told()).toBe(READY);
        await firing.publish({ ...event, id: "2", type: `order.gone.${nonce}`, data: { order: 6 } });
        await firing.publish({ ...event, data: { order: 7, text: "Grüße" } });
        await startedWith(workflow, (input) => JSON.parse(input)).toEqual([{ order: 7, text: "Grüße" }]);
      } finally {
        await rule.close();
      }
    }, 60_000);
  });
}
