import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { carries } from "../marks.ts";
import type { GcpUnderTest } from "./cloud.ts";
import { maskOf, unlessGone } from "./queue.ts";

/** The field of Want that each path of an update mask is. */
const FIELDS: Readonly<Record<string, string>> = {
  labels: "tags",
  kms_key_name: "encryptionKey",
  message_storage_policy: "messageStorage",
  message_retention_duration: "overrides",
  schema_settings: "overrides",
};

/** Topic on GCP, by Google's Pub/Sub client. */
export function topicOnGcp({ eyes: { publisher }, byOthers, place }: GcpUnderTest): KindOnCloud {
  const project = `projects/${place.account}`;
  const nameOf = ({ name }: Subject) => `${project}/topics/${name}`;
  const find = async (subject: Subject) => (await unlessGone(publisher.getTopic({ topic: nameOf(subject) })))?.[0];
  const change = (fields: object, path: string) => async (subject: Subject) => {
    const topic = { name: nameOf(subject), ...fields };
    await byOthers(() => publisher.updateTopic({ topic, updateMask: { paths: [path] } }));
  };
  const label = async (subject: Subject, key: string, value: string) => {
    const labels = { ...(await find(subject))?.labels, [key]: value };
    await change({ labels }, "labels")(subject);
  };

  return {
    makes: ["CreateTopic"],
    unmakes: ["DeleteTopic"],
    touches: ({ request }) => maskOf(request).map((path) => FIELDS[path] ?? path),
    async list({ object }) {
      const [topics] = await publisher.listTopics({ project });
      return topics
        .filter(({ labels }) => carries(ownerOf(labels ?? {}), object))
        .map(({ name }) => ({ id: name ?? "" }));
    },
    snapshot: find,
    tamper: {
      encryptionKey: change({ kmsKeyName: `${project}/locations/europe/keyRings/r/cryptoKeys/k` }, "kms_key_name"),
      overrides: change({ messageRetentionDuration: { seconds: 7200 } }, "message_retention_duration"),
      tags: (subject) => label(subject, "stage", "somebody"),
    },
    tag: label,
    async createForeign(subject) {
      await byOthers(() => publisher.createTopic({ name: nameOf(subject), labels: { theirs: "x" } }));
    },
    async remove(subject) {
      await byOthers(() => unlessGone(publisher.deleteTopic({ topic: nameOf(subject) })));
    },
  };
}
