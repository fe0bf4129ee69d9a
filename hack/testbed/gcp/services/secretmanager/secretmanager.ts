/** google.cloud.secretmanager.v1: secrets, their versions and policies. */
import { unimplemented } from "../../engine/errors.ts";
import { policyHandlers } from "../../engine/policies.ts";
import type { Handler, World } from "../../engine/world.ts";
import type { ServiceModule } from "../module.ts";
import { expire, SECRET, secrets } from "./secrets.ts";
import { versionHandlers } from "./versions.ts";

const SERVICE = "google.cloud.secretmanager.v1.SecretManagerService";

const lacking =
  (what: string): Handler =>
  () => {
    throw unimplemented(`The test bed's Secret Manager has no ${what}.`);
  };

export const secretManager = (world: World): ServiceModule => ({
  services: [SERVICE],
  semantics: { [SECRET]: secrets },
  unary: {
    ...versionHandlers,
    ...policyHandlers(SERVICE, [SECRET]),
    [`${SERVICE}.EnableManagedRotation`]: lacking("managed rotation"),
    [`${SERVICE}.RotateSecret`]: lacking("managed rotation"),
  },
  advanced: () => expire(world),
});
