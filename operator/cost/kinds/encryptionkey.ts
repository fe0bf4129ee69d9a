import type { Neutral } from "../../provider/provider.ts";
import type { Estimator } from "../estimate.ts";
import { aws, gcp } from "../prices.ts";

/** What of an EncryptionKeyWant is billed. */
interface Billed {
  readonly overrides: { readonly [field: string]: Neutral };
}

/** A key costs while it is there, whether it is used or not. What it encrypts has its use on its own bill. */
export const encryptionKey: Estimator<Billed> = {
  aws: () => ({
    fixed: [{ what: "the key", quantity: 1, price: aws.kmsKey }],
    note: "each of the first two rotations adds the price of a key",
  }),
  gcp: ({ overrides }) => ({
    fixed: [
      {
        what: "its first version",
        quantity: 1,
        price: overrides.protectionLevel === "HSM" ? gcp.kmsHsmKeyVersion : gcp.kmsKeyVersion,
      },
    ],
    note: "each rotation adds a version, paid for until it is destroyed",
  }),
};
