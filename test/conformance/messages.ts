import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it as vitestIt } from "vitest";
import type { CaseWorld } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import { condition } from "../../operator/reconcile/conditions.ts";
import { type Emulated, gapped, worldsOf } from "./gapped.ts";

/** A message as a program sends it. */
export interface Message {
  readonly body: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Of a queue with ordering: messages of one key stay in order. */
  readonly key?: string;
  /** Of a queue with ordering: two sends that differ in it are two messages. */
  readonly dedupKey?: string;
}

export interface Received {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly key: string | undefined;
  ack(): Promise<void>;
  nack(): Promise<void>;
}

/** What a program does with a queue, by the cloud's own client and the outputs of the Queue. */
export interface Messages {
  send(outputs: Readonly<Record<string, string>>, message: Message): Promise<void>;
  /** Those that are there now, at most ten. */
  receive(outputs: Readonly<Record<string, string>>): Promise<readonly Received[]>;
  /** Attributes that the cloud adds to dead letters, by the rule dlq-extra-attributes. */
  readonly addedToDeadLetters: RegExp;
  /** Q5: takes away what the cloud itself needs to set messages aside. Absent: it needs nothing. */
  takeDeadLetterRights?(world: CaseWorld): Promise<void>;
  /** Q10: true when it is deleted because nobody used it for a while. */
  expires(world: CaseWorld): Promise<boolean>;
}

/** The kind that gaps of these cases name; their ids are `Q3 acknowledged twice`, as far as tells them apart. */
export const MESSAGES = "messages of Queue";

const KIB = 1024;
/** In the set of characters that SQS takes; all others are for a client to encode. */
const TEXT = 'Grüße, 世界 😀 "quotes" \\ \t\n <&>';

/** The data plane of a Queue: the numbers Q1 to Q10 of the list of cases. */
export function messageCases(
  cloud: CloudUnderTest,
  messages: Messages,
  tried: Tried,
  all: ReadonlyMap<string, Tried>,
  emulated: Emulated,
): void {
  const { it, everyGapNamesACase } = gapped(MESSAGES, cloud, emulated);
  const inWorld = worldsOf("q", cloud, tried, all);
  const run =
    (body: (world: CaseWorld, outputs: Readonly<Record<string, string>>) => Promise<void>, over?: object) => () =>
      inWorld(async (world) => {
        await world.ready(over && { ...over });
        await body(world, world.host.status.outputs ?? {});
      });
  /** Receives until so many messages came. */
  const take = async (outputs: Readonly<Record<string, string>>, wanted: number, withinMs = 10_000) => {
    const until = Date.now() + withinMs;
    const got: Received[] = [];
    while (got.length < wanted && Date.now() < until) {
      got.push(...(await messages.receive(outputs)));
      if (got.length < wanted) await wait(50);
    }
    expect(got.length).toBe(wanted);
    return got;
  };
  const one = async (outputs: Readonly<Record<string, string>>, withinMs?: number) =>
    (await take(outputs, 1, withinMs))[0] as Received;
  const ordered = { ordering: "PerKey" };

  describe(`messages of a Queue on ${cloud.cloud}`, () => {
    it(
      "Q1 a body of 256 KiB, ten attributes of 1,024 bytes, and odd Unicode come back equal",
      run(async (_world, outputs) => {
        const attributes = Object.fromEntries(
          Array.from({ length: 10 }, (_, n) => [`attribute-${n}`, "v".repeat(n === 0 ? KIB : 16)]),
        );
        const small = Object.entries(attributes).reduce((sum, [key, value]) => sum + key.length + value.length + 10, 0);
        const large = "b".repeat(256 * KIB - small);
        for (const body of [large, TEXT]) {
          await messages.send(outputs, { body, attributes });
          const got = await one(outputs);
          expect(got.body === body).toBe(true);
          expect(got.attributes).toEqual(attributes);
          await got.ack();
        }
        await expect(messages.send(outputs, { body: "" })).rejects.toThrow();
      }),
    );

    it(
      "Q2 not acknowledged: comes again when the processing timeout is over, and not much earlier or later",
      run(
        async (_world, outputs) => {
          await messages.send(outputs, { body: "once more" });
          await one(outputs);
          const taken = Date.now();
          const again = await one(outputs, 20_000);
          const waited = Date.now() - taken;
          expect(again.body).toBe("once more");
          expect(waited).toBeGreaterThan(8_000);
          expect(waited).toBeLessThan(20_000);
          await again.ack();
        },
        { processingTimeout: "10s" },
      ),
    );

    it(
      "Q3 given back: comes again soon",
      run(async (_world, outputs) => {
        await messages.send(outputs, { body: "back" });
        await (await one(outputs)).nack();
        await (await one(outputs)).ack();
        expect(await messages.receive(outputs)).toEqual([]);
      }),
    );

    it(
      "Q3 acknowledged twice: success",
      run(async (_world, outputs) => {
        await messages.send(outputs, { body: "twice" });
        const got = await one(outputs);
        await got.ack();
        await got.ack();
      }),
    );

    it(
      "Q4 given back again and again: set aside in the dead-letter queue, once, as it was",
      run(
        async (world, outputs) => {
          const dead = world.host.others.get("Queue/dead")?.status?.outputs ?? {};
          const attributes = { trace: "abc" };
          await messages.send(outputs, { body: "poison", attributes });
          let taken = 0;
          const until = Date.now() + 15_000;
          const aside: Received[] = [];
          while (aside.length === 0 && Date.now() < until) {
            for (const got of await messages.receive(outputs)) {
              taken += 1;
              await got.nack();
            }
            aside.push(...(await messages.receive(dead)));
            await wait(20);
          }
          const [got] = aside;
          expect(got?.body).toBe("poison");
          const own = Object.entries(got?.attributes ?? {}).filter(([key]) => !messages.addedToDeadLetters.test(key));
          expect(Object.fromEntries(own)).toEqual(attributes);
          expect(taken).toBeGreaterThanOrEqual(5);
          expect(taken).toBeLessThanOrEqual(7);
          await got?.ack();
          expect(await messages.receive(dead)).toEqual([]);
        },
        { deadLetter: { queueRef: { name: "dead" }, maxReceives: 5 } },
      ),
    );

    const { takeDeadLetterRights } = messages;
    if (takeDeadLetterRights)
      it(
        "Q5 the cloud lost its right to set messages aside: not as spec asks, and put right",
        run(
          async (world) => {
            await takeDeadLetterRights(world);
            const pass = await world.host.pass();
            expect(pass.decision).toMatchObject({ do: "update", because: "drift", changes: [{ field: "deadLetter" }] });
            expect(world.done()).toEqual(["SetIamPolicy"]);
          },
          { deadLetter: { queueRef: { name: "dead" }, maxReceives: 5 } },
        ),
      );
    else
      vitestIt.skip(
        "Q5 — does not apply: SQS needs no right to move messages to a dead-letter queue of the same account",
      );

    it(
      "Q6 ordered: one is given back, its key stays in order, and other keys go on",
      run(async (_world, outputs) => {
        for (const [n, key] of ["a", "a", "b", "a"].entries())
          await messages.send(outputs, { body: `${key}${n}`, key, dedupKey: `${n}` });
        const done: string[] = [];
        let refused = false;
        const until = Date.now() + 20_000;
        while (done.length < 4 && Date.now() < until) {
          // What comes after the one that is given back, of its key, is given back too: its turn is not yet.
          const givenBack = new Set<string | undefined>();
          for (const got of await messages.receive(outputs)) {
            if ((got.body === "a0" && !refused) || givenBack.has(got.key)) {
              refused = true;
              givenBack.add(got.key);
              await got.nack();
              continue;
            }
            if (!done.includes(got.body)) done.push(got.body);
            await got.ack();
          }
          await wait(20);
        }
        expect(refused).toBe(true);
        expect(done.filter((body) => body.startsWith("a"))).toEqual(["a0", "a1", "a3"]);
        expect(done).toContain("b2");
      }, ordered),
    );

    it(
      "Q7 the same body sent twice with other deduplication keys: both arrive",
      run(async (_world, outputs) => {
        for (const dedupKey of ["first", "second"]) await messages.send(outputs, { body: "same", key: "k", dedupKey });
        const bodies: string[] = [];
        const until = Date.now() + 10_000;
        while (bodies.length < 2 && Date.now() < until) {
          for (const got of await messages.receive(outputs)) {
            bodies.push(got.body);
            await got.ack();
          }
          await wait(20);
        }
        expect(bodies).toEqual(["same", "same"]);
      }, ordered),
    );

    it(
      "Q10 unused, it never expires",
      run(async (world) => {
        expect(await messages.expires(world)).toBe(false);
      }),
    );
  });

  describe(`what lies outside the portable range of a Queue on ${cloud.cloud}`, () => {
    vitestIt.each([
      ["a delay", { delay: "5s" }],
      ["more than ten minutes to process", { processingTimeout: "11m" }],
      ["fewer than five deliveries", { deadLetter: { queueRef: { name: "dead" }, maxReceives: 2 } }],
    ])("Q9 %s: refused under Strict, shown under Warn", (_what, over) =>
      inWorld(async (world) => {
        world.host.edit(world.spec(over));
        await world.host.pass();
        expect(condition(world.host.status.conditions, "Stalled")?.reason).toBe("OutsidePortableRange");
        expect(world.tried()).toEqual([]);
        await world.ready({ ...over, portability: "Warn" });
        expect(condition(world.host.status.conditions, "Portable")?.status).toBe("False");
        expect(world.host.status.deviations?.length).toBeGreaterThan(0);
      }),
    );
  });

  everyGapNamesACase();
}
