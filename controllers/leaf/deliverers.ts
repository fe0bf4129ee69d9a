import type { BucketSpec } from "../../crds/bucket.ts";
import type { Cloud } from "../../operator/provider/provider.ts";
import type { BucketDeliverer } from "./wants.ts";

/** The field of spec that says who it is. */
const WHO = { aws: "account", gcp: "serviceAccount" } as const satisfies Record<Cloud, string>;

/** Who may put objects into a Bucket on this cloud. */
export function deliverersOf({ overrides }: BucketSpec, cloud: Cloud): readonly BucketDeliverer[] {
  const given: readonly { readonly who: string; readonly prefix?: string | undefined }[] =
    cloud === "aws"
      ? (overrides?.aws?.deliverers ?? []).map(({ account, prefix }) => ({ who: account, prefix }))
      : (overrides?.gcp?.deliverers ?? []).map(({ serviceAccount, prefix }) => ({ who: serviceAccount, prefix }));
  return given
    .map(({ who, prefix = "" }) => ({ who, prefix, delivers: true }))
    .sort((a, b) => (a.who < b.who ? -1 : 1));
}

/** As the overrides of one cloud have it. What does not let in just so can't be asked for, so it is left out. */
export function deliverersSpec(deliverers: readonly BucketDeliverer[] | undefined, cloud: Cloud): object {
  const asked = (deliverers ?? [])
    .filter(({ delivers }) => delivers)
    .map(({ who, prefix }) => ({ [WHO[cloud]]: who, ...(prefix !== "" && { prefix }) }));
  return asked.length > 0 ? { deliverers: asked } : {};
}
