import type { Tap } from "../../hack/testbed/tap.ts";
import type { Passing } from "./wire.ts";

/**
 * When an operator dies, as seen from one of its writes.
 *
 * - `before`      the write was about to be sent: the server never hears of it
 * - `unanswered`  the server has done it, and the operator never hears of that
 * - `answered`    the operator has the answer, and nothing that it sends after it gets out
 */
export type Moment = "before" | "unanswered" | "answered";
export const MOMENTS: readonly Moment[] = ["before", "unanswered", "answered"];

export interface CrashPoint {
  /** 1 for the first write of what is tried. */
  readonly write: number;
  readonly moment: Moment;
}

/** Every moment of each of these writes. */
export const pointsOf = (writes: readonly Passing[]): CrashPoint[] =>
  writes.flatMap((_, index) => MOMENTS.map((moment) => ({ write: index + 1, moment })));

/** Writes that what is tried consists of: an Environment's counts and events come and go as they like. */
const counts = ({ mutating, operation }: Passing): boolean =>
  mutating && !/ (environments|events|leases)(\/|$)/.test(operation);

/** Longest time in which an operator that has its answer says nothing more, in ms. */
const AFTERWARDS_MS = 100;

/** Watches the writes of what is tried; kills the operator at its point, if it has one. */
export interface Watch extends Tap<Passing> {
  /** What was written so far, in order. */
  readonly writes: readonly Passing[];
  /** Whether the point was reached: it dies now, or in the next moment. */
  readonly reached: boolean;
  readonly crashed: boolean;
  /** What comes from now on is no longer part of what is tried. */
  disarm(): void;
}

export function watchWrites(point: CrashPoint | undefined, kill: () => void): Watch {
  const writes: Passing[] = [];
  let reached: Passing | undefined;
  let answered = false;
  let dead = false;
  let armed = true;
  const die = () => {
    dead = true;
    kill();
  };
  return {
    writes,
    get reached() {
      return reached !== undefined;
    },
    get crashed() {
      return dead;
    },
    asked(passing) {
      if (answered && !dead) die();
      if (dead) return "refuse";
      if (!armed || !counts(passing)) return "pass";
      writes.push(passing);
      if (writes.length !== point?.write) return "pass";
      reached = passing;
      if (point.moment !== "before") return "pass";
      die();
      return "refuse";
    },
    done(passing) {
      if (dead) return "drop";
      if (passing !== reached) return "pass";
      if (point?.moment === "unanswered") {
        die();
        return "drop";
      }
      answered = true;
      setTimeout(() => !dead && die(), AFTERWARDS_MS);
      return "pass";
    },
    disarm() {
      armed = false;
    },
  };
}
