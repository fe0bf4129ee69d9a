import {
  CreateEventBusCommand,
  DeleteRuleCommand,
  DescribeRuleCommand,
  ListRulesCommand,
  type ListRulesResponse,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  TagResourceCommand,
  type Target,
  UntagResourceCommand,
} from "@aws-sdk/client-eventbridge";
import { ProviderError, sideBySide } from "../../operator/provider/fault.ts";
import { tagValue } from "../../operator/provider/owner.ts";
import type { Call } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { pagesOf } from "./pages.ts";
import { groupName } from "./scheduler.ts";
import { type AwsTag, tagList, tagsOf } from "./tags.ts";

/** A rule with what hangs on it. */
export interface BusRule {
  readonly pattern: string | undefined;
  /** Only rules of the default bus have one: what fires at times is an EventRule with a schedule. */
  readonly schedule: string | undefined;
  readonly enabled: boolean;
  readonly description: string | undefined;
  readonly targets: readonly Target[];
  readonly tags: Readonly<Record<string, string>>;
}

/** Tag of a bus that says whose it is. */
const ENVIRONMENT = "onyx-environment";

/** The rules on the event bus of one Environment, by name. Every call throws ProviderError. */
export function busRules(aws: Pick<Aws, "events" | "place" | "arn">) {
  const { events, place } = aws;
  const EventBusName = groupName(place.environment);
  const busArn = aws.arn("events", `event-bus/${EventBusName}`);
  const environment = tagValue(place.environment);
  const options = (call: Pick<Call, "signal">) => ({ abortSignal: call.signal });
  const arnOf = (name: string): string => aws.arn("events", `rule/${EventBusName}/${name}`);

  /** Undefined: there is no such thing. */
  async function tagsAt(ResourceARN: string, call: Call): Promise<Record<string, string> | undefined> {
    const sent = events.send(new ListTagsForResourceCommand({ ResourceARN }), options(call));
    const reply = await askFor("EventBridge ListTagsForResource", sent);
    return reply && tagsOf((reply.Tags ?? []).map(({ Key = "", Value = "" }): AwsTag => ({ Key, Value })));
  }

  async function targetsOf(Rule: string, call: Call): Promise<readonly Target[]> {
    const pages = await pagesOf("EventBridge ListTargetsByRule", (NextToken) =>
      events.send(new ListTargetsByRuleCommand({ Rule, EventBusName, NextToken }), options(call)),
    );
    return pages.flatMap(({ Targets = [] }) => Targets);
  }

  return {
    busArn,
    arnOf,
    /** All rules of the bus, as a role's trust names them. */
    rulesArn: arnOf("*"),

    /** Makes the bus where it isn't there yet. It stays when its last rule goes: others may have put theirs on it. */
    async ensureBus(call: Call): Promise<void> {
      const tags = await tagsAt(busArn, call);
      if (tags === undefined) {
        const command = new CreateEventBusCommand({
          Name: EventBusName,
          Tags: tagList({ [ENVIRONMENT]: environment }),
        });
        await ask("EventBridge CreateEventBus", events.send(command, options(call))).catch((error: unknown) => {
          if (!(error instanceof ProviderError) || error.fault !== "conflict") throw error;
          throw new ProviderError("transient", `event bus ${EventBusName} is being made or deleted`, {
            code: "NotYet",
          });
        });
      } else if (tags[ENVIRONMENT] !== environment)
        throw new ProviderError(
          "conflict",
          `event bus ${EventBusName} exists and is not of this Environment: its tag ${ENVIRONMENT} should be ${environment}. No rule was put on it.`,
          { code: "BusExists" },
        );
    },

    async find(Name: string, call: Call): Promise<BusRule | undefined> {
      const operation = "EventBridge DescribeRule";
      const found = await askFor(
        operation,
        events.send(new DescribeRuleCommand({ Name, EventBusName }), options(call)),
      );
      if (!found) return undefined;
      // A reply that was cut off says nothing of the rule.
      required(operation, "Arn", found.Arn);
      const [targets, tags] = await sideBySide([targetsOf(Name, call), tagsAt(arnOf(Name), call)]);
      return {
        pattern: found.EventPattern || undefined,
        schedule: found.ScheduleExpression || undefined,
        enabled: found.State !== "DISABLED",
        description: found.Description || undefined,
        targets,
        tags: tags ?? {},
      };
    },

    /** Names of all rules on the bus; none where there is no bus. */
    async names({ signal }: Pick<Call, "signal">): Promise<readonly string[]> {
      const pages = await pagesOf<ListRulesResponse>("EventBridge ListRules", async (NextToken) => {
        const sent = events.send(new ListRulesCommand({ EventBusName, NextToken }), { abortSignal: signal });
        return (await askFor("EventBridge ListRules", sent)) ?? {};
      });
      return pages.flatMap(({ Rules = [] }) => Rules.flatMap(({ Name }) => Name ?? []));
    },

    /** The whole rule: what isn't said is taken away. Tags are taken at creation only. */
    async put(
      Name: string,
      rule: {
        readonly pattern: string;
        readonly enabled: boolean;
        readonly description?: string | undefined;
        readonly tags?: Readonly<Record<string, string>> | undefined;
      },
      call: Call,
    ): Promise<void> {
      const command = new PutRuleCommand({
        Name,
        EventBusName,
        EventPattern: rule.pattern,
        State: rule.enabled ? "ENABLED" : "DISABLED",
        ...(rule.description !== undefined && { Description: rule.description }),
        ...(rule.tags && { Tags: tagList(rule.tags) }),
      });
      const operation = "EventBridge PutRule";
      required(operation, "RuleArn", (await ask(operation, events.send(command, options(call)))).RuleArn);
    },

    async setTarget(Rule: string, target: Target, call: Call): Promise<void> {
      const command = new PutTargetsCommand({ Rule, EventBusName, Targets: [target] });
      const reply = await ask("EventBridge PutTargets", events.send(command, options(call)));
      refuseFailed("target", reply.FailedEntries);
    },

    async removeTargets(Rule: string, Ids: readonly string[], call: Call): Promise<void> {
      if (Ids.length === 0) return;
      const command = new RemoveTargetsCommand({ Rule, EventBusName, Ids: [...Ids] });
      const reply = await askFor("EventBridge RemoveTargets", events.send(command, options(call)));
      refuseFailed("target", reply?.FailedEntries);
    },

    async tag(name: string, tags: Readonly<Record<string, string>>, call: Call): Promise<void> {
      const command = new TagResourceCommand({ ResourceARN: arnOf(name), Tags: tagList(tags) });
      await ask("EventBridge TagResource", events.send(command, options(call)));
    },

    async untag(name: string, TagKeys: readonly string[], call: Call): Promise<void> {
      const command = new UntagResourceCommand({ ResourceARN: arnOf(name), TagKeys: [...TagKeys] });
      await ask("EventBridge UntagResource", events.send(command, options(call)));
    },

    /** A rule goes only once it has no targets. */
    async remove(Name: string, call: Call): Promise<void> {
      const found = await askFor("EventBridge ListTargetsByRule", targetsOf(Name, call));
      const ids = (found ?? []).flatMap(({ Id }) => Id ?? []);
      await this.removeTargets(Name, ids, call);
      await askFor("EventBridge DeleteRule", events.send(new DeleteRuleCommand({ Name, EventBusName }), options(call)));
    },
  };
}

/** Some calls succeed and tell in their answer what did not. */
function refuseFailed(
  what: string,
  failed: readonly { readonly ErrorCode?: string | undefined; readonly ErrorMessage?: string | undefined }[] = [],
): void {
  const [first] = failed;
  if (!first) return;
  const raced = first.ErrorCode?.startsWith("ConcurrentModification");
  throw new ProviderError(
    raced ? "transient" : "invalid",
    `${what}: EventBridge refused it: ${first.ErrorMessage ?? first.ErrorCode ?? "without a word"}`,
    { code: first.ErrorCode ?? "FailedEntry" },
  );
}
