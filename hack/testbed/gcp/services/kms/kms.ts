/** google.cloud.kms.v1: key rings, symmetric crypto keys, their versions, and what is encrypted with them. */
import type { World } from "../../engine/world.ts";
import type { ServiceModule } from "../module.ts";
import { cryptoHandlers } from "./crypto.ts";
import { CRYPTO_KEY, cryptoKeys, KEY_RING, keyRings, rotateDue } from "./keys.ts";
import { destroyDue, VERSION, versionHandlers, versions } from "./versions.ts";

const SERVICE = "google.cloud.kms.v1.KeyManagementService";

export const kms = (world: World): ServiceModule => ({
  services: [SERVICE],
  semantics: { [KEY_RING]: keyRings, [CRYPTO_KEY]: cryptoKeys, [VERSION]: versions },
  unary: { ...versionHandlers(SERVICE), ...cryptoHandlers(SERVICE) },
  advanced() {
    rotateDue(world);
    destroyDue(world);
  },
});
