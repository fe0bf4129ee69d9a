import { describe, expect } from "vitest";
import type { CaseWorld } from "../../operator/provider/conformance/case-world.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import { type Emulated, gapped, worldsOf } from "./gapped.ts";

type Outputs = Readonly<Record<string, string>>;

export interface Published {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Of a Topic with ordering: messages of one key stay in order. */
  readonly key?: string;
}

/** Somebody who subscribed to a Topic by the cloud's own SDK. */
export interface Subscriber {
  /** Those that are there now; they are acknowledged. */
  receive(): Promise<readonly Published[]>;
  remove(): Promise<void>;
}

/** What programs do with a Topic on one cloud, by the official SDK and the outputs of the object. */
export interface Deliveries {
  publish(outputs: Outputs, message: Published): Promise<void>;
  subscribe(outputs: Outputs, name: string): Promise<Subscriber>;
}

/** The kind that gaps of these cases name. */
export const DELIVERIES = "deliveries of Topic";

const MIB = 1_048_576;

/** The data plane of a Topic: the numbers T1 to T5 of the list of cases. */
export function deliveryCases(
  cloud: CloudUnderTest,
  deliveries: Deliveries,
  tried: Tried,
  all: ReadonlyMap<string, Tried>,
  emulated: Emulated,
): void {
  const { it, everyGapNamesACase } = gapped(DELIVERIES, cloud, emulated);
  const inWorld = worldsOf("t", cloud, tried, all);

  /** A Topic that is Ready, and people who subscribe to it; all goes away again. */
  const run =
    (body: (outputs: Outputs, join: () => Promise<Subscriber>, world: CaseWorld) => Promise<void>, over?: object) =>
    () =>
      inWorld(async (world, name) => {
        const joined: Subscriber[] = [];
        await world.ready(over && { ...over });
        const outputs = world.host.status.outputs ?? {};
        const join = async () => {
          const one = await deliveries.subscribe(outputs, `${name}-${joined.length}`);
          joined.push(one);
          return one;
        };
        try {
          await body(outputs, join, world);
        } finally {
          await Promise.all(joined.map((one) => one.remove()));
        }
      });

  /** Receives until so many messages came. */
  const take = async (from: Subscriber, wanted: number) => {
    const until = Date.now() + 10_000;
    const got: Published[] = [];
    while (got.length < wanted && Date.now() < until) {
      got.push(...(await from.receive()));
      if (got.length < wanted) await new Promise((resolve) => setTimeout(resolve, 30));
    }
    return got;
  };
  const hello = (body: string): Published => ({ body, attributes: { type: "order" } });

  describe(`deliveries of a Topic on ${cloud.cloud}`, () => {
    it(
      "T1 every subscriber gets all, and none what came before it",
      run(async (outputs, join) => {
        const early = await join();
        await deliveries.publish(outputs, hello("first"));
        const late = await join();
        await deliveries.publish(outputs, hello("second"));
        expect((await take(early, 2)).map(({ body }) => body).sort()).toEqual(["first", "second"]);
        expect((await take(late, 1)).map(({ body }) => body)).toEqual(["second"]);
      }),
    );

    it(
      "T4 body and attributes arrive as they were published",
      run(async (outputs, join) => {
        const subscriber = await join();
        const message = { body: 'Grüße, 世界 "x"\n', attributes: { type: "order", trace: "abc" } };
        await deliveries.publish(outputs, message);
        expect(await take(subscriber, 1)).toEqual([message]);
      }),
    );

    it(
      "T5 a message of 1 MiB passes where spec asks for it",
      run(
        async (outputs, join) => {
          const subscriber = await join();
          await deliveries.publish(outputs, { body: "b".repeat(MIB), attributes: {} });
          const [got] = await take(subscriber, 1);
          expect(got?.body.length).toBe(MIB);
        },
        { maxMessageBytes: MIB },
      ),
    );
  });

  everyGapNamesACase();
}
