import type { ItemWant } from "../../../controllers/leaf/wants.ts";
import type { Estimator } from "../estimate.ts";

const note = "what it takes to keep and to read is on the bill of its Table";

/** An item has no price of its own on either cloud. */
export const tableItem: Estimator<ItemWant> = { aws: () => ({ note }), gcp: () => ({ note }) };
