import { titleOf } from "../../../operator/provider/conformance/tried.ts";
import type { Lane } from "../lane.ts";
import { expectCount } from "../oracles.ts";
import { freeLease, type Replica, readLease, settle, startReplica } from "../process.ts";
import { createScribe, type Outcome, type Scribe } from "../report.ts";
import type { RunOptions, Scenario } from "../scenario.ts";
import { type LiveSubject, liveSubject } from "../subject.ts";

/** Lease 15 s, renewed within 10: another one takes over after that long at most, on a busy machine too. */
const TAKEOVER_MS = 40_000;
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
      await lane.cluster.kubectl(["delete", "namespace", namespace, "--wait=false"]);
    }
    yield scribe.outcome();
  },
});

const createOf = ({ name }: Lane["side"]): string => (name === "aws" ? "CreateQueue" : "CreateTopic");

/** Creates in the cloud are neither answered nor done, until `heal`. */
function holdCreates({ side }: Lane): void {
  if (side.name === "aws")
    side.cloud.proxy.inject({ when: ({ operation }) => operation === "CreateQueue", trouble: { do: "hang" } });
  else side.cloud.eyes.gcp.control.faults.add({ method: "CreateTopic", hang: true });
}

/** The next call that makes a queue was sent. */
const creating = (lane: Lane, from: number) => () =>
  lane.wire.passed.slice(from).some(({ operation }) => operation === createOf(lane.side)) ||
  lane.side.cloud.writes().length > 0;

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
    const from = lane.side.cloud.writes().length;
    holdCreates(lane);
    await subject.apply();
    await settle(() => held(lane, from), CONVERGE_MS);
    first.signal("SIGSTOP");
    lane.side.cloud.heal();
    await settle(() => second.leads(), TAKEOVER_MS);
    await settle(subject.isReady, CONVERGE_MS);
    await quietly(lane);
    const passed = lane.wire.passed.length;
    first.signal("SIGCONT");
    scribe.hit();
    const ended = await Promise.race([first.ended, settle(() => false, TERMINATION_MS).catch(() => undefined)]);
    if (ended === undefined) scribe.violation("it ends once it has lost the lease", `${first.name} lives on`);
    for (const { side, operation, mutating, target } of lane.wire.passed.slice(passed))
      if (mutating && !LEASES_OR_EVENTS.test(operation))
        scribe.violation("no write by two at once", `${side}: ${operation} ${target}, after another one led`);
    await expectCount(subject, 1, scribe);
  },
);

/** A create was sent and hangs. */
function held(lane: Lane, _from: number): boolean {
  const { side } = lane;
  return side.name === "aws"
    ? side.cloud.proxy.calls.some(({ operation, status }) => operation === "CreateQueue" && status === undefined)
    : side.cloud.eyes.gcp.control.faults.list().some(({ hits }) => hits > 0);
}

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
    const until = performance.now() + (short ? 20_000 : 60_000);
    await settle(() => performance.now() > until, 2 * CONVERGE_MS);
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
    await Promise.all(subjects.map((one) => one.apply()));
    await settle(creating(lane, 0), CONVERGE_MS);
    first.signal("SIGTERM");
    scribe.hit();
    const ended = await Promise.race([first.ended, settle(() => false, TERMINATION_MS).catch(() => undefined)]);
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
    const until = performance.now() + 17_000;
    await settle(() => performance.now() > until, 2 * CONVERGE_MS);
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
