import type { QueueSpec } from "../../crds/queue.ts";
import type { Given, Target } from "../../operator/reconcile/leaf-object.ts";
import { encryptionKeyOf } from "./encryption.ts";

const FIELD = "subscribeTo.topicRef";

/**
 * Why nothing can be sent to the Queue that `field` names: what comes from a Topic comes from nowhere else, since on Google
 * Cloud nothing could. Undefined: it can be.
 *
 * @param what is sent, such as `dead letters`
 */
export const refuseSubscriber = (field: string, { effective }: Target, what: string): string | undefined =>
  effective.subscription
    ? `${field}: this Queue gets its messages from a Topic (spec.subscribeTo) and can be sent nothing else, on no cloud: name another Queue for ${what}, or publish to the Topic.`
    : undefined;

/** Why a Queue can't subscribe to that Topic, as far as it is known. Undefined: it can. */
export function subscriptionProblem(spec: QueueSpec, given: Pick<Given, "target" | "cloud">): string | undefined {
  if (!spec.subscribeTo) return undefined;
  const external = spec.subscribeTo.topicRef.external !== undefined;
  const { ordering, encryptionKey = null, maxMessageBytes } = given.target(FIELD).effective;
  if (ordering !== undefined && ordering !== spec.ordering)
    return `${FIELD}: this Topic has ordering ${String(ordering)} and the Queue ${spec.ordering}. Both clouds deliver alike only where they are the same: make a Queue with ordering ${String(ordering)}.`;
  // Pub/Sub takes what is larger anyway, whatever the size that spec has for either.
  if (given.cloud === "aws" && spec.maxMessageBytes < Number(maxMessageBytes ?? 0))
    return `maxMessageBytes: the Topic takes messages of ${String(maxMessageBytes)} bytes and the Queue of ${spec.maxMessageBytes}, so that SNS could not deliver the largest. Give the Queue ${String(maxMessageBytes)} too.`;
  if (!spec.encryption) return undefined;
  if (external && given.cloud === "gcp")
    return `encryption.keyRef: on Google Cloud the key of the topic encrypts what a subscription holds, and this topic is not managed here. Leave encryption out.`;
  if (!external && encryptionKeyOf(spec, given) !== encryptionKey)
    return `encryption.keyRef: on Google Cloud the key of the Topic encrypts what a subscription holds, so both have the same: give the Topic this key, or leave encryption out here.`;
  return undefined;
}
