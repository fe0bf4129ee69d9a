import type { Estimator } from "../estimate.ts";
import { aws, gcp } from "../prices.ts";
import { keyUse } from "./key-use.ts";

/** What of a TopicWant is billed. */
interface Billed {
  readonly ordering: "None" | "PerKey";
  readonly encryptionKey: string | null;
}

/** Neither cloud asks for a topic that is not used. What its queues deliver is on their own bills. */
export const topic: Estimator<Billed> = {
  aws: (want) => ({
    byUse: [
      ...(want.ordering === "PerKey"
        ? [
            { what: "publishing, each message", price: aws.snsFifoPublish },
            { what: "publishing, each byte", price: aws.snsFifoPublished },
            { what: "delivery to a queue, each message", price: aws.snsFifoDelivery },
            { what: "delivery to a queue, each byte", price: aws.snsFifoDelivered },
          ]
        : [{ what: "publishing, each 64 KB one; delivery to a queue is free", price: aws.snsPublish }]),
      ...keyUse.aws(want),
    ],
  }),
  gcp: (want) => ({
    byUse: [{ what: "published, each 1 kB a request at least", price: gcp.pubsubThroughput }, ...keyUse.gcp(want)],
  }),
};
