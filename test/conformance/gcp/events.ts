import type { Firing } from "../events.ts";
import type { GcpUnderTest } from "./cloud.ts";

/** The cloud's clock goes on, and jobs run. */
export const eventsOnGcp = (gcp: GcpUnderTest): Firing => ({
  async nextTime() {
    gcp.advance(5 * 60_000);
  },
  async subscribe({ TOPIC_ID: topic = "" }) {
    const { subscriber } = gcp.eyes;
    const subscription = `${topic.replace("/topics/", "/subscriptions/")}-theirs`;
    await gcp.byOthers(() => subscriber.createSubscription({ name: subscription, topic }));
    return {
      queue: { QUEUE_ID: subscription },
      remove: async () => void (await gcp.byOthers(() => subscriber.deleteSubscription({ subscription }))),
    };
  },
  withinMs: 5_000,
});
