import type { Over } from "../../operator/provider/conformance/kind-under-test.ts";
import type { CrashPoint, Watch } from "./crash.ts";
import { watchWrites } from "./crash.ts";
import type { Lane } from "./lane.ts";
import type { Operator, OperatorOptions } from "./operator.ts";
import { startOperator } from "./operator.ts";
import { expectCount, expectNoSurprise } from "./oracles.ts";
import type { Scribe } from "./report.ts";
import type { LiveSubject } from "./subject.ts";
import type { Passing } from "./wire.ts";

/** What users do with an object, one after the other. */
export const ACTS = ["create", "update", "delete"] as const;
export type Act = (typeof ACTS)[number];

/** What lives through it. */
export type Living = Pick<LiveSubject, "title" | "apply" | "remove" | "isReady" | "isGone" | "count" | "told">;

/** The operator of a namespace or of all, whichever process it is now. */
export interface Shift {
  /** The one that works now. */
  current(): Operator;
  /** Another one takes over from one that was killed; it and those after it are started like this, if that is given. */
  relieve(options?: OperatorOptions): Promise<void>;
  end(): Promise<void>;
}

/** @param namespace undefined: all */
export async function beginShift(
  lane: Lane,
  namespace: string | undefined,
  first: OperatorOptions = {},
): Promise<Shift> {
  let options = first;
  let operator = await startOperator(lane, namespace, options);
  return {
    current: () => operator,
    async relieve(other = options) {
      options = other;
      operator.kill();
      await operator.gone();
      operator = await startOperator(lane, namespace, options);
    },
    end: () => operator.stop(),
  };
}

export interface ActOptions {
  readonly lane: Lane;
  readonly shift: Shift;
  readonly subject: Living;
  readonly act: Act;
  /** What the update asks for. */
  readonly edit: Over;
  readonly point?: CrashPoint | undefined;
  readonly scribe: Scribe;
  /** What is written when nothing goes wrong; absent while that is being learnt. */
  readonly usual?: readonly Passing[] | undefined;
}

/**
 * A user acts, the operator dies at its point, another one takes over; then all must be as if nothing had happened.
 * @returns what was written, by both of them
 */
export async function run(options: ActOptions): Promise<Watch> {
  const { lane, shift, subject, act, edit, point, scribe, usual } = options;
  const operator = shift.current();
  const watch = watchWrites(point, () => operator.kill());
  lane.wire.tap(watch);
  const settled = act === "delete" ? subject.isGone : subject.isReady;
  const perform = { create: () => subject.apply(), update: () => subject.apply(edit), delete: subject.remove }[act];
  await perform();
  const crashedOrSettled = async () => {
    const isSettled = !watch.reached && (await settled());
    return watch.crashed || (isSettled && !watch.reached);
  };
  try {
    await lane.until(`${act} of ${subject.title}`, crashedOrSettled, { explain: subject.told });
    watch.disarm();
    if (watch.crashed) {
      scribe.hit();
      const after = watchWrites(undefined, () => {});
      lane.wire.tap(after);
      await shift.relieve();
      await lane.until(`${act} of ${subject.title}, by the next operator`, settled, { explain: subject.told });
      after.disarm();
      expectNoSurprise([...watch.writes, ...after.writes], usual ?? [], scribe);
    }
  } catch (error) {
    scribe.violation("U1 it converges", (error as Error).message);
  }
  lane.wire.tap(undefined);
  await expectCount(subject, act === "delete" ? 0 : 1, scribe);
  return watch;
}
