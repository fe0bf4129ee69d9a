import { beforeEach, describe, expect, it } from "vitest";
import type { Client, Manifest } from "./client.ts";
import { ApiError } from "./errors.ts";
import { createEventRecorder, type EventNote, type EventRecorder } from "./events.ts";
import { createFakeClock, type FakeClock, settle } from "./testing/fake-clock.ts";
import { createMemoryLog } from "./testing/memory-log.ts";

interface Posted extends Manifest {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly note: string;
  readonly reason: string;
  readonly series?: { readonly count: number };
}

let clock: FakeClock;
let posted: Posted[];
let patched: { name: string; patch: unknown }[];
let outcomes: Record<string, number>;
let answer: () => Promise<void>;
let recorder: EventRecorder;

const queue = {
  apiVersion: "onyx.onelens.io/v1alpha1",
  kind: "Queue",
  metadata: { name: "orders", namespace: "shop", uid: "u1", resourceVersion: "7" },
};
const throttled: EventNote = { type: "Warning", reason: "Throttled", action: "Create", note: "slow down" };

beforeEach(() => {
  clock = createFakeClock();
  posted = [];
  patched = [];
  outcomes = {};
  answer = async () => {};
  const client = {
    async create(_type: unknown, _namespace: string, event: Posted) {
      posted.push(event);
      await answer();
    },
    async patch(_type: unknown, { name }: { name: string }, patch: unknown) {
      patched.push({ name, patch });
      await answer();
    },
  } as unknown as Client;
  recorder = createEventRecorder({
    client,
    clock,
    log: createMemoryLog(),
    metrics: {
      event: (outcome) => {
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      },
    },
    controller: "onyx.onelens.io/operator",
    instance: "pod-1",
  });
});

describe("an event", () => {
  it("says who, about what, and why", async () => {
    recorder.tell(queue, {
      ...throttled,
      related: { apiVersion: "v1", kind: "ServiceAccount", metadata: { ...queue.metadata, name: "sa" } },
    });
    await settle();
    expect(posted).toHaveLength(1);
    expect(posted[0]).toMatchObject({
      metadata: { namespace: "shop", name: expect.stringMatching(/^orders\.[0-9a-f-]{13}$/) },
      eventTime: "2026-01-01T00:00:00.000000Z",
      type: "Warning",
      reason: "Throttled",
      action: "Create",
      note: "slow down",
      regarding: { kind: "Queue", namespace: "shop", name: "orders", uid: "u1", resourceVersion: "7" },
      related: { kind: "ServiceAccount", name: "sa" },
      reportingController: "onyx.onelens.io/operator",
      reportingInstance: "pod-1",
    });
    expect(posted[0]).not.toHaveProperty("series");
  });

  it("of a cluster-wide object lies in the namespace default", async () => {
    recorder.tell({ ...queue, metadata: { name: "prod", uid: "u2", resourceVersion: "1" } }, throttled);
    await settle();
    expect(posted[0]?.metadata.namespace).toBe("default");
  });

  it("is cut to 1 KiB of whole characters, and carries no secret", async () => {
    recorder.tell(queue, { ...throttled, note: "ä€𝄞".repeat(400) });
    recorder.tell(queue, { ...throttled, reason: "Other", note: "authorization: Bearer abcdefghijklmnop" });
    await settle();
    const note = posted[0]!.note;
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(Buffer.byteLength(note)).toBeGreaterThan(1015);
    expect(note).toMatch(/^(ä€𝄞)+ä?€?…$/);
    expect(posted[1]!.note).not.toContain("abcdefghijklmnop");
  });
});

describe("repeats", () => {
  it("are joined: at most one write a minute for an object and reason (fault 19)", async () => {
    for (let second = 0; second < 300; second++) {
      recorder.tell(queue, throttled);
      await clock.advance(1_000);
    }
    expect(posted).toHaveLength(1);
    expect(patched.length).toBeGreaterThanOrEqual(4);
    expect(patched.length).toBeLessThanOrEqual(5);
    expect(patched[0]).toMatchObject({ name: posted[0]?.metadata.name, patch: { series: { count: 60 } } });
    expect(patched[3]).toMatchObject({ patch: { series: { count: 240 } } });
    expect(outcomes.joined).toBe(299);
  });

  it("with other words are another event, also at most once a minute", async () => {
    recorder.tell(queue, throttled);
    recorder.tell(queue, { ...throttled, note: "first" });
    recorder.tell(queue, { ...throttled, note: "second" });
    recorder.tell(queue, { ...throttled, note: "second" });
    await clock.advance(59_000);
    expect(posted).toHaveLength(1);
    await clock.advance(1_000);
    await settle();
    expect(posted[1]).toMatchObject({ note: "second", series: { count: 2 } });
    expect(posted).toHaveLength(2);
  });

  it("for other reasons or objects are told at once", async () => {
    recorder.tell(queue, throttled);
    recorder.tell(queue, { ...throttled, reason: "AccessDenied" });
    recorder.tell({ ...queue, metadata: { ...queue.metadata, uid: "u2" } }, throttled);
    await settle();
    expect(posted).toHaveLength(3);
  });

  it("after six quiet minutes begin a new series", async () => {
    recorder.tell(queue, throttled);
    await clock.advance(359_000);
    recorder.tell(queue, throttled);
    await clock.advance(60_000);
    expect([posted.length, patched.length]).toEqual([1, 1]);
    await clock.advance(360_000);
    recorder.tell(queue, throttled);
    await settle();
    expect(posted).toHaveLength(2);
    expect(clock.pending).toBe(1);
  });

  it("of an event that has expired are written anew", async () => {
    recorder.tell(queue, throttled);
    await settle();
    recorder.tell(queue, throttled);
    answer = async () => {
      answer = async () => {};
      throw new ApiError("gone", { status: 404, reason: "NotFound", details: undefined, retryAfterMs: undefined });
    };
    await clock.advance(60_000);
    await settle();
    expect(patched).toHaveLength(1);
    expect(posted).toHaveLength(2);
  });
});

function tellMany(count: number, note: EventNote): void {
  for (let index = 0; index < count; index++)
    recorder.tell({ ...queue, metadata: { ...queue.metadata, uid: `u${index}` } }, note);
}

describe("telling", () => {
  it("never waits and never fails, and counts what is lost", async () => {
    const first = Promise.withResolvers<void>();
    answer = () => first.promise;
    tellMany(2_500, throttled);
    await settle();
    expect(posted).toHaveLength(1);
    expect(outcomes.dropped).toBe(500);
    answer = async () => {
      throw new Error("forbidden");
    };
    first.resolve();
    await clock.advance(210_000);
    expect(outcomes).toMatchObject({ sent: 1, failed: 1_999 });
  });

  it("sends what is told at once, and of a burst ten a second, warnings first", async () => {
    tellMany(100, { ...throttled, type: "Normal", reason: "Created" });
    await settle(60);
    expect(posted).toHaveLength(50);
    recorder.tell(queue, throttled);
    await clock.advance(1_000);
    expect(posted).toHaveLength(60);
    expect(posted[50]?.reason).toBe("Throttled");
    await clock.advance(10_000);
    expect(posted).toHaveLength(101);
  });

  it("joins a repeat to an event that is still to be sent", async () => {
    tellMany(50, throttled);
    const other = { ...queue, metadata: { ...queue.metadata, uid: "other" } };
    recorder.tell(other, throttled);
    recorder.tell(other, throttled);
    await recorder.flush();
    expect(posted).toHaveLength(51);
    expect(patched).toEqual([
      { name: posted[50]?.metadata.name, patch: { series: expect.objectContaining({ count: 2 }) } },
    ]);
  });

  it("waits for nothing any more when it is flushed", async () => {
    tellMany(100, throttled);
    await recorder.flush();
    expect(posted).toHaveLength(100);
  });

  it("is flushed at the end, with what was held back", async () => {
    recorder.tell(queue, throttled);
    recorder.tell(queue, { ...throttled, note: "later" });
    await recorder.flush();
    expect(posted.map(({ note }) => note)).toEqual(["slow down", "later"]);
    expect(clock.pending).toBe(0);
  });
});
