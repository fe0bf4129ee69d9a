/** Notifications of a Bucket as Cloud Storage has them: canonical forms both ways. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { BucketNotification } from "../../controllers/leaf/wants.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { NAME_ATTRIBUTE, TARGET_ATTRIBUTE } from "./bucket-transform.ts";
import { topicOf, topicOfQueue } from "./names.ts";
import type { NotificationConfig, StoredNotification } from "./storage.ts";

const PUBSUB = "//pubsub.googleapis.com/";

/** The topic that a notification is published to: a Queue has one of its own name. @throws ProviderError invalid */
export const topicFor = (target: string): string =>
  target.includes("/subscriptions/") ? topicOfQueue(target) : topicOf(target);

/** @throws ProviderError invalid, which names the notification and what to do */
export function checkTargets(project: string, notifications: readonly BucketNotification[]): void {
  for (const { name, target } of notifications)
    if (!topicFor(target).startsWith(`projects/${project}/`))
      throw new ProviderError(
        "invalid",
        `notifications[${name}]: ${target} is in another project; a Bucket tells queues and topics of its own: name one of this Environment`,
        { code: "NotificationTarget" },
      );
}

/**
 * What Cloud Storage is asked to tell. Where old versions are kept, what is deleted is archived, and DELETE tells of an old
 * version that goes for good, which is nobody's news. Where they are not, some may be left from before.
 */
export function configOf(
  { name, events, prefix, target }: BucketNotification,
  versioning: boolean,
): NotificationConfig {
  const deleted = versioning ? ["OBJECT_ARCHIVE"] : ["OBJECT_ARCHIVE", "OBJECT_DELETE"];
  return {
    topic: PUBSUB + topicFor(target),
    payload_format: "JSON_API_V1",
    event_types: events.flatMap((event) => (event === "ObjectCreated" ? ["OBJECT_FINALIZE"] : deleted)).sort(),
    ...(prefix !== "" && { object_name_prefix: prefix }),
    custom_attributes: { [NAME_ATTRIBUTE]: name, [TARGET_ATTRIBUTE]: target },
  };
}

/** Whether one that is there is just as asked for. */
export function sameConfig(live: StoredNotification, want: NotificationConfig): boolean {
  const { topic, payload_format, event_types = [], object_name_prefix, custom_attributes } = live;
  const plain = {
    topic,
    payload_format,
    event_types: [...event_types].sort(),
    ...(object_name_prefix && { object_name_prefix }),
    custom_attributes: { ...custom_attributes },
  };
  return isDeepStrictEqual(plain, want);
}

/** The topic of one that is there. */
export const liveTopic = ({ topic }: NotificationConfig): string => topic.slice(PUBSUB.length);

/** Those that are ours: the others of a bucket are somebody else's. */
export const isOurs = ({ custom_attributes }: NotificationConfig): boolean =>
  custom_attributes?.[NAME_ATTRIBUTE] !== undefined;

/**
 * What is there of ours, in the fields of Want. Whether it fits the versioning of the bucket is for `ensure` to see, before
 * that changes.
 *
 * @param open whether what is published to a topic arrives there as it should
 */
export function actualNotifications(
  live: readonly StoredNotification[],
  open: (topic: string) => boolean,
): readonly BucketNotification[] {
  const byName = Map.groupBy(live.filter(isOurs), (one) => one.custom_attributes?.[NAME_ATTRIBUTE] ?? "");
  return [...byName]
    .map(([name, same]): BucketNotification => {
      const [one] = same as [StoredNotification];
      const told = new Set(same.flatMap(({ event_types }) => event_types ?? []));
      const found: BucketNotification = {
        name,
        events: [
          ...(told.has("OBJECT_FINALIZE") ? (["ObjectCreated"] as const) : []),
          ...(told.has("OBJECT_ARCHIVE") || told.has("OBJECT_DELETE") ? (["ObjectDeleted"] as const) : []),
        ],
        prefix: one.object_name_prefix ?? "",
        target: one.custom_attributes?.[TARGET_ATTRIBUTE] ?? liveTopic(one),
        delivers: true,
      };
      const whole =
        same.length === 1 &&
        open(liveTopic(one)) &&
        topicAt(found.target) !== undefined &&
        [true, false].some((versioning) => sameConfig(one, configOf(found, versioning)));
      return { ...found, delivers: whole };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The topic of a target that was seen. Undefined: it is none. */
export function topicAt(target: string): string | undefined {
  try {
    return topicFor(target);
  } catch {
    return undefined;
  }
}

/** Topics in which a bucket is named, so that they are found again after any crash. */
export const footprintOf = (notifications: readonly BucketNotification[]): readonly string[] =>
  [...new Set(notifications.map(({ target }) => `${TELLS}${topicFor(target)}`))].sort();
const TELLS = "tells ";
export const topicsAt = (footprint: readonly string[]): readonly string[] =>
  footprint.flatMap((line) => (line.startsWith(TELLS) ? [line.slice(TELLS.length)] : []));

/** What stands for a topic in which the bucket is named and that it tells nothing any more: never wanted, so it is drift. */
export const leftover = (topic: string): BucketNotification => ({
  name: `left on ${topic}`,
  events: [],
  prefix: "",
  target: topic,
  delivers: false,
});
