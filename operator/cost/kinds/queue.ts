import type { QueueWant } from "../../../controllers/leaf/wants.ts";
import type { Estimator } from "../estimate.ts";
import { aws, gcp } from "../prices.ts";
import { keyUse } from "./key-use.ts";

const DAY_SECONDS = 86_400;

/** Neither cloud asks for a queue that is not used. What a Topic publishes, and encrypts on GCP, is on the Topic's bill. */
export const queue: Estimator<QueueWant> = {
  aws: (want) => ({
    byUse: [
      {
        what: "requests, each 64 KiB of a message one",
        price: want.ordering === "PerKey" ? aws.sqsFifoRequest : aws.sqsStandardRequest,
      },
      ...keyUse.aws(want),
    ],
  }),
  gcp: (want) => ({
    byUse: [
      {
        what: `${want.subscription ? "delivered" : "published and delivered"}, each 1 kB a request at least`,
        price: gcp.pubsubThroughput,
      },
      ...(want.retentionSeconds > DAY_SECONDS
        ? [{ what: "waiting for more than a day", price: gcp.pubsubStorage }]
        : []),
      ...(want.subscription ? [] : keyUse.gcp(want)),
    ],
  }),
};
