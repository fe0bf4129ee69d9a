import { expect, test } from "vitest";
import type { Message } from "../../engine/messages.ts";
import { type Held, openLane } from "./lane.ts";
import type { Upstream } from "./upstream.ts";

const MINUTE = 60_000;

/** Notes the tickets that are handed in. */
function recorder() {
  const tickets: Record<string, string>[] = [];
  const upstream: Upstream = {
    async call(method, request) {
      if (method === "Publisher.Publish")
        tickets.push(...(request.messages as Message[]).map((one) => one.attributes as Record<string, string>));
      return {};
    },
    stream: () => {
      throw new Error("no stream here");
    },
    close: () => undefined,
  };
  return { tickets, upstream };
}

const held = (id: string): Held => ({
  id,
  message: { data: Buffer.from(id) },
  publishedAt: 0,
  attempts: 0,
  ackId: undefined,
  ticket: 0,
  ticketAt: 0,
  leasedUntil: 0,
});

const delivery = (id: string, ticket: string, ackId: string): Message => ({
  ackId,
  message: { attributes: { id, ticket } },
});

test("hands in new tickets for free messages before pstest forgets the old ones, which then count for nothing", async () => {
  let now = 0;
  const { tickets, upstream } = recorder();
  const lane = await openLane(upstream, { id: "x", ackDeadlineSeconds: 10, ordered: false, realNow: () => now });
  await lane.add([held("a"), held("b")]);
  expect(tickets).toEqual([
    { id: "a", ticket: "1" },
    { id: "b", ticket: "2" },
  ]);
  lane.redeem([delivery("b", "2", "ack-b")], 600);
  now = 7 * MINUTE;
  await lane.renew(now);
  expect(tickets).toHaveLength(2);
  now = 9 * MINUTE;
  await lane.renew(now);
  expect(tickets.slice(2)).toEqual([{ id: "a", ticket: "3" }]);
  expect(lane.redeem([delivery("a", "1", "old")], 10)).toEqual([]);
  expect(lane.redeem([delivery("a", "3", "new")], 10).map(({ id }) => id)).toEqual(["a"]);
  expect(lane.find(["old"])).toEqual([]);
  expect(lane.find(["new", "new"]).map(({ id }) => id)).toEqual(["a"]);
});

test("redeems what is current when a stale ticket can't be acknowledged, as when its lane was closed meanwhile", async () => {
  const { upstream } = recorder();
  const refused = Promise.withResolvers<void>();
  const closing: Upstream = {
    ...upstream,
    call(method, request) {
      if (method !== "Subscriber.Acknowledge") return upstream.call(method, request);
      refused.resolve();
      return Promise.reject(new Error("pstest: NOT_FOUND"));
    },
  };
  const lane = await openLane(closing, { id: "x", ackDeadlineSeconds: 10, ordered: false, realNow: () => 0 });
  await lane.add([held("a")]);
  expect(lane.redeem([delivery("b", "7", "old"), delivery("a", "1", "new")], 10).map(({ id }) => id)).toEqual(["a"]);
  await refused.promise;
  // An unhandled rejection is told, and fails the run, a turn later.
  await new Promise((resolve) => setImmediate(resolve));
});
