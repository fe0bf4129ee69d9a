import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import type { GcpUnderTest } from "./cloud.ts";
import { queueOnGcp, unlessGone } from "./queue.ts";

/** Queue that gets its messages from a Topic, on GCP, by Google's Pub/Sub clients. */
export function queueSubscriberOnGcp(gcp: GcpUnderTest): KindOnCloud {
  const { eyes, byOthers, place } = gcp;
  const { publisher, subscriber } = eyes;
  const { removePart: _own, ...queue } = queueOnGcp(gcp);
  const project = `projects/${place.account}`;
  const subscriptionOf = ({ name }: Subject) => `${project}/subscriptions/${name}`;
  /** The Pub/Sub topic of the Topic that the object names. */
  async function topicOf({ object }: Subject): Promise<string> {
    const { subscribeTo } = object.spec as { subscribeTo?: { topicRef: { name?: string } } };
    const [topics] = await publisher.listTopics({ project });
    const found = topics.find(({ labels }) => {
      const owner = ownerOf(labels ?? {});
      return owner?.name === subscribeTo?.topicRef.name && owner?.namespace === object.metadata.namespace;
    });
    if (!found?.name) throw new Error("the Topic is not there");
    return found.name;
  }

  return {
    ...queue,
    makes: ["CreateSubscription"],
    unmakes: ["DeleteSubscription"],
    async createForeign(subject) {
      const topic = await topicOf(subject);
      await byOthers(() =>
        subscriber.createSubscription({
          name: subscriptionOf(subject),
          topic,
          filter:
            'hasPrefix(attributes."region", "eu-") AND (attributes."type" = "changed" OR attributes."type" = "created")',
          ackDeadlineSeconds: 60,
          messageRetentionDuration: { seconds: 345_600 },
          expirationPolicy: {},
          labels: { theirs: "x" },
        }),
      );
    },
    async remove(subject) {
      await byOthers(() => unlessGone(subscriber.deleteSubscription({ subscription: subscriptionOf(subject) })));
    },
  };
}
