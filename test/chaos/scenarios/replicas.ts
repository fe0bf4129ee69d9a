import { setTimeout as rest } from "node:timers/promises";
import { titleOf } from "../../../operator/provider/conformance/tried.ts";
import type { ProxyCall } from "../../support/fault-proxy.ts";
import type { Lane } from "../lane.ts";
import { expectCount } from "../oracles.ts";
import { freeLease, type Replica, readLease, settle, startReplica } from "../process.ts";
import { createScribe, type Outcome, type Scribe } from "../report.ts";
import type { RunOptions, Scenario } from "../scenario.ts";
import { type LiveSubject, liveSubject } from "../subject.ts";

/** Lease 15 s, renewed within 10: another one takes over after that long at most, on a busy machine too. */
const TAKEOVER_MS = 40_000;
const LONGER_THAN_A_LEASE_MS = 17_000;
const TERMINATION_MS = 20_000;
const CONVERGE_MS = 90_000;

/** What a scenario about processes works with; all of it ends with it. */
interface Stage {
  readonly lane: Lane;
  readonly scribe: Scribe;
  readonly namespace: string;
  start(name: string, skewMs?: number): Promise<Replica>;
  queue(name: string): LiveSubject;
}

/** A scenario with `operator/main.ts` as processes, on the machine's time. */
const onStage = (
  faults: readonly number[],
  title: string,
  play: (stage: Stage, options: RunOptions) => Promise<void>,
): Scenario => ({
  faults,
  title,
  async *run(lane, options): AsyncIterable<Outcome> {
    const scribe = createScribe(title, lane.side.name);
    const namespace = await lane.namespace();
    const replicas: Replica[] = [];
    const queue = lane.kinds.find((one) => titleOf(one) === "Queue");
    if (!queue) throw new Error("There is no kind Queue.");
    try {
      await play(
        {
          lane,
          scribe,
          namespace,
          async start(name, skewMs) {
            const replica = await startReplica(lane, { name, namespace, ...(skewMs === undefined ? {} : { skewMs }) });
            replicas.push(replica);
            return replica;
          },
          queue: (name) => liveSubject(lane, queue, namespace, name),
        },
        options,
      );
    } catch (error) {
      scribe.violation("U1 it converges", (error as Error).stack ?? String(error));
    } finally {
      lane.wire.kubernetes.heal();
      lane.side.cloud.heal();
      for (const replica of replicas) await replica.stop();
      await freeLease(lane);
      await lane.leave(namespace);
    }
    yield scribe.outcome();
  },
});

/** Creates in the cloud are neither answered nor done, until `heal`. @returns whether one hangs */
function holdCreates({ side }: Lane): () => boolean {
  if (side.name === "aws") {
    const fault = { when: ({ operation }: ProxyCall) => operation === "CreateQueue", trouble: { do: "hang" } } as const;
    const held = side.cloud.proxy.inject(fault);
    return () => held.hits > 0;
  }
  const { faults } = side.cloud.eyes.gcp.control;
  const id = faults.add({ method: "CreateTopic", hang: true });
  return () => faults.list().some((one) => one.id === id && one.hits > 0);
}

const LEASES_OR_EVENTS = / (leases|events)$/;

export const leaderStopped = onStage(
  [15],
  "the leader stops in the middle of a call, another one takes over, and the first goes on",
  async ({ lane, scribe, start, queue }) => {
    const first = await start("first");
    await settle(() => first.leads(), TAKEOVER_MS);
    const second = await start("second");
    const subject = queue("orders");
    scribe.plan("the create of a queue is under way when the leader stops");
    const isHeld = holdCreates(lane);
    await subject.apply();
    await settle(isHeld, CONVERGE_MS);
    first.signal("SIGSTOP");
    lane.side.cloud.heal();
    await settle(() => second.leads(), TAKEOVER_MS);
    await settle(subject.isReady, CONVERGE_MS);
    await quietly(lane);
    const passed = lane.wire.passed.length;
    first.signal("SIGCONT");
    scribe.hit();
    const ended = await first.endsWithin(TERMINATION_MS);
    if (ended === undefined) scribe.violation("it ends once it has lost the lease", `${first.name} lives on`);
    for (const { side, operation, mutating, target } of lane.wire.passed.slice(passed))
      if (mutating && !LEASES_OR_EVENTS.test(operation))
        scribe.violation("no write by two at once", `${side}: ${operation} ${target}, after another one led`);
    await expectCount(subject, 1, scribe);
  },
);

/** Nothing passes for a second: what the new leader had to do is done. */
async function quietly(lane: Lane): Promise<void> {
  await settle(() => lane.wire.quietMs() > 1_000, CONVERGE_MS);
}

export const slowLeases = onStage(
  [16],
  "leases are answered after five seconds, and wall clocks are ten minutes apart",
  async ({ lane, scribe, start, queue }, { short }) => {
    const first = await start("ahead", 600_000);
    await settle(() => first.leads(), TAKEOVER_MS);
    await start("behind", -600_000);
    scribe.plan("every request for a lease takes five seconds");
    lane.wire.kubernetes.inject({
      when: ({ operation }) => operation.endsWith(" leases"),
      trouble: { do: "delay", ms: 5_000 },
    });
    scribe.hit();
    const before = (await readLease(lane))?.spec?.leaseTransitions ?? 0;
    const subject = queue("orders");
    await subject.apply();
    await settle(subject.isReady, CONVERGE_MS);
    await rest(short ? 20_000 : 60_000);
    const after = await readLease(lane);
    if ((after?.spec?.leaseTransitions ?? 0) > before)
      scribe.violation(
        "leadership does not flap",
        `the lease went over ${(after?.spec?.leaseTransitions ?? 0) - before} times`,
      );
    if (!(await first.leads())) scribe.violation("leadership does not flap", `${after?.spec?.holderIdentity} leads`);
    await expectCount(subject, 1, scribe);
  },
);

export const endedInGoodOrder = onStage(
  [17],
  "SIGTERM with many objects in work",
  async ({ lane, scribe, start, queue }, { short }) => {
    const first = await start("first");
    await settle(() => first.leads(), TAKEOVER_MS);
    const second = await start("second");
    const subjects = Array.from({ length: short ? 20 : 50 }, (_, n) => queue(`orders-${n}`));
    scribe.plan(`${subjects.length} queues are being made`);
    const made = lane.side.cloud.writes().length;
    await Promise.all(subjects.map((one) => one.apply()));
    await settle(() => lane.side.cloud.writes().length > made, CONVERGE_MS);
    first.signal("SIGTERM");
    scribe.hit();
    const ended = await first.endsWithin(TERMINATION_MS);
    if (ended !== 0)
      scribe.violation(
        "it ends in good order",
        `${first.name} ended with ${ended ?? "nothing"} within ${TERMINATION_MS} ms`,
      );
    const took = await settle(() => second.leads(), TAKEOVER_MS);
    if (took > 3_000) scribe.violation("another one leads in three seconds", `it took ${Math.round(took)} ms`);
    for (const one of subjects) await settle(one.isReady, CONVERGE_MS);
    for (const one of subjects) await expectCount(one, 1, scribe);
  },
);

export const clockSteps = onStage(
  [42],
  "the process is suspended for longer than its lease, or its wall clock steps by an hour",
  async ({ scribe, start, queue }) => {
    const alone = await start("alone", 0);
    await settle(() => alone.leads(), TAKEOVER_MS);
    scribe.plan("the wall clock steps by an hour");
    alone.signal("SIGUSR2");
    scribe.hit();
    const first = queue("orders");
    await first.apply();
    await settle(first.isReady, CONVERGE_MS);
    if (!alone.isAlive()) scribe.violation("it goes on", "it ended because of the wall clock");
    await expectCount(first, 1, scribe);

    scribe.plan("it is suspended for longer than its lease");
    alone.signal("SIGSTOP");
    await rest(LONGER_THAN_A_LEASE_MS);
    const next = await start("next");
    const second = queue("more");
    await second.apply();
    alone.signal("SIGCONT");
    scribe.hit();
    await settle(second.isReady, CONVERGE_MS);
    await expectCount(second, 1, scribe);
    if (!(await next.leads()) && !(await alone.leads())) scribe.violation("one of them leads", "none does");
  },
);
