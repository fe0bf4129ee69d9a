import { setTimeout as wait } from "node:timers/promises";
import { describe, expect } from "vitest";
import { z } from "zod";
import { sourceOf } from "../../adapters/bucket-events.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Over } from "../../operator/provider/conformance/kind-under-test.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import type { Deliveries } from "./deliveries.ts";
import { type Emulated, gapped, worldsOf } from "./gapped.ts";
import type { Messages, Received } from "./messages.ts";
import type { Objects } from "./objects.ts";

type Outputs = Readonly<Record<string, string>>;

/** The kind that gaps of these cases name. */
export const NOTIFICATIONS = "notifications of Bucket";

/** What a program may count on, whatever the cloud. `sequencer` is S3's own. */
const event = z.strictObject({
  specversion: z.literal("1.0"),
  id: z.string().min(1),
  source: z.string(),
  type: z.enum(["io.onelens.onyx.bucket.object.created", "io.onelens.onyx.bucket.object.deleted"]),
  subject: z.string().min(1),
  time: z.iso.datetime(),
  datacontenttype: z.literal("application/json"),
  data: z.strictObject({
    bucket: z.string(),
    object: z.strictObject({
      key: z.string(),
      size: z.int().min(0).optional(),
      etag: z.string(),
      "version-id": z.string().optional(),
      sequencer: z.string().optional(),
    }),
  }),
});
type Told = z.infer<typeof event>;

const everything = { name: "uploads", events: ["ObjectCreated", "ObjectDeleted"], queueRef: { name: "jobs" } };

/** B5: a message really comes, in one shape. @param programs what they do with buckets, queues and topics */
export function notificationCases(
  cloud: CloudUnderTest,
  programs: { readonly objects: Objects; readonly messages: Messages; readonly deliveries: Deliveries },
  tried: Tried,
  all: ReadonlyMap<string, Tried>,
  emulated: Emulated,
): void {
  const { objects, messages, deliveries } = programs;
  const { it, everyGapNamesACase } = gapped(NOTIFICATIONS, cloud, emulated);
  const inWorld = worldsOf("n", cloud, tried, all);

  async function until<T>(wanted: number, receive: () => Promise<readonly T[]>): Promise<readonly T[]> {
    const end = Date.now() + 20_000;
    const got: T[] = [];
    while (got.length < wanted && Date.now() < end) {
      got.push(...(await receive()));
      if (got.length < wanted) await wait(20);
    }
    expect(got.length).toBe(wanted);
    return got;
  }
  const taken = async (queue: Outputs): Promise<readonly Received[]> => {
    const got = await messages.receive(queue);
    for (const one of got) await one.ack();
    return got;
  };
  const told = (got: readonly { readonly body: string; readonly attributes: object }[]): readonly Told[] =>
    got.map(({ body, attributes }) => {
      expect(attributes).toEqual({});
      return event.parse(JSON.parse(body));
    });
  /** In short, in an order of its own: none is promised. */
  const short = (events: readonly Told[]) =>
    events.map(({ type, subject }) => `${type.split(".").at(-1)} ${subject}`).sort();

  const run =
    (over: Over, body: (bucket: Outputs, queue: Outputs, topic: Outputs) => Promise<void>): (() => Promise<void>) =>
    () =>
      inWorld(async (world) => {
        const of = (other: string) => world.host.others.get(other)?.status?.outputs ?? {};
        await world.ready(over);
        const bucket = world.host.status.outputs ?? {};
        try {
          await body(bucket, of("Queue/jobs"), of("Topic/news"));
        } finally {
          await objects.empty(bucket);
        }
      });

  describe(`notifications of a Bucket on ${cloud.cloud}`, () => {
    for (const versioning of [false, true])
      it(
        `B5 written, overwritten, deleted: one event each, in one shape, ${versioning ? "with" : "without"} versioning`,
        run({ versioning, notifications: [everything] }, async (bucket, queue) => {
          const name = 'reports/a "b" ü.txt';
          await objects.put(bucket, name, "one");
          await objects.put(bucket, name, "three");
          await objects.delete(bucket, name);
          const events = told(await until(3, () => taken(queue)));
          expect(short(events)).toEqual([`created ${name}`, `created ${name}`, `deleted ${name}`]);
          expect(new Set(events.map(({ id }) => id)).size).toBe(3);
          for (const { source, data } of events) {
            expect(source).toBe(sourceOf(cloud.cloud, bucket.BUCKET ?? ""));
            expect(source).toBe(bucket.BUCKET_URL);
            expect(data.bucket).toBe(bucket.BUCKET);
            expect(data.object.key).toBe(name);
          }
          const sizes = events.flatMap(({ type, data }) => (type.endsWith("created") ? [data.object.size] : []));
          expect(sizes.sort()).toEqual([3, 5]);
          // The last that could come comes after all that should not.
          await objects.put(bucket, "last", "x");
          expect(short(told(await until(1, () => taken(queue))))).toEqual(["created last"]);
        }),
      );

    it(
      "B5 a Topic hands them to all who subscribe, and only those of the prefix",
      run(
        {
          notifications: [
            { name: "reports", events: ["ObjectCreated"], prefix: "reports/", topicRef: { name: "news" } },
          ],
        },
        async (bucket, _queue, topic) => {
          const joined = await Promise.all(
            ["one", "two"].map((who) => deliveries.subscribe(topic, `${bucket.BUCKET}-${who}`)),
          );
          try {
            await objects.put(bucket, "others/a", "x");
            await objects.put(bucket, "reports/b", "x");
            await objects.delete(bucket, "reports/b");
            await objects.put(bucket, "reports/c", "x");
            for (const one of joined)
              expect(short(told(await until(2, () => one.receive())))).toEqual([
                "created reports/b",
                "created reports/c",
              ]);
          } finally {
            await Promise.all(joined.map((one) => one.remove()));
          }
        },
      ),
    );

    it(
      "B5 what others send to the same Queue comes as they sent it",
      run({}, async (bucket, queue) => {
        const theirs = { body: '{"notificationConfig":"no"}', attributes: { eventType: "OBJECT_FINALIZE" } };
        await messages.send(queue, theirs);
        const [got] = await until(1, () => taken(queue));
        expect(got).toMatchObject(theirs);
        await objects.put(bucket, "a", "x");
        expect(short(told(await until(1, () => taken(queue))))).toEqual(["created a"]);
      }),
    );
  });

  everyGapNamesACase();
}
