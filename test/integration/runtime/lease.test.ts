import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, startCluster } from "../../../hack/testbed/index.ts";
import { type Client, createClient } from "../../../operator/runtime/client.ts";
import { createClock } from "../../../operator/runtime/clock.ts";
import { NotLeaderError } from "../../../operator/runtime/errors.ts";
import { createLease, type LeaderLease } from "../../../operator/runtime/lease.ts";
import { LEASES, type Lease } from "../../../operator/runtime/lease-record.ts";
import { createMemoryLog } from "../../../operator/runtime/testing/memory-log.ts";
import type { Transport } from "../../../operator/runtime/transport.ts";
import { CONFIG_MAPS, connectTo, until } from "../../support/runtime.ts";
import { openTcpGate, type TcpGate } from "../../support/tcp-gate.ts";

let cluster: Cluster;
let gate: TcpGate;
let behindGate: Transport;
let direct: Transport;
let client: Client;
const never = new AbortController().signal;

beforeAll(async () => {
  cluster = await startCluster({ name: "runtime-lease" });
  gate = await openTcpGate(cluster.ports.apiserver);
  behindGate = connectTo(cluster, gate.port);
  direct = connectTo(cluster);
  client = createClient(direct);
});
afterAll(async () => {
  await behindGate?.close();
  await direct?.close();
  await gate?.close();
  await cluster?.stop();
});

function candidate(name: string, identity: string, transport: Transport, times: object = {}): LeaderLease {
  const options = {
    client: createClient(transport),
    clock: createClock(),
    log: createMemoryLog(),
    namespace: "default",
  };
  return createLease({ ...options, name, identity, ...times });
}

const read = (name: string) => client.get<Lease>(LEASES, { namespace: "default", name });

describe("two processes and one lease", () => {
  it("given back, it goes to the other in less than three seconds (fault 17)", async () => {
    const first = candidate("handover", "first", direct);
    const second = candidate("handover", "second", direct);
    await first.acquire(never);
    void second.acquire(never);
    await until("a renewal", async () => {
      const { spec } = await read("handover");
      return spec?.renewTime !== spec?.acquireTime;
    });
    expect(second.isLeader()).toBe(false);
    const before = performance.now();
    await first.release();
    await until("the other to lead", () => second.isLeader());
    expect(performance.now() - before).toBeLessThan(3_000);
    const { spec } = await read("handover");
    expect(spec).toMatchObject({ holderIdentity: "second", leaseTransitions: 2, leaseDurationSeconds: 15 });
    await second.release();
  });

  it("cut off, one stops writing before the other begins (fault 15)", async () => {
    const times = { durationMs: 6_000, renewDeadlineMs: 4_000, retryMs: 800 };
    const first = candidate("cut-off", "first", behindGate, times);
    const second = candidate("cut-off", "second", direct, times);
    await first.acquire(never);
    void second.acquire(never);
    const fenced = createClient(direct, first.fence);
    await fenced.create(CONFIG_MAPS, "default", { metadata: { name: "written-while-leading" } });
    const journal: string[] = [];
    let overlap = false;
    const watch = setInterval(() => {
      overlap ||= first.isLeader() && second.isLeader();
    }, 5);
    first.fence.signal.addEventListener("abort", () => void journal.push("first stops"));
    gate.shut();
    await until("the other to lead", () => second.isLeader());
    journal.push("second leads");
    clearInterval(watch);
    expect(overlap).toBe(false);
    expect(journal).toEqual(["first stops", "second leads"]);
    await expect(first.lost).resolves.toBeInstanceOf(NotLeaderError);
    await expect(fenced.create(CONFIG_MAPS, "default", { metadata: { name: "too-late" } })).rejects.toBeInstanceOf(
      NotLeaderError,
    );
    expect(await client.find(CONFIG_MAPS, { namespace: "default", name: "too-late" })).toBeUndefined();
    gate.open();
    await second.release();
  });

  it("taken by force, one stops at its next renewal", async () => {
    const lease = candidate("forced", "first", direct, { retryMs: 500 });
    await lease.acquire(never);
    await client.patch(
      LEASES,
      { namespace: "default", name: "forced" },
      { spec: { holderIdentity: "someone-else" } },
      { as: "merge" },
    );
    await expect(lease.lost).resolves.toMatchObject({
      message: expect.stringContaining('"someone-else" holds it now'),
    });
    expect(lease.isLeader()).toBe(false);
  });
});
