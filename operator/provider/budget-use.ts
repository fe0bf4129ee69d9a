/** How a budget was used in the last minute. */
export interface Use {
  /** Part of what the limit allows, 0 to 1. */
  readonly share: number;
  /** Verbs that the limit held back for a second or more. */
  readonly waited: number;
  /** Calls that the cloud refused for being too many. */
  readonly throttled: number;
}

/**
 * Coarse steps, so that status changes when something worth telling does:
 * - `High`      half of the budget or more was used in the last minute
 * - `Waiting`   verbs waited for it for a second or more
 * - `Throttled` the cloud asked to slow down
 * Less than that is `Low`.
 */
export type UseLevel = "Low" | "High" | "Waiting" | "Throttled";

export const levelOf = ({ share, waited, throttled }: Use): UseLevel =>
  throttled > 0 ? "Throttled" : waited > 0 ? "Waiting" : share >= 0.5 ? "High" : "Low";

/** Counts what happens to a budget. */
export interface Meter {
  /** One was let through after so many ms of waiting. */
  let(waitedMs: number): void;
  /** One gave up after so many ms of waiting. */
  gaveUp(waitedMs: number): void;
  throttled(): void;
  /** @param perSecond the limit */
  use(perSecond: number): Use;
}

const SLOT_MS = 10_000;
const SLOTS = 6;
const LONG_MS = 1_000;

/** A minute in six slots: what is older is forgotten ten seconds at a time. */
export function createMeter(now: () => number): Meter {
  const slots = new Map<number, { passed: number; waited: number; throttled: number }>();
  const oldest = () => Math.floor(now() / SLOT_MS) - SLOTS + 1;
  const slot = () => {
    const first = oldest();
    for (const key of slots.keys()) if (key < first) slots.delete(key);
    const key = first + SLOTS - 1;
    const found = slots.get(key) ?? { passed: 0, waited: 0, throttled: 0 };
    slots.set(key, found);
    return found;
  };
  const wait = (ms: number) => {
    if (ms >= LONG_MS) slot().waited += 1;
  };
  return {
    let(ms) {
      slot().passed += 1;
      wait(ms);
    },
    gaveUp: wait,
    throttled() {
      slot().throttled += 1;
    },
    use(perSecond) {
      const first = oldest();
      const recent = [...slots].flatMap(([key, counts]) => (key >= first ? [counts] : []));
      const sum = (of: "passed" | "waited" | "throttled") => recent.reduce((total, counts) => total + counts[of], 0);
      const allowed = (perSecond * SLOT_MS * SLOTS) / 1000;
      return { share: Math.min(1, sum("passed") / allowed), waited: sum("waited"), throttled: sum("throttled") };
    },
  };
}
