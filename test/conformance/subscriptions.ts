import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it as vitestIt } from "vitest";
import { type Condition, type Filter, passes } from "../../crds/filter.ts";
import { type CaseWorld, caseWorld, toldOf } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Gap } from "../../operator/provider/conformance/index.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import type { LeafStatus } from "../../operator/reconcile/leaf-object.ts";
import type { KubeObject } from "../../operator/reconcile/object.ts";
import type { Deliveries, Published } from "./deliveries.ts";
import type { Messages, Received } from "./messages.ts";

type Outputs = Readonly<Record<string, string>>;

/** The kind that gaps of these cases name. */
export const SUBSCRIPTIONS = "messages of a Queue that subscribes";

/** The kinds by name; the Queue is one that subscribes. */
export interface Kinds {
  readonly queue: Tried;
  readonly topic: Tried;
  readonly all: ReadonlyMap<string, Tried>;
}

/** Has a Queue object subscribe to a Topic object that is Ready, and waits until it is Ready itself. */
export async function subscribed(queue: CaseWorld, topic: KubeObject, over: object = {}): Promise<Outputs> {
  queue.host.others.set("Topic/news", topic as KubeObject<unknown, LeafStatus>);
  await queue.ready({ subscribeTo: { topicRef: { name: "news" } }, ...over });
  return queue.host.status.outputs ?? {};
}

/** What comes from a Topic into Queues, all of them objects of ours: T1 to T6 of the list of cases. */
export function subscriptionCases(
  cloud: CloudUnderTest,
  deliveries: Deliveries,
  messages: Messages,
  { queue, topic, all }: Kinds,
  { emulator, gaps }: { readonly emulator: string; readonly gaps: readonly Gap[] },
): void {
  const mine = gaps.filter((one) => one.emulator === emulator && one.kind === SUBSCRIPTIONS);
  const used = new Set<Gap>();
  const it = (title: string, body: () => Promise<void>) => {
    const gap = mine.find((one) => title.startsWith(one.id));
    if (gap) used.add(gap);
    if (gap) vitestIt.fails(`${title} — gap of ${emulator} (${gap.reason}); if this is red, remove the gap`, body);
    else vitestIt(title, body);
  };
  let count = 0;

  interface Joined {
    readonly topic: Outputs;
    /** Another Queue that subscribes. */
    join(over?: object): Promise<{ readonly outputs: Outputs; readonly world: CaseWorld }>;
  }
  /** A Topic that is Ready, and Queues that subscribe to it; all goes away again, the Queues first. */
  const run = (body: (given: Joined) => Promise<void>, over?: object) => async (): Promise<void> => {
    const name = `s${++count}-${process.pid.toString(36)}`;
    const worlds: CaseWorld[] = [];
    const world = await caseWorld(topic, all, cloud, name);
    try {
      await world.ready({ ...over });
      await body({
        topic: world.host.status.outputs ?? {},
        async join(spec) {
          const one = await caseWorld(queue, all, cloud, `${name}-${worlds.length}`);
          worlds.push(one);
          return { world: one, outputs: await subscribed(one, world.host.object as KubeObject, spec) };
        },
      });
    } finally {
      for (const one of worlds.reverse()) await one.close();
      await world.close();
    }
  };

  /** Receives, and acknowledges, until the message with this body came. */
  async function until(outputs: Outputs, last: string): Promise<readonly Received[]> {
    const end = Date.now() + 20_000;
    const got: Received[] = [];
    while (!got.some(({ body }) => body === last)) {
      expect(Date.now(), `"${last}" did not come; there came ${got.map(({ body }) => body)}`).toBeLessThan(end);
      for (const one of await messages.receive(outputs)) {
        got.push(one);
        await one.ack();
      }
      await wait(20);
    }
    return got;
  }
  const publish = (to: Outputs, body: string, attributes: Published["attributes"] = { type: "order" }) =>
    deliveries.publish(to, { body, attributes });

  describe(`messages of a Topic in Queues on ${cloud.cloud}`, () => {
    it(
      "T1 every Queue gets all, and none what came before it",
      run(async ({ topic, join }) => {
        const early = await join();
        await publish(topic, "first");
        const late = await join();
        await publish(topic, "second");
        await publish(topic, "last");
        expect((await until(early.outputs, "last")).map(({ body }) => body).sort()).toEqual([
          "first",
          "last",
          "second",
        ]);
        expect((await until(late.outputs, "last")).map(({ body }) => body).sort()).toEqual(["last", "second"]);
      }),
    );

    it(
      "T2 the filter: equal, any of, prefix, there at all, and all of them together; case counts, and what is missing does not match",
      run(async ({ topic, join }) => {
        const sent = [
          {},
          { type: "order" },
          { type: "Order" },
          { type: "orders", region: "eu-west" },
          { type: "order", region: "eu-west" },
          { type: "order", region: "us-east", trace: "1" },
          { region: "eu", trace: "1" },
          { Type: "order", trace: " AND ", "a.b": "世界" },
          { type: "refund", region: "eu-", trace: "x", "a.b": "世" },
        ];
        const equal: Condition = { attribute: "type", anyOf: ["order"] };
        const filters: readonly Filter[] = [
          [equal],
          [{ attribute: "type", anyOf: ["refund", "Order"] }],
          [{ attribute: "region", prefix: "eu-" }],
          [{ attribute: "trace", exists: true }],
          [{ attribute: "a.b", prefix: "世" }],
          [equal, { attribute: "region", prefix: "eu" }],
          [
            { attribute: "trace", anyOf: [" AND ", "x"] },
            { attribute: "a.b", exists: true },
          ],
        ];
        const last = { type: "order", Type: "order", region: "eu-x", trace: "x", "a.b": "世界" };
        const lastOf = (filter: Filter) =>
          Object.fromEntries(filter.map((one) => [one.attribute, one.anyOf?.[0] ?? one.prefix ?? "x"]));
        const readers = [];
        for (const filter of filters)
          readers.push({ filter, ...(await join({ subscribeTo: { topicRef: { name: "news" }, filter } })) });
        for (const [at, attributes] of sent.entries()) await publish(topic, `m${at}`, attributes);
        for (const [at, { filter, outputs }] of readers.entries()) {
          const wanted = [...sent, last].flatMap((attributes, n) => (passes(filter, attributes) ? [`m${n}`] : []));
          const bodies = wanted.filter((body) => body !== `m${sent.length}`);
          expect(bodies.length, JSON.stringify(filter)).toBeGreaterThan(0);
          await publish(topic, `end ${at}`, lastOf(filter));
          const got = (await until(outputs, `end ${at}`)).map(({ body }) => body);
          expect(got.filter((body) => body.startsWith("m")).sort(), JSON.stringify(filter)).toEqual(bodies.sort());
        }
      }),
    );

    it(
      "T3 the filter stays what it is: what somebody else made of it is put right, and only what fits arrives",
      run(async ({ topic, join }) => {
        const filter = [{ attribute: "type", anyOf: ["order"] }];
        const { world, outputs } = await join({ subscribeTo: { topicRef: { name: "news" }, filter } });
        const [, tamper] = Object.entries(world.on.tamper).find(([part]) => part === "subscription: filter") ?? [];
        await tamper?.(world.subject());
        await world.host.settle();
        expect(world.told()).toBe("Ready=True/Available Synced=True/Available");
        await publish(topic, "kept out", { type: "deleted" });
        await publish(topic, "let in");
        expect((await until(outputs, "let in")).map(({ body }) => body)).toEqual(["let in"]);
      }),
    );

    it(
      "T4 body and attributes arrive as they were published, with nothing around them",
      run(async ({ topic, join }) => {
        const { outputs } = await join();
        const body = '{"text": "Grüße, 世界 \\"x\\""}\n';
        await publish(topic, body, { type: "order", trace: "abc" });
        const [got] = await until(outputs, body);
        expect(got?.attributes).toEqual({ type: "order", trace: "abc" });
      }),
    );

    it(
      "T4 given back again and again: set aside in the dead-letter queue",
      run(async ({ topic, join }) => {
        const { world, outputs } = await join({ deadLetter: { queueRef: { name: "dead" }, maxReceives: 5 } });
        const dead = world.host.others.get("Queue/dead")?.status?.outputs ?? {};
        await publish(topic, "poison");
        const end = Date.now() + 20_000;
        const aside: Received[] = [];
        while (aside.length === 0) {
          expect(Date.now(), "nothing was set aside").toBeLessThan(end);
          for (const one of await messages.receive(outputs)) await one.nack();
          aside.push(...(await messages.receive(dead)));
          await wait(20);
        }
        expect(aside.map(({ body }) => body)).toEqual(["poison"]);
        await aside[0]?.ack();
      }),
    );

    it(
      "T6 PerKey: messages of one key arrive in the order in which they were published",
      run(
        async ({ topic, join }) => {
          const { outputs } = await join({ ordering: "PerKey" });
          for (let n = 0; n < 6; n++)
            await deliveries.publish(topic, { body: `${n}`, attributes: {}, key: n % 2 ? "odd" : "even" });
          const got: Received[] = [];
          for (const last of ["4", "5"])
            if (!got.some(({ body }) => body === last)) got.push(...(await until(outputs, last)));
          const of = (key: string) => got.filter((one) => one.key === key).map(({ body }) => body);
          expect([of("even"), of("odd")]).toEqual([
            ["0", "2", "4"],
            ["1", "3", "5"],
          ]);
        },
        { ordering: "PerKey" },
      ),
    );

    vitestIt(
      "T6 another order than that of its Topic: refused before any call",
      run(async ({ join }) => {
        const { world } = await join();
        world.host.edit(world.spec({ subscribeTo: { topicRef: { name: "news" } }, ordering: "PerKey" }));
        world.mark();
        await world.host.settle();
        expect(toldOf(world.host.status)).toContain("Stalled=True/InvalidSpec");
        expect(world.tried()).toEqual([]);
      }),
    );
  });

  vitestIt(`every known gap of the subscriptions of ${cloud.cloud} names a case`, () => {
    expect(mine.filter((gap) => !used.has(gap))).toEqual([]);
  });
}
