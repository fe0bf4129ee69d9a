import type { Charge, Estimator } from "../estimate.ts";
import { aws, gcp } from "../prices.ts";
import { keyUse } from "./key-use.ts";

/** What of a BucketWant is billed. */
interface Billed {
  readonly storageClass: "Hot" | "Auto";
  readonly lifecycle: readonly { readonly to: "Cool" | "Cold" | "Archive" | null }[];
  readonly encryptionKey: string | null;
  readonly replicateTo: unknown;
}

const COLDER = {
  aws: { Cool: aws.s3InfrequentStorage, Cold: aws.s3GlacierInstantStorage, Archive: aws.s3DeepArchiveStorage },
  gcp: { Cool: gcp.storageNearline, Cold: gcp.storageColdline, Archive: gcp.storageArchive },
} as const;

/** The classes that rules move objects to, each once. Reading them early or often costs extra, which is not told. */
function colder(cloud: "aws" | "gcp", { lifecycle }: Billed): readonly Charge[] {
  const classes = new Set(lifecycle.flatMap(({ to }) => to ?? []));
  return [...classes].map((name) => ({ what: `stored in ${name}`, price: COLDER[cloud][name] }));
}

/** Copying itself is free on both; what is stored there, the other bucket tells, and what leaves a region, neither. */
const copies = (price: Charge["price"], { replicateTo }: Billed): readonly Charge[] =>
  replicateTo ? [{ what: "copies, each a write in the other bucket", price }] : [];

/** Neither cloud asks for an empty bucket. */
export const bucket: Estimator<Billed> = {
  aws: (want) => ({
    byUse: [
      { what: "stored, old versions included", price: aws.s3Storage },
      ...colder("aws", want),
      ...(want.storageClass === "Auto" ? [{ what: "watching for what can be colder", price: aws.s3Watching }] : []),
      { what: "writes and lists", price: aws.s3Write },
      { what: "reads", price: aws.s3Read },
      ...copies(aws.s3Write, want),
      ...keyUse.aws(want),
    ],
  }),
  gcp: (want) => ({
    byUse: [
      { what: "stored, old versions and what is softly deleted included", price: gcp.storageStandard },
      ...colder("gcp", want),
      ...(want.storageClass === "Auto"
        ? [{ what: "watching for what can be colder", price: gcp.storageWatching }]
        : []),
      { what: "writes and lists", price: gcp.storageWrite },
      { what: "reads", price: gcp.storageRead },
      ...copies(gcp.storageWrite, want),
      ...keyUse.gcp(want),
    ],
  }),
};
