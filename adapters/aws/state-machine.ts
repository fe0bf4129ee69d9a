import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeStateMachineCommand,
  ListStateMachinesCommand,
  ListTagsForResourceCommand,
  type LoggingConfiguration,
  type Tag,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateStateMachineCommand,
  type UpdateStateMachineInput,
} from "@aws-sdk/client-sfn";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Call } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { pagesOf } from "./pages.ts";
import { tagsOf } from "./tags.ts";

/** A state machine as it stands. */
export interface LiveMachine {
  readonly definition: string;
  readonly roleArn: string;
  readonly express: boolean;
  readonly deleting: boolean;
  readonly logging: LoggingConfiguration | undefined;
  readonly tracing: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** What a state machine is made of, but for its tags and its name. */
export interface MachineInput {
  readonly definition: string;
  readonly roleArn: string;
  readonly loggingConfiguration: LoggingConfiguration;
  readonly tracingConfiguration: { readonly enabled: boolean };
}

/** State machines of Step Functions, by name. Every call throws ProviderError. */
export function stateMachines({ sfn, arn }: Pick<Aws, "sfn" | "arn">) {
  const options = ({ signal }: Pick<Call, "signal">) => ({ abortSignal: signal });
  const arnOf = (name: string): string => arn("states", `stateMachine:${name}`);

  /** Undefined: there is no such machine. */
  async function tagsAt(name: string, call: Call): Promise<Record<string, string> | undefined> {
    const operation = "Step Functions ListTagsForResource";
    const sent = sfn.send(new ListTagsForResourceCommand({ resourceArn: arnOf(name) }), options(call));
    const found = await askFor(operation, sent);
    return found && tagsOf(required(operation, "tags", found.tags).map(asAwsTag));
  }

  return {
    arnOf,
    tagsAt,

    async find(name: string, call: Call): Promise<LiveMachine | undefined> {
      const operation = "Step Functions DescribeStateMachine";
      const command = new DescribeStateMachineCommand({ stateMachineArn: arnOf(name) });
      const found = await askFor(operation, sfn.send(command, options(call)));
      if (!found) return undefined;
      const tags = await tagsAt(name, call);
      return (
        tags && {
          definition: required(operation, "definition", found.definition),
          roleArn: required(operation, "roleArn", found.roleArn),
          express: found.type === "EXPRESS",
          deleting: found.status === "DELETING",
          logging: found.loggingConfiguration,
          tracing: found.tracingConfiguration?.enabled === true,
          tags,
        }
      );
    },

    /** False: there is one of that name, and it is another. True says not that it is new: its tags say whose it is. */
    async create(
      name: string,
      input: MachineInput & { readonly tags: Readonly<Record<string, string>> },
      call: Call,
    ): Promise<boolean> {
      const operation = "Step Functions CreateStateMachine";
      const tags = Object.entries(input.tags).map(([key, value]) => ({ key, value }));
      const command = new CreateStateMachineCommand({ ...input, name, type: "STANDARD", tags });
      try {
        required(
          operation,
          "stateMachineArn",
          (await ask(operation, sfn.send(command, options(call)))).stateMachineArn,
        );
        return true;
      } catch (error) {
        if (error instanceof ProviderError && error.fault === "conflict") return false;
        throw error;
      }
    },

    /** @param change what is not in it stays; a definition or a role has to be */
    async update(name: string, change: Omit<UpdateStateMachineInput, "stateMachineArn">, call: Call): Promise<void> {
      const command = new UpdateStateMachineCommand({ stateMachineArn: arnOf(name), ...change });
      await ask("Step Functions UpdateStateMachine", sfn.send(command, options(call)));
    },

    /** Begins to delete it: it is gone once its runs have ended, and they end at their next state. */
    async remove(name: string, call: Call): Promise<void> {
      const command = new DeleteStateMachineCommand({ stateMachineArn: arnOf(name) });
      await askFor("Step Functions DeleteStateMachine", sfn.send(command, options(call)));
    },

    async tag(name: string, tags: Readonly<Record<string, string>>, call: Call): Promise<void> {
      const list = Object.entries(tags).map(([key, value]) => ({ key, value }));
      const command = new TagResourceCommand({ resourceArn: arnOf(name), tags: list });
      await ask("Step Functions TagResource", sfn.send(command, options(call)));
    },

    async untag(name: string, tagKeys: readonly string[], call: Call): Promise<void> {
      const command = new UntagResourceCommand({ resourceArn: arnOf(name), tagKeys: [...tagKeys] });
      await askFor("Step Functions UntagResource", sfn.send(command, options(call)));
    },

    /** Names of all that there are, whoever made them. */
    async names(call: Pick<Call, "signal">): Promise<readonly string[]> {
      const pages = await pagesOf("Step Functions ListStateMachines", async (nextToken) => {
        const page = await sfn.send(new ListStateMachinesCommand({ nextToken }), options(call));
        return { ...page, NextToken: page.nextToken };
      });
      return pages.flatMap(({ stateMachines = [] }) => stateMachines.flatMap(({ name }) => name ?? []));
    },
  };
}

const asAwsTag = ({ key = "", value = "" }: Tag) => ({
  Key: key,
  Value: value,
});
