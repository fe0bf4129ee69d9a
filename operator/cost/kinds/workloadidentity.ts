import type { IdentityWant } from "../../../controllers/leaf/wants.ts";
import type { Estimator } from "../estimate.ts";

/** https://aws.amazon.com/iam/faqs/ and https://cloud.google.com/iam/pricing: identities and rights cost nothing. */
export const workloadIdentity: Estimator<IdentityWant> = {
  aws: () => ({ note: "IAM costs nothing" }),
  gcp: () => ({ note: "IAM costs nothing" }),
};
