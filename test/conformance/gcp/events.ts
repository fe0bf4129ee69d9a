import type { Firing } from "../events.ts";
import type { GcpUnderTest } from "./cloud.ts";

/** The cloud's clock goes on, and jobs run. */
export const eventsOnGcp = (gcp: GcpUnderTest): Firing => ({
  async nextTime() {
    gcp.advance(5 * 60_000);
  },
  withinMs: 5_000,
});
