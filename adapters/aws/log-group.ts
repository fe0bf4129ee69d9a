import {
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  ListTagsForResourceCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { ProviderError, step } from "../../operator/provider/fault.ts";
import { ownerOf, sameObject, type Tags } from "../../operator/provider/owner.ts";
import type { Call } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { tagsOf, tagsToCreate } from "./tags.ts";

/** A log group as it stands. */
export interface LogGroup {
  /** Undefined: what it holds is never deleted. */
  readonly retentionDays: number | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** Log groups of CloudWatch, by name: parts of something of ours, whose tags they carry. Every call throws ProviderError. */
export function logGroups({ logs, arn }: Pick<Aws, "logs" | "arn">) {
  const options = (call: Call) => ({ abortSignal: call.signal });
  const arnOf = (name: string): string => arn("logs", `log-group:${name}`);

  async function find(name: string, call: Call): Promise<LogGroup | undefined> {
    const operation = "CloudWatch Logs DescribeLogGroups";
    // Names come in the order of ASCII, so the one that is the prefix itself is the first.
    const command = new DescribeLogGroupsCommand({ logGroupNamePrefix: name, limit: 1 });
    const { logGroups: groups } = await ask(operation, logs.send(command, options(call)));
    const found = required(operation, "logGroups", groups).find(({ logGroupName }) => logGroupName === name);
    if (!found) return undefined;
    const tags = await tagsAt(name, call);
    return tags && { retentionDays: found.retentionInDays, tags };
  }

  async function tagsAt(name: string, call: Call): Promise<Record<string, string> | undefined> {
    const operation = "CloudWatch Logs ListTagsForResource";
    const command = new ListTagsForResourceCommand({ resourceArn: arnOf(name) });
    const found = await askFor(operation, logs.send(command, options(call)));
    return found && tagsOf(required(operation, "tags", found.tags));
  }

  async function create(name: string, tags: Tags, call: Call): Promise<boolean> {
    const command = new CreateLogGroupCommand({ logGroupName: name, tags: tagsToCreate(tags, call.owner) });
    try {
      await ask("CloudWatch Logs CreateLogGroup", logs.send(command, options(call)));
      return true;
    } catch (error) {
      if (error instanceof ProviderError && error.fault === "conflict") return false;
      throw error;
    }
  }

  return {
    arnOf,
    find,

    /** Makes it where it isn't there, and has it keep what it holds for so long. */
    async ensure(
      name: string,
      { tags, retentionDays }: { readonly tags: Tags; readonly retentionDays: number },
      call: Call,
    ): Promise<void> {
      const made = await step("make the log group", () => create(name, tags, call));
      const found = made ? undefined : await step("see whose the log group is", () => find(name, call));
      if (!made && !found)
        throw new ProviderError("transient", `log group ${name} is being made or deleted`, { code: "NotYet" });
      const owner = found && ownerOf(found.tags);
      if (found && !(owner && sameObject(owner, call.owner)))
        throw new ProviderError("conflict", `log group ${name} exists and does not carry our marks`, {
          code: "LogGroupExists",
        });
      if (found?.retentionDays === retentionDays) return;
      const command = new PutRetentionPolicyCommand({ logGroupName: name, retentionInDays: retentionDays });
      await step("set how long its log is kept", () =>
        ask("CloudWatch Logs PutRetentionPolicy", logs.send(command, options(call))),
      );
    },

    async tag(name: string, tags: Readonly<Record<string, string>>, call: Call): Promise<void> {
      const command = new TagResourceCommand({ resourceArn: arnOf(name), tags });
      await ask("CloudWatch Logs TagResource", logs.send(command, options(call)));
    },

    async untag(name: string, tagKeys: readonly string[], call: Call): Promise<void> {
      const command = new UntagResourceCommand({ resourceArn: arnOf(name), tagKeys: [...tagKeys] });
      await askFor("CloudWatch Logs UntagResource", logs.send(command, options(call)));
    },

    async remove(name: string, call: Call): Promise<void> {
      const command = new DeleteLogGroupCommand({ logGroupName: name });
      await askFor("CloudWatch Logs DeleteLogGroup", logs.send(command, options(call)));
    },
  };
}
