import { beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "./clock.ts";
import { NotLeaderError } from "./errors.ts";
import { createLease, type LeaderLease } from "./lease.ts";
import { eventually } from "./testing/eventually.ts";
import { createFakeClock, type FakeClock, settle } from "./testing/fake-clock.ts";
import { createMemoryLeases, type MemoryLeases } from "./testing/memory-leases.ts";
import { createMemoryLog } from "./testing/memory-log.ts";

let clock: FakeClock;
let leases: MemoryLeases;
const abort = new AbortController();

beforeEach(() => {
  clock = createFakeClock();
  leases = createMemoryLeases(clock);
});

function create(identity: string, own: Clock = clock): LeaderLease {
  const log = createMemoryLog();
  return createLease({
    client: leases.client(identity),
    clock: own,
    log,
    random: () => 0.5,
    namespace: "n",
    name: "l",
    identity,
  });
}

function open(lease: LeaderLease): boolean {
  try {
    lease.fence.check();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(NotLeaderError);
    return false;
  }
}

async function lead(identity = "a"): Promise<LeaderLease> {
  const lease = create(identity);
  const acquired = lease.acquire(abort.signal);
  await eventually(() => lease.isLeader(), clock);
  await acquired;
  return lease;
}

describe("taking the lease", () => {
  it("creates it, opens the fence, and keeps renewing it", async () => {
    const lease = create("a");
    expect(open(lease)).toBe(false);
    await lease.acquire(abort.signal);
    expect(open(lease)).toBe(true);
    expect(leases.spec()).toMatchObject({ holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 1 });
    expect(leases.spec()?.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    const first = leases.spec()?.renewTime;
    await clock.advance(60_000);
    expect(open(lease)).toBe(true);
    expect(leases.spec()?.renewTime).not.toBe(first);
    const renewals = leases.writes.length - 1;
    expect(renewals).toBeGreaterThan(20);
    expect(renewals).toBeLessThan(32);
  });

  it("waits while another renews it, and takes it 15 s after the last renewal", async () => {
    const first = await lead("a");
    const second = create("b");
    const acquired = second.acquire(abort.signal);
    await clock.advance(60_000);
    expect(second.isLeader()).toBe(false);
    leases.down = true;
    await clock.advance(11_000);
    expect(open(first)).toBe(false);
    leases.down = false;
    await clock.advance(3_000);
    expect(open(second)).toBe(false);
    await clock.advance(6_000);
    await acquired;
    expect(open(second)).toBe(true);
    expect(leases.spec()).toMatchObject({ holderIdentity: "b", leaseTransitions: 2 });
  });

  it("goes by what it saw, not by what clocks show (fault 16)", async () => {
    const [early, late] = [-600_000, 600_000].map((skew): Clock => ({ ...clock, now: () => clock.now() + skew }));
    const first = create("a", late);
    await first.acquire(abort.signal);
    const second = create("b", early);
    void second.acquire(abort.signal);
    await clock.advance(120_000);
    expect([open(first), open(second)]).toEqual([true, false]);
    expect(leases.spec()?.leaseTransitions).toBe(1);
  });

  it("is taken within three seconds of being given back (fault 17)", async () => {
    const first = await lead("a");
    const second = create("b");
    void second.acquire(abort.signal);
    await clock.advance(30_000);
    await first.release();
    expect(open(first)).toBe(false);
    expect(leases.spec()).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
    await clock.advance(3_000);
    expect(open(second)).toBe(true);
  });

  it("goes to one of many that try at once", async () => {
    const many = ["a", "b", "c", "d"].map((identity) => create(identity));
    for (const lease of many) void lease.acquire(abort.signal);
    leases.latencyMs = 50;
    await clock.advance(30_000);
    expect(many.filter((lease) => open(lease))).toHaveLength(1);
  });

  it("goes on trying through errors, and ends with the signal", async () => {
    leases.down = true;
    const lease = create("a");
    const stop = new AbortController();
    const acquired = lease.acquire(stop.signal);
    await clock.advance(20_000);
    stop.abort(new Error("stop"));
    await expect(acquired).rejects.toThrow("stop");
    leases.down = false;
    await clock.advance(20_000);
    expect(leases.writes).toEqual([]);
  });
});

describe("slow answers (fault 16)", () => {
  it.each([5_000, 7_000])("of %i ms cost neither leadership nor quiet", async (latencyMs) => {
    leases.latencyMs = latencyMs;
    const lease = create("a");
    void lease.acquire(abort.signal);
    await eventually(() => lease.isLeader(), clock);
    const rival = create("b");
    void rival.acquire(abort.signal);
    for (let second = 0; second < 120; second++) {
      await clock.advance(1_000);
      expect(open(lease)).toBe(true);
    }
    expect(open(rival)).toBe(false);
    expect(leases.spec()?.leaseTransitions).toBe(1);
  });
});

describe("losing the lease (fault 15)", () => {
  it("shuts the fence for good after 10 s without a renewal, before anyone else can have it", async () => {
    const lease = await lead();
    const rival = create("b");
    void rival.acquire(abort.signal);
    await clock.advance(20_000);
    leases.down = true;
    const before = clock.monotonic();
    await eventually(() => !lease.isLeader(), clock);
    expect(clock.monotonic() - before).toBeLessThanOrEqual(10_100);
    expect(lease.fence.signal.aborted).toBe(true);
    expect(rival.isLeader()).toBe(false);
    await expect(lease.lost).resolves.toMatchObject({
      message: expect.stringContaining("no renewal succeeded within 10000 ms"),
    });
    leases.down = false;
    await clock.advance(60_000);
    expect(open(lease)).toBe(false);
    expect(open(rival)).toBe(true);
  });

  it("is noticed at the check itself by a process that was stopped, before any timer fires", async () => {
    const lease = await lead();
    clock.freeze(30_000);
    expect(open(lease)).toBe(false);
    expect(lease.fence.signal.aborted).toBe(true);
    expect(lease.isLeader()).toBe(false);
  });

  it("is noticed at once when another holds it", async () => {
    const lease = await lead("a");
    leases.remove();
    await leases.client("b").create({} as never, "n", { spec: { holderIdentity: "b" } } as never, {});
    await clock.advance(2_500);
    expect(open(lease)).toBe(false);
    await expect(lease.lost).resolves.toMatchObject({ message: expect.stringContaining('"b" holds it now') });
  });

  it("does not follow from a lease that someone deleted: it is made again", async () => {
    const lease = await lead();
    leases.remove();
    await clock.advance(5_000);
    expect(open(lease)).toBe(true);
    expect(leases.spec()?.holderIdentity).toBe("a");
  });

  it("never lets two write: whatever is cut off, and whoever is stopped", async () => {
    const first = create("a");
    const second = create("b");
    void first.acquire(abort.signal);
    await clock.advance(100);
    void second.acquire(abort.signal);
    for (let second_ = 0; second_ < 200; second_++) {
      leases.down = second_ % 40 >= 25;
      leases.latencyMs = (second_ * 37) % 900;
      if (second_ === 90) clock.freeze(14_000);
      await clock.advance(1_000);
      expect([open(first), open(second)]).not.toEqual([true, true]);
    }
  });
});

describe("a wall clock that jumps", () => {
  it("forward, as after sleep, holds writes up until the lease is renewed", async () => {
    const lease = await lead();
    clock.stepWallClock(3_600_000);
    expect(open(lease)).toBe(false);
    expect(lease.isLeader()).toBe(true);
    await clock.advance(2_500);
    expect(open(lease)).toBe(true);
  });

  it("backward changes nothing (fault 42)", async () => {
    const lease = await lead();
    clock.stepWallClock(-3_600_000);
    expect(open(lease)).toBe(true);
    await clock.advance(30_000);
    expect(open(lease)).toBe(true);
  });
});

describe("giving the lease back", () => {
  it("is no error when it can't be reached, or was never held", async () => {
    const lease = await lead();
    leases.down = true;
    await expect(lease.release()).resolves.toBeUndefined();
    const never = create("z");
    await expect(never.release()).resolves.toBeUndefined();
    await expect(never.acquire(abort.signal)).rejects.toBeInstanceOf(NotLeaderError);
  });

  it("takes it from nobody else, and ends the renewals", async () => {
    const lease = await lead("a");
    await lease.release();
    const writes = leases.writes.length;
    await clock.advance(60_000);
    await settle();
    expect(leases.writes).toHaveLength(writes);
    expect(leases.spec()?.holderIdentity).toBe("");
  });
});
