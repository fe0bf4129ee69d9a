import { GetTopicAttributesCommand, SetTopicAttributesCommand } from "@aws-sdk/client-sns";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor } from "./errors.ts";
import type { QueuePolicies } from "./queue-policy.ts";
import { withOurs } from "./resource-policy.ts";

/** The policies of SNS topics, as `queuePolicies` has those of queues. SNS gives each one statement of its own, which stays. */
export function topicPolicies({ sns, inTurn }: Pick<Aws, "sns" | "inTurn">): QueuePolicies {
  const read: QueuePolicies["read"] = async (TopicArn, { signal }) => {
    const command = new GetTopicAttributesCommand({ TopicArn });
    const found = await askFor("SNS GetTopicAttributes", sns.send(command, { abortSignal: signal }));
    return found && (found.Attributes?.Policy ?? "");
  };
  return {
    read,
    put: (TopicArn, ours, call) =>
      inTurn(`policy of ${TopicArn}`, async () => {
        const live = await read(TopicArn, call);
        if (live === undefined) {
          if (Object.values(ours).every((one) => one === null)) return;
          throw new ProviderError("notFound", `SNS topic ${TopicArn} does not exist`, { code: "NotFound" });
        }
        const AttributeValue = withOurs(live, ours);
        if (AttributeValue === undefined) return;
        const command = new SetTopicAttributesCommand({ TopicArn, AttributeName: "Policy", AttributeValue });
        await ask("SNS SetTopicAttributes", sns.send(command, { abortSignal: call.signal }));
      }),
  };
}
