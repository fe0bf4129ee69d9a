/** Notifications of a Bucket as EventBridge has them: a rule for each event of each, canonical forms both ways. Pure. */

import { isDeepStrictEqual } from "node:util";
import type { BucketNotification } from "../../controllers/leaf/wants.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { jsonIn } from "../../operator/provider/json.ts";
import { shortHash } from "../../operator/provider/owner.ts";
import { EVENT_TYPES, type ObjectEvent, sourceOf } from "../bucket-events.ts";
import { parseArn } from "./arn.ts";
import type { Aws } from "./clients.ts";
import { letServiceSend, type Ours, sidOf } from "./resource-policy.ts";

const EVENTBRIDGE = "events.amazonaws.com";
/** Rules have 64 characters: so many are left for the environment. */
const ENVIRONMENT_LENGTH = 34;
/** Of the one target that a rule of ours has. */
export const TARGET = "onyx";
/** The tag of a rule that says which notification it belongs to: its name holds a hash of it. */
export const NAME_TAG = "onyx-notification";

/** What a rule is about. */
export interface RuleWant {
  readonly notification: string;
  readonly event: ObjectEvent;
  readonly prefix: string;
  readonly target: string;
}

/** A rule as it stands there, with our target. */
export interface LiveRule {
  readonly name: string;
  readonly pattern: string;
  readonly enabled: boolean;
  readonly target: string | undefined;
  readonly template: string | undefined;
  readonly paths: Readonly<Record<string, string>> | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** How all rules of a bucket begin. */
export const rulePrefix = (environment: string, bucket: string): string =>
  `${environment.slice(0, ENVIRONMENT_LENGTH)}-${shortHash(bucket, 12)}-`;

const WORDS = { ObjectCreated: "created", ObjectDeleted: "deleted" } as const;

export const ruleName = (environment: string, bucket: string, { notification, event }: RuleWant): string =>
  `${rulePrefix(environment, bucket)}${shortHash(notification, 8)}-${WORDS[event]}`;

/** The rules that notifications come to, sorted as they are. */
export const rulesOf = (notifications: readonly BucketNotification[]): readonly RuleWant[] =>
  notifications.flatMap(({ name, events, prefix, target }) =>
    events.map((event) => ({ notification: name, event, prefix, target })),
  );

/**
 * Which events of S3 these are: docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html. Where versions are kept, a
 * delete that hides the object puts a marker on it; an old version that goes for good has an id, and is nobody's news.
 */
export const patternOf = (bucket: string, { event, prefix }: RuleWant): object => ({
  source: ["aws.s3"],
  "detail-type": [event === "ObjectCreated" ? "Object Created" : "Object Deleted"],
  detail: {
    bucket: { name: [bucket] },
    ...(prefix !== "" && { object: { key: [{ prefix }] } }),
    ...(event === "ObjectDeleted" && {
      $or: [
        { "deletion-type": ["Delete Marker Created"] },
        { "deletion-type": ["Permanently Deleted"], object: { "version-id": [{ exists: false }] } },
      ],
    }),
  },
});

/**
 * The CloudEvent. Variables stand where a JSON value does, never inside of quotes: there EventBridge escapes nothing. What
 * an event may lack (size, etag, version-id) comes within `object`, since a variable without value leaves no JSON.
 */
export const templateOf = (bucket: string, { event }: RuleWant): string =>
  `{"specversion":"1.0","id":<id>,"source":${JSON.stringify(sourceOf("aws", bucket))},"type":"${EVENT_TYPES[event]}","subject":<key>,"time":<time>,"datacontenttype":"application/json","data":{"bucket":<bucket>,"object":<object>}}`;

export const PATHS = {
  id: "$.id",
  time: "$.time",
  bucket: "$.detail.bucket.name",
  key: "$.detail.object.key",
  object: "$.detail.object",
} as const;

/** Whether the rule itself is as it should be, and whether its target is. */
export function compareRule(bucket: string, want: RuleWant, live: LiveRule): { rule: boolean; target: boolean } {
  return {
    rule: live.enabled && isDeepStrictEqual(jsonIn(live.pattern), JSON.parse(JSON.stringify(patternOf(bucket, want)))),
    target:
      live.target === want.target &&
      live.template === templateOf(bucket, want) &&
      isDeepStrictEqual({ ...live.paths }, { ...PATHS }),
  };
}

/** What a rule that is there is about, as far as it tells. */
export function ruleWantOf(live: LiveRule): RuleWant {
  const prefix = keyPrefix(jsonIn(live.pattern));
  return {
    notification: live.tags[NAME_TAG] ?? live.name,
    event: live.name.endsWith(WORDS.ObjectDeleted) ? "ObjectDeleted" : "ObjectCreated",
    prefix: typeof prefix === "string" ? prefix : "",
    target: live.target ?? "",
  };
}

function keyPrefix(pattern: unknown): unknown {
  const { detail } = (pattern ?? {}) as { detail?: { object?: { key?: readonly { prefix?: unknown }[] } } };
  return detail?.object?.key?.[0]?.prefix;
}

/**
 * The notifications that these rules come to. Rules of one that differ in prefix or target deliver not as one asked for.
 *
 * @param open whether events of the bucket reach EventBridge, and EventBridge may send to that target
 */
export function actualNotifications(
  bucket: string,
  live: readonly LiveRule[],
  open: (target: string) => boolean,
): readonly BucketNotification[] {
  const found = live.map((rule) => {
    const want = ruleWantOf(rule);
    const same = compareRule(bucket, want, rule);
    return { ...want, whole: same.rule && same.target && open(want.target) };
  });
  const byName = Map.groupBy(found, ({ notification }) => notification);
  return [...byName]
    .map(([name, rules]): BucketNotification => {
      const { prefix, target } = rules[0] as (typeof rules)[number];
      return {
        name,
        events: rules.map(({ event }) => event).sort(),
        prefix,
        target,
        delivers: rules.every((one) => one.whole && one.prefix === prefix && one.target === target),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Our statement in the policy of a target: EventBridge may send to it for rules of this bucket; null: it may not. */
export function targetStatement(aws: Pick<Aws, "arn" | "place">, bucket: string, target: string, may: boolean): Ours {
  const sid = sidOf("Bucket", bucket);
  const statement = letServiceSend({
    sid,
    service: EVENTBRIDGE,
    action: isQueue(target) ? "sqs:SendMessage" : "sns:Publish",
    resource: target,
    source: aws.arn("events", `rule/${rulePrefix(aws.place.environment, bucket)}*`),
    account: aws.place.account,
  });
  return { [sid]: may ? statement : null };
}

export const isQueue = (arn: string): boolean => parseArn(arn)?.service === "sqs";

/** @throws ProviderError invalid, which names the notification and what to do */
export function checkTargets({ place }: Pick<Aws, "place">, notifications: readonly BucketNotification[]): void {
  for (const { name, target } of notifications) {
    const arn = parseArn(target);
    const refuse = (what: string) =>
      new ProviderError("invalid", `notifications[${name}]: ${what}`, { code: "NotificationTarget" });
    if (arn?.service !== "sqs" && arn?.service !== "sns")
      throw refuse(`"${target}" is no ARN of an SQS queue or SNS topic`);
    if (arn.region !== place.region || arn.account !== place.account)
      throw refuse(
        `${target} is in another account or region; a Bucket tells queues and topics beside it: name one of this Environment`,
      );
    if (arn.resource.endsWith(".fifo"))
      throw refuse(`${target} keeps the order of messages by their key, and what a Bucket tells has none`);
  }
}
