/** google.iam.admin.v1 (custom roles, service accounts) and google.iam.v1.IAMPolicy (policies of other resources). */
import { policyHandlers } from "../../engine/policies.ts";
import type { ServiceModule } from "../module.ts";
import { roleHandlers } from "./roles.ts";
import { SERVICE_ACCOUNT, serviceAccountHandlers } from "./service-accounts.ts";

const ADMIN = "google.iam.admin.v1.IAM";
const POLICY = "google.iam.v1.IAMPolicy";

/** @param policyTypes resource types that have policies through IAMPolicy */
export const iam = (policyTypes: readonly string[]): ServiceModule => ({
  services: [ADMIN, POLICY],
  unary: {
    ...roleHandlers,
    ...serviceAccountHandlers,
    ...policyHandlers(ADMIN, [SERVICE_ACCOUNT]),
    ...policyHandlers(POLICY, policyTypes),
  },
});
