/**
 * The function that makes CloudEvents of what Cloud Storage tells, as a transform of the Pub/Sub topic that it is told to.
 * Pure. cloud.google.com/pubsub/docs/smts/udfs-overview, cloud.google.com/storage/docs/pubsub-notifications#attributes
 */
import { EVENT_TYPES, sourceOf } from "../bucket-events.ts";
import type { MessageTransform } from "./pubsub.ts";

/** Attributes of the messages of our notifications: which notification of the bucket, and whom it goes to. */
export const NAME_ATTRIBUTE = "onyx-notification";
export const TARGET_ATTRIBUTE = "onyx-target";

const FUNCTION = "onyxBucketEvent";
const REGISTER = "// Made by Onyx for these buckets: ";

/** One function has so many bytes at most, and with it the register of buckets: read 2026-11-24. */
export const CODE_BYTES = 20_000;

/**
 * One function for all buckets, so that many can tell one topic. Its first line names them: the last one takes it away.
 * What others publish, notifications that are not ours included, passes as it is. What goes because it is overwritten is no
 * news: the write is.
 */
const codeFor = (buckets: readonly string[]): string => `${REGISTER}${JSON.stringify(buckets)}
function ${FUNCTION}(message, metadata) {
  const told = message.attributes || {};
  if (told.notificationConfig === undefined || told["${NAME_ATTRIBUTE}"] === undefined) return message;
  const created = told.eventType === "OBJECT_FINALIZE";
  if (!created && told.overwrittenByGeneration !== undefined) return null;
  const live = JSON.parse(message.data);
  const object = { key: told.objectId };
  if (created) object.size = Number(live.size);
  object.etag = live.etag;
  object["version-id"] = told.objectGeneration;
  const event = {
    specversion: "1.0",
    id: told.objectGeneration + "-" + told.eventType + "-" + told.objectId,
    source: "${sourceOf("gcp", "")}" + told.bucketId,
    type: created ? "${EVENT_TYPES.ObjectCreated}" : "${EVENT_TYPES.ObjectDeleted}",
    subject: told.objectId,
    time: told.eventTime,
    datacontenttype: "application/json",
    data: { bucket: told.bucketId, object: object },
  };
  return { data: JSON.stringify(event), attributes: {} };
}
`;

const isOurs = ({ javascriptUdf }: MessageTransform): boolean => javascriptUdf?.functionName === FUNCTION;

/** What buckets are called. Whoever may change the topic may write there what they want, and it is written again as code. */
const BUCKET = /^[a-z0-9][a-z0-9._-]*$/;

/** The buckets that a function of ours names. */
function bucketsOf(transforms: readonly MessageTransform[]): readonly string[] {
  const [first = ""] = (transforms.find(isOurs)?.javascriptUdf?.code ?? "").split("\n");
  try {
    const named: unknown = first.startsWith(REGISTER) ? JSON.parse(first.slice(REGISTER.length)) : [];
    return Array.isArray(named) ? named.filter((one) => BUCKET.test(one)) : [];
  } catch {
    return [];
  }
}

/** Whether a bucket's name still stands in the function of a topic. */
export const isRegistered = (transforms: readonly MessageTransform[], bucket: string): boolean =>
  bucketsOf(transforms).includes(bucket);

/** Whether these make CloudEvents of what this bucket tells. */
export function transformsFor(transforms: readonly MessageTransform[], bucket: string): boolean {
  const [ours, more] = transforms.filter(isOurs);
  return (
    isRegistered(transforms, bucket) &&
    more === undefined &&
    ours?.disabled !== true &&
    ours?.javascriptUdf?.code === codeFor(bucketsOf(transforms))
  );
}

/**
 * The transforms with the bucket named or not named in ours, those of others as they are and in their order. The same list
 * when nothing differs.
 */
export function withBucket(
  transforms: readonly MessageTransform[],
  bucket: string,
  tells: boolean,
): readonly MessageTransform[] {
  const others = bucketsOf(transforms).filter((one) => one !== bucket);
  if (tells ? transformsFor(transforms, bucket) : !isRegistered(transforms, bucket)) return transforms;
  const buckets = [...others, ...(tells ? [bucket] : [])].sort();
  const ours = { javascriptUdf: { functionName: FUNCTION, code: codeFor(buckets) } };
  // First: the function of somebody else would meet what it doesn't expect, and find no attributes after ours.
  return [...(buckets.length > 0 ? [ours] : []), ...transforms.filter((one) => !isOurs(one))];
}
