import {
  DeleteRuleCommand,
  ListRulesCommand,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-eventbridge";
import { ProviderError, sideBySide } from "../../operator/provider/fault.ts";
import type { Call } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import {
  type LiveRule,
  PATHS,
  patternOf,
  type RuleWant,
  ruleName,
  rulePrefix,
  TARGET,
  templateOf,
} from "./notification-shape.ts";
import { pagesOf } from "./pages.ts";
import { tagList, tagsOf } from "./tags.ts";

/** Rules of EventBridge's default bus that hand on what S3 tells of one bucket. */
export type EventRules = ReturnType<typeof eventRules>;

export function eventRules({ events, place, arn }: Pick<Aws, "events" | "place" | "arn">) {
  const options = (call: Call) => ({ abortSignal: call.signal });
  const arnOf = (name: string) => arn("events", `rule/${name}`);

  async function targetsOf(Rule: string, call: Call) {
    const operation = "EventBridge ListTargetsByRule";
    const command = new ListTargetsByRuleCommand({ Rule });
    const found = await askFor(operation, events.send(command, options(call)));
    return found && required(operation, "Targets", found.Targets);
  }

  async function tagsAt(ResourceARN: string, call: Call) {
    const operation = "EventBridge ListTagsForResource";
    const command = new ListTagsForResourceCommand({ ResourceARN });
    const found = await askFor(operation, events.send(command, options(call)));
    return found && tagsOf(required(operation, "Tags", found.Tags).map(({ Key = "", Value = "" }) => ({ Key, Value })));
  }

  return {
    /** Whoever made them. */
    async of(bucket: string, call: Call): Promise<readonly LiveRule[]> {
      const NamePrefix = rulePrefix(place.environment, bucket);
      const pages = await pagesOf("EventBridge ListRules", (NextToken) =>
        events.send(new ListRulesCommand({ NamePrefix, NextToken }), options(call)),
      );
      const found = await sideBySide(
        pages
          .flatMap((page) => required("EventBridge ListRules", "Rules", page.Rules))
          .map(async ({ Name = "", EventPattern = "", State }): Promise<LiveRule | undefined> => {
            const [targets, tags] = await sideBySide([targetsOf(Name, call), tagsAt(arnOf(Name), call)]);
            if (!targets || !tags) return undefined;
            const ours = targets.find(({ Id }) => Id === TARGET);
            return {
              name: Name,
              pattern: EventPattern,
              enabled: State === "ENABLED",
              target: ours?.Arn,
              template: ours?.InputTransformer?.InputTemplate,
              paths: ours?.InputTransformer?.InputPathsMap,
              tags,
            };
          }),
      );
      return found.filter((rule) => rule !== undefined);
    },

    /** @param tags given only when there is none of that name yet: PutRule heeds them at no other time */
    async put(bucket: string, want: RuleWant, tags: Readonly<Record<string, string>> | undefined, call: Call) {
      const command = new PutRuleCommand({
        Name: ruleName(place.environment, bucket, want),
        EventPattern: JSON.stringify(patternOf(bucket, want)),
        State: "ENABLED",
        Description: `Tells of objects of the bucket ${bucket}, for its notification ${want.notification}`,
        ...(tags && { Tags: tagList(tags) }),
      });
      await ask("EventBridge PutRule", events.send(command, options(call)));
    },

    async setTarget(bucket: string, want: RuleWant, call: Call) {
      const command = new PutTargetsCommand({
        Rule: ruleName(place.environment, bucket, want),
        Targets: [
          {
            Id: TARGET,
            Arn: want.target,
            InputTransformer: { InputPathsMap: PATHS, InputTemplate: templateOf(bucket, want) },
          },
        ],
      });
      const reply = await ask("EventBridge PutTargets", events.send(command, options(call)));
      const [failed] = reply.FailedEntries ?? [];
      if (failed)
        throw new ProviderError(
          "transient",
          `EventBridge PutTargets: ${failed.ErrorCode} of ${want.target}: ${failed.ErrorMessage}`,
          { code: failed.ErrorCode ?? "FailedEntry" },
        );
    },

    async remove(Rule: string, call: Call) {
      const Ids = ((await targetsOf(Rule, call)) ?? []).map(({ Id = "" }) => Id);
      if (Ids.length > 0)
        await askFor("EventBridge RemoveTargets", events.send(new RemoveTargetsCommand({ Rule, Ids }), options(call)));
      await askFor("EventBridge DeleteRule", events.send(new DeleteRuleCommand({ Name: Rule }), options(call)));
    },

    async tag(name: string, change: { set: Readonly<Record<string, string>>; remove: readonly string[] }, call: Call) {
      const ResourceARN = arnOf(name);
      if (Object.keys(change.set).length > 0) {
        const command = new TagResourceCommand({ ResourceARN, Tags: tagList(change.set) });
        await ask("EventBridge TagResource", events.send(command, options(call)));
      }
      if (change.remove.length > 0) {
        const command = new UntagResourceCommand({ ResourceARN, TagKeys: [...change.remove] });
        await ask("EventBridge UntagResource", events.send(command, options(call)));
      }
    },
  };
}
