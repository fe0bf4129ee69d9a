import type { protos } from "@google-cloud/pubsub";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { bucketOnGcp, unlessAbsent } from "./bucket.ts";
import type { GcpUnderTest } from "./cloud.ts";

type Transform = protos.google.pubsub.v1.IMessageTransform;

/** Bucket that tells of its objects, on GCP, by Google's clients of Cloud Storage and Pub/Sub. */
export function bucketTellerOnGcp(gcp: GcpUnderTest): KindOnCloud {
  const { eyes, byOthers } = gcp;
  const { storage, publisher } = eyes;
  const bucket = bucketOnGcp(gcp);
  const notifications = async ({ name }: Subject) =>
    (await unlessAbsent(storage.bucket(name).getNotifications()))?.[0] ?? [];
  const topicsOf = async (subject: Subject) =>
    (await notifications(subject)).map(({ metadata }) =>
      String((metadata as { topic?: string } | undefined)?.topic).replace("//pubsub.googleapis.com/", ""),
    );
  const transforms = (change: (live: readonly Transform[]) => Transform[]) => (subject: Subject) =>
    byOthers(async () => {
      for (const name of await topicsOf(subject)) {
        const [topic] = await publisher.getTopic({ topic: name });
        const messageTransforms = change(topic.messageTransforms ?? []);
        await publisher.updateTopic({
          topic: { name, messageTransforms },
          updateMask: { paths: ["message_transforms"] },
        });
      }
    });

  /** The topics beside it, as if nobody had ever told them anything. */
  const clear = ({ object }: Subject) =>
    byOthers(async () => {
      const [topics] = await publisher.listTopics({ project: `projects/${gcp.place.account}` });
      for (const { name, labels } of topics) {
        if (!name || ownerOf(labels ?? {})?.namespace !== object.metadata.namespace) continue;
        await eyes.setPolicy(name, { bindings: [] });
        await publisher.updateTopic({ topic: { name }, updateMask: { paths: ["message_transforms"] } });
      }
    });

  return {
    ...bucket,
    makes: [...bucket.makes, "SetIamPolicy", "UpdateTopic", "CreateNotificationConfig"],
    unmakes: ["DeleteNotificationConfig", "UpdateTopic", ...bucket.unmakes],
    touches(write) {
      return /Topic|NotificationConfig|IamPolicy/.test(write.operation) ? ["notifications"] : bucket.touches(write);
    },
    async snapshot(subject) {
      const found = await bucket.snapshot(subject);
      return found && { bucket: found, told: (await notifications(subject)).map(({ metadata }) => metadata) };
    },
    clear,
    async remove(subject) {
      await bucket.remove(subject);
      await clear(subject);
    },
    tamper: {
      ...bucket.tamper,
      "notifications: taken away": (subject) =>
        byOthers(async () => {
          for (const one of await notifications(subject)) await one.delete();
        }),
      "notifications: no transform": transforms(() => []),
      "notifications: another shape": transforms((live) =>
        live.map(({ javascriptUdf }) => ({
          javascriptUdf: { ...javascriptUdf, code: `${javascriptUdf?.code}// changed` },
        })),
      ),
      "notifications: a transform that is off": transforms((live) => live.map((one) => ({ ...one, disabled: true }))),
      "notifications: Cloud Storage may not publish": (subject) =>
        byOthers(async () => {
          for (const topic of await topicsOf(subject)) await eyes.setPolicy(topic, { bindings: [] });
        }),
    },
  };
}
