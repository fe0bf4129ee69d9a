import type { WriteCall } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Over } from "../../operator/provider/conformance/kind-under-test.ts";
import { type Tried, titleOf } from "../../operator/provider/conformance/tried.ts";
import { companionsIn } from "./companions.ts";
import type { Lane } from "./lane.ts";
import { type OperatorOptions, startOperator } from "./operator.ts";
import { expectCount } from "./oracles.ts";
import { createScribe, type Outcome, type Scribe } from "./report.ts";
import type { RunOptions } from "./scenario.ts";
import { type LiveSubject, liveSubject } from "./subject.ts";
import { type Truth, watchTruth } from "./truth.ts";

/** A namespace with an operator, in which things go wrong one after the other. */
export interface Room {
  readonly lane: Lane;
  readonly namespace: string;
  readonly scribe: Scribe;
  readonly truth: Truth;
  /** One way of going wrong: what does not converge is a violation, and the faults are over at its end. */
  plan(name: string, run: () => Promise<void>): Promise<void>;
  /** An object under a name of its own, not applied yet; what it refers to in these shapes is there and Ready. */
  subject(tried: Tried, ...overs: readonly Over[]): Promise<LiveSubject>;
  /** Applies it, and waits until it is Ready. */
  ready(subject: LiveSubject, over?: Over): Promise<void>;
  /** Deletes it, and waits until it is gone and nothing is left in the cloud. */
  gone(subject: LiveSubject): Promise<void>;
  /** From here on the operators' writes to the cloud are counted. @returns those since then */
  mark(): () => readonly WriteCall[];
  /** What must hold. */
  holds(oracle: string, holds: boolean, saw: () => string): void;
}

export interface RoomOptions extends OperatorOptions {
  /** Its operator looks after all namespaces. */
  readonly everywhere?: boolean;
}

/** Runs plans in a room of their own; at the end all of it is deleted, and nothing may be left of it. */
export async function inRoom(
  lane: Lane,
  title: string,
  run: (room: Room) => Promise<void>,
  { everywhere, ...options }: RoomOptions = {},
): Promise<Outcome> {
  const scribe = createScribe(title, lane.side.name);
  const namespace = await lane.namespace();
  const companions = companionsIn(lane, namespace);
  const subjects: LiveSubject[] = [];
  const truth = await watchTruth(lane, namespace);
  const operator = await startOperator(lane, everywhere ? undefined : namespace, options);
  const { cloud } = lane.side;
  const healthy = () => {
    lane.wire.tap(undefined);
    lane.wire.kubernetes.heal();
    cloud.heal();
  };
  const room: Room = {
    lane,
    namespace,
    scribe,
    truth,
    async plan(name, attempt) {
      scribe.plan(name);
      try {
        await attempt();
      } catch (error) {
        scribe.violation("U1 it converges", (error as Error).message);
      } finally {
        healthy();
      }
    },
    async subject(tried, ...overs) {
      await companions.provide(tried, [undefined, ...overs]);
      const name = `${titleOf(tried).toLowerCase().replaceAll(" ", "-")}-${subjects.length + 1}`;
      const subject = liveSubject(lane, tried, namespace, name);
      subjects.push(subject);
      return subject;
    },
    async ready(subject, over) {
      await subject.apply(over);
      await lane.until(`${subject.title} Ready`, subject.isReady, { explain: subject.told });
    },
    async gone(subject) {
      await subject.remove();
      await lane.until(`${subject.title} gone`, subject.isGone, { explain: subject.told });
      await expectCount(subject, 0, scribe);
    },
    mark() {
      const from = cloud.writes().length;
      return () => cloud.writes().slice(from);
    },
    holds(oracle, holds, saw) {
      if (!holds) scribe.violation(oracle, saw());
    },
  };
  try {
    await run(room);
    healthy();
    await clear([...companions.all, ...subjects], room);
  } catch (error) {
    scribe.violation("the harness itself", (error as Error).stack ?? String(error));
  } finally {
    healthy();
    await operator.stop();
    await truth.stop();
    truth.judge(scribe);
    await lane.leave(namespace);
  }
  return scribe.outcome();
}

async function clear(subjects: readonly LiveSubject[], { lane, scribe }: Room): Promise<void> {
  scribe.plan("all of it deleted");
  scribe.hit();
  const left: LiveSubject[] = [];
  for (const subject of subjects) {
    if (!(await subject.find())) continue;
    left.push(subject);
    await subject.remove();
  }
  const isClear = async () => (await Promise.all(left.map((one) => one.isGone()))).every(Boolean);
  await lane.until("all of it gone", isClear, { explain: () => left.map((one) => one.told()).join("\n") });
  for (const subject of left) await expectCount(subject, 0, scribe);
}

/** Kinds that a scenario is tried on: those it makes sense for, in the short form so many of them. */
export function among(
  kinds: readonly Tried[],
  { kinds: asked, short, dice }: RunOptions,
  few: number,
): readonly Tried[] {
  const wanted = kinds.filter((tried) => asked === undefined || asked.has(titleOf(tried)));
  return short ? dice.shuffled(wanted).slice(0, few) : wanted;
}

/** Operations, in short. */
export const operations = (writes: readonly WriteCall[]): string =>
  writes.map(({ operation, ok }) => (ok ? operation : `${operation} (refused)`)).join(", ") || "nothing";
