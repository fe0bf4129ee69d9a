import { CreateConnectionCommand, DescribeConnectionCommand } from "@aws-sdk/client-eventbridge";
import { ProviderError } from "../../operator/provider/fault.ts";
import { tagValue } from "../../operator/provider/owner.ts";
import { marksIn, withMarks } from "../../operator/provider/owner-text.ts";
import type { Call } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { groupName } from "./scheduler.ts";

const DESCRIPTION_LENGTH = 512;
/** Mark and header that say whose it is. */
const ENVIRONMENT = "onyx-environment";
const HEADER = `x-${ENVIRONMENT}`;

/**
 * The EventBridge connection of one Environment, without which Step Functions makes no HTTP request. It holds no secret of
 * anybody: its one header only names the Environment. A connection takes no tags: the mark stands in its description. It
 * is made with the first workflow that calls out, and stays when the last one goes.
 */
export function httpConnection(aws: Pick<Aws, "events" | "place" | "arn">) {
  const { events, place } = aws;
  const Name = groupName(place.environment);
  const environment = tagValue(place.environment);
  const options = (call: Call) => ({ abortSignal: call.signal });

  async function describe(call: Call) {
    const sent = events.send(new DescribeConnectionCommand({ Name }), options(call));
    return askFor("EventBridge DescribeConnection", sent);
  }

  /** ARN of the one that is there. @throws ProviderError conflict: it is somebody else's; transient: it is on its way */
  async function known(call: Call): Promise<string | undefined> {
    const found = await describe(call);
    if (!found) return undefined;
    if (marksIn(found.Description ?? "")[ENVIRONMENT] !== environment)
      throw new ProviderError(
        "conflict",
        `connection ${Name} exists and is not of this Environment: its description should end in ${markedWith("")}. No workflow was let use it.`,
        { code: "ConnectionExists" },
      );
    if (found.ConnectionState === "DELETING")
      throw new ProviderError("transient", `connection ${Name} is being deleted`, { code: "NotYet" });
    return required("EventBridge DescribeConnection", "ConnectionArn", found.ConnectionArn);
  }

  const markedWith = (text: string) => withMarks(text, { [ENVIRONMENT]: environment }, DESCRIPTION_LENGTH);

  return {
    /** Undefined: there is none. Whose it is, is not asked. */
    find: async (call: Call): Promise<string | undefined> => (await describe(call))?.ConnectionArn,

    /** Its ARN; made where it isn't there yet. */
    async ensure(call: Call): Promise<string> {
      const before = await known(call);
      if (before !== undefined) return before;
      const operation = "EventBridge CreateConnection";
      const command = new CreateConnectionCommand({
        Name,
        Description: markedWith("Lets workflows make HTTP requests; holds no secret"),
        AuthorizationType: "API_KEY",
        AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: HEADER, ApiKeyValue: environment } },
      });
      try {
        const made = await ask(operation, events.send(command, options(call)));
        return required(operation, "ConnectionArn", made.ConnectionArn);
      } catch (error) {
        if (!(error instanceof ProviderError) || error.fault !== "conflict") throw error;
        const now = await known(call);
        if (now !== undefined) return now;
        throw new ProviderError("transient", `connection ${Name} is being made or deleted`, { code: "NotYet" });
      }
    },
  };
}

/** ARN of the connection of an Environment, without the UUID that EventBridge puts at its end. */
export const connectionArn = ({ place, arn }: Pick<Aws, "place" | "arn">): string =>
  arn("events", `connection/${groupName(place.environment)}`);
