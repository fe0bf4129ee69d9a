/** What Google's services ask before they encrypt with a customer's key. */
import { precondition } from "../../engine/errors.ts";
import { child, text } from "../../engine/messages.ts";
import { bindingsOf, policyOf } from "../../engine/policies.ts";
import type { Call, World } from "../../engine/world.ts";

const KEY = "cloudkms.googleapis.com/CryptoKey";
const VERSION = "cloudkms.googleapis.com/CryptoKeyVersion";
const ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter";

/**
 * Refuses a key that the service's agent may not use, or that is not enabled. Keys that the test bed doesn't know, such as
 * those of other projects, pass.
 *
 * @param agent such as `gcp-sa-pubsub`
 */
export function checkKeyUse(key: string, agent: string, { world }: Call): void {
  const why = unusable(key, agent, world);
  if (why?.lacks)
    throw precondition(
      `The service agent ${why.lacks} lacks ${ROLE} on the Cloud KMS key ${key}: grant it and try the operation anew.`,
    );
  if (why) throw precondition(`The Cloud KMS key ${key} is not enabled.`);
}

/** Undefined: the key can be used. `lacks`: the agent that has no right to it; without: the key is not enabled. */
export function unusable(
  key: string,
  agent: string,
  { store, project }: Pick<World, "store" | "project">,
): { readonly lacks?: string } | undefined {
  const found = key === "" ? undefined : store.get(KEY, key);
  if (found === undefined) return undefined;
  const member = `serviceAccount:service-${project.number}@${agent}.iam.gserviceaccount.com`;
  const allowed = bindingsOf(policyOf(store, key)).some(
    ({ role, members }) => role === ROLE && members.includes(member),
  );
  if (!allowed) return { lacks: member };
  const primary = store.get(VERSION, text(child(found, "primary"), "name"));
  return primary?.state === "ENABLED" ? undefined : {};
}
