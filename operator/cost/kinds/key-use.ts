import type { Cloud } from "../../provider/provider.ts";
import type { Charge } from "../estimate.ts";
import { aws, gcp } from "../prices.ts";

/** What using a customer's key costs those that are encrypted with it. The key itself is another object's cost. */
export const keyUse: {
  readonly [C in Cloud]: (want: { readonly encryptionKey: string | null }) => readonly Charge[];
} = {
  aws: ({ encryptionKey }) => (encryptionKey === null ? [] : [{ what: "use of the key", price: aws.kmsRequest }]),
  gcp: ({ encryptionKey }) => (encryptionKey === null ? [] : [{ what: "use of the key", price: gcp.kmsOperation }]),
};
