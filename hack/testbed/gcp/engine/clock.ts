/** The clock of a running cloud. */
import type { Clock } from "./world.ts";

/** Real time, until a test advances it. */
export function newClock(): Clock {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    advance(millis) {
      ahead += millis;
    },
    reset() {
      ahead = 0;
    },
  };
}
