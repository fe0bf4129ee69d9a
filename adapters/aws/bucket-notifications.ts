import {
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
} from "@aws-sdk/client-s3";
import type { BucketNotification, BucketWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import { ownerOf, ownerTags, tagValue } from "../../operator/provider/owner.ts";
import type { Call } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { ask } from "./errors.ts";
import { eventRules } from "./event-rules.ts";
import {
  actualNotifications,
  compareRule,
  isQueue,
  type LiveRule,
  NAME_TAG,
  ruleName,
  rulesOf,
  targetStatement,
} from "./notification-shape.ts";
import { queuePolicies } from "./queue-policy.ts";
import { holds } from "./subscription-shape.ts";
import { tagChanges, tagsToCreate } from "./tags.ts";
import { topicPolicies } from "./topic-policy.ts";

/**
 * Notifications of a bucket: S3 tells EventBridge of all that happens in it, and a rule of ours for each event of each
 * notification writes the CloudEvent and sends it on. S3's own notifications to queues and topics are others' and stay.
 *
 * Right to send, rule, target are made in this order, and the right goes before the rule does: so a rule is left wherever
 * there is something to clear away. EventBridge is never turned off again for a bucket: others may listen too, and it
 * costs nothing.
 */
export function bucketNotifications(aws: Aws) {
  const { s3, place } = aws;
  const rules = eventRules(aws);
  const policies = { queue: queuePolicies(aws), topic: topicPolicies(aws) };
  const policiesOf = (target: string) => (isQueue(target) ? policies.queue : policies.topic);
  const of = (Bucket: string) => ({ Bucket, ExpectedBucketOwner: place.account });
  const options = (call: Call) => ({ abortSignal: call.signal });
  /** Made for a Bucket of this Environment: who holds the bucket, which its name is made of, holds the rule. */
  const isOurs = ({ tags }: LiveRule) => {
    const owner = ownerOf(tags);
    return owner?.environment === tagValue(place.environment) && owner.kind === tagValue("Bucket");
  };
  const oursOf = async (bucket: string, call: Call) => (await rules.of(bucket, call)).filter(isOurs);

  async function configuration(bucket: string, call: Call) {
    const command = new GetBucketNotificationConfigurationCommand(of(bucket));
    const { $metadata: _metadata, ...found } = await ask(
      "S3 GetBucketNotificationConfiguration",
      s3.send(command, options(call)),
    );
    return found;
  }

  async function toEventBridge(bucket: string, call: Call): Promise<void> {
    const live = await configuration(bucket, call);
    if (live.EventBridgeConfiguration) return;
    const command = new PutBucketNotificationConfigurationCommand({
      ...of(bucket),
      NotificationConfiguration: { ...live, EventBridgeConfiguration: {} },
      // What others have there may be broken; that must not keep ours from being set.
      SkipDestinationValidation: true,
    });
    await step("have S3 tell EventBridge", () =>
      ask("S3 PutBucketNotificationConfiguration", s3.send(command, options(call))),
    );
  }

  const letSend = (bucket: string, target: string, may: boolean, call: Call) =>
    step(`${may ? "let EventBridge send to" : "take EventBridge off"} ${target}`, () =>
      policiesOf(target).put(target, targetStatement(aws, bucket, target, may), call),
    );

  async function removeRules(bucket: string, gone: readonly LiveRule[], used: ReadonlySet<string>, call: Call) {
    const targets = gone.flatMap(({ target }) => (target === undefined || used.has(target) ? [] : [target]));
    for (const target of new Set(targets)) await letSend(bucket, target, false, call);
    for (const { name } of gone) await step(`delete the rule ${name}`, () => rules.remove(name, call));
  }

  return {
    /** What there is of ours. */
    async actual(bucket: string, call: Call): Promise<readonly BucketNotification[]> {
      const live = await oursOf(bucket, call);
      if (live.length === 0) return [];
      const targets = [...new Set(live.flatMap(({ target }) => target ?? []))];
      const [{ EventBridgeConfiguration: told }, texts] = await sideBySide([
        configuration(bucket, call),
        sideBySide(targets.map((target) => policiesOf(target).read(target, call))),
      ]);
      const open = new Set(
        targets.filter((target, n) => told && holds(texts[n], targetStatement(aws, bucket, target, true))),
      );
      return actualNotifications(bucket, live, (target) => open.has(target));
    },

    /** Makes them as `want` says. Sends only what differs. */
    async ensure(bucket: string, want: BucketWant, call: Call): Promise<void> {
      const wanted = rulesOf(want.notifications);
      const used = new Set(wanted.map(({ target }) => target));
      const found = new Map((await rules.of(bucket, call)).map((rule) => [rule.name, rule]));
      for (const target of used) await letSend(bucket, target, true, call);
      if (wanted.length > 0) await toEventBridge(bucket, call);
      for (const one of wanted) {
        const name = ruleName(place.environment, bucket, one);
        const live = found.get(name);
        if (live && !isOurs(live))
          throw new ProviderError("conflict", `EventBridge rule ${name} exists and does not carry our marks`, {
            code: "RuleExists",
          });
        const same = live ? compareRule(bucket, one, live) : { rule: false, target: false };
        const marks = live ? undefined : { ...tagsToCreate(want.tags, call.owner), [NAME_TAG]: one.notification };
        if (!same.rule) await step(`make the rule ${name}`, () => rules.put(bucket, one, marks, call));
        if (live?.target !== undefined && !used.has(live.target)) await letSend(bucket, live.target, false, call);
        if (!same.target) await step(`set the target of ${name}`, () => rules.setTarget(bucket, one, call));
      }
      const names = new Set(wanted.map((one) => ruleName(place.environment, bucket, one)));
      const gone = [...found.values()].filter((rule) => isOurs(rule) && !names.has(rule.name));
      await removeRules(bucket, gone, used, call);
    },

    /** The tags of the rules, as those of the bucket. */
    async retag(bucket: string, tags: BucketWant["tags"], call: Call): Promise<void> {
      for (const rule of await oursOf(bucket, call)) {
        const change = tagChanges(rule.tags, tags, call.owner);
        await step(`tag the rule ${rule.name}`, () => rules.tag(rule.name, change, call));
      }
    },

    /** Our marks on the rules that some Bucket of this Environment made for it. */
    async adopt(bucket: string, call: Call): Promise<void> {
      for (const { name } of await oursOf(bucket, call))
        await step(`mark the rule ${name}`, () => rules.tag(name, { set: ownerTags(call.owner), remove: [] }, call));
    },

    /** All that is ours but what stands in the bucket itself. */
    remove: async (bucket: string, call: Call): Promise<void> =>
      removeRules(bucket, await oursOf(bucket, call), new Set(), call),
  };
}
