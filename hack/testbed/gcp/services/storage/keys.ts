/** What Cloud Storage says of a customer's key: https://cloud.google.com/storage/docs/encryption/customer-managed-keys */
import type { World } from "../../engine/world.ts";
import { unusable } from "../kms/use.ts";
import { bad, forbidden } from "./refusals.ts";

/** @throws StorageError when Cloud Storage's service agent may not use the key, or the key is not enabled */
export function checkKeyUse(key: string | undefined, world: World): void {
  const why = unusable(key ?? "", "gs-project-accounts", world);
  if (why?.lacks)
    throw forbidden(
      "Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service account has been authorized to use this key.",
    );
  if (why) throw bad(`Cloud KMS key is disabled, destroyed, or scheduled to be destroyed: ${String(key)}.`);
}
