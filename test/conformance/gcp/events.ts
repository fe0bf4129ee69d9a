import { expect } from "vitest";
import type { Firing } from "../events.ts";
import type { GcpUnderTest } from "./cloud.ts";

/** The cloud's clock goes on, and jobs run. */
export const eventsOnGcp = (gcp: GcpUnderTest): Firing => ({
  async nextTime() {
    gcp.advance(5 * 60_000);
  },
  async publish(event) {
    const { account, region, environment } = gcp.place;
    const bus = `projects/${account}/locations/${region}/messageBuses/onyx-${environment}`;
    const reply = await fetch(`${gcp.eyes.gcp.rest}/v1/${bus}:publish`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonMessage: JSON.stringify(event) }),
    });
    expect(reply.status, await reply.text()).toBe(200);
  },
  tellsContext: true,
  withinMs: 5_000,
});
