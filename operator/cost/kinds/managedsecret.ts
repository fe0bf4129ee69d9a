import type { Neutral } from "../../provider/provider.ts";
import type { Estimator } from "../estimate.ts";
import { aws, gcp } from "../prices.ts";
import { keyUse } from "./key-use.ts";

/** What of a SecretWant is billed. */
interface Billed {
  readonly rotation: object | null;
  readonly encryptionKey: string | null;
  readonly overrides: { readonly [field: string]: Neutral };
}

/** Where Secret Manager keeps it; the region of the Environment when nothing is said. */
const locations = ({ overrides }: Billed): number =>
  Array.isArray(overrides.locations) ? Math.max(1, overrides.locations.length) : 1;

export const managedSecret: Estimator<Billed> = {
  aws: (want) => ({
    fixed: [
      {
        what: "the secret, whatever its versions, and each copy in another region",
        quantity: 1 + (Array.isArray(want.overrides.replicas) ? want.overrides.replicas.length : 0),
        price: aws.secret,
      },
    ],
    byUse: [{ what: "reads and changes", price: aws.secretRequest }, ...keyUse.aws(want)],
  }),
  gcp: (want) => ({
    fixed: [{ what: "its version in use", quantity: locations(want), price: gcp.secretVersion }],
    byUse: [{ what: "reads", price: gcp.secretAccess }, ...keyUse.gcp(want)],
    note: "versions that were replaced are disabled, not destroyed: each is paid for until somebody destroys it",
  }),
};
