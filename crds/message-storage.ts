import { z } from "zod";
import { set, text } from "./text.ts";

/** Where Pub/Sub may keep the messages of a topic. */
export const messageStorage = () =>
  z.strictObject({
    regions: set(text(63).describe("Region."), 64)
      .min(1)
      .describe("Regions in which messages may be stored, such as europe-west1."),
    enforceInTransit: z
      .boolean()
      .optional()
      .describe("True: publishing and receiving in other regions is refused too. Absent: false."),
  });
