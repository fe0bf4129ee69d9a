import { GetQueueAttributesCommand, SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Call } from "../../operator/provider/provider.ts";
import { parseArn, partitionOf } from "./arn.ts";
import { type Aws, endpointOf } from "./clients.ts";
import { ask, askFor } from "./errors.ts";
import { type Ours, withOurs } from "./resource-policy.ts";

/** The URL that calls name a queue by, from its ARN or name. */
export function queueUrl({ place }: Pick<Aws, "place">, arn: string): string {
  const { region, account, resource } = parseArn(arn) ?? { ...place, resource: arn };
  const host = endpointOf(place, "sqs") ?? `https://sqs.${region}.${partitionOf(region).dnsSuffix}`;
  return `${host}/${account}/${resource}`;
}

/** The policies of SQS queues, which several objects have a statement in: who may send. Queues are named by their ARN. */
export interface QueuePolicies {
  /** The policy as it is; "" for none. Undefined: there is no such queue. */
  read(queue: string, call: Pick<Call, "signal">): Promise<string | undefined>;
  /**
   * Makes our statements as they should be, and leaves those of others. Sends nothing where nothing differs.
   *
   * @throws ProviderError notFound where there is no such queue and a statement should be in it
   */
  put(queue: string, ours: Ours, call: Pick<Call, "signal">): Promise<void>;
}

export function queuePolicies(aws: Pick<Aws, "sqs" | "place" | "inTurn">): QueuePolicies {
  const { sqs, inTurn } = aws;
  const read: QueuePolicies["read"] = async (queue, { signal }) => {
    const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl(aws, queue), AttributeNames: ["Policy"] });
    const found = await askFor("SQS GetQueueAttributes", sqs.send(command, { abortSignal: signal }));
    return found && (found.Attributes?.Policy ?? "");
  };
  return {
    read,
    put: (queue, ours, call) =>
      inTurn(`policy of ${queue}`, async () => {
        const live = await read(queue, call);
        if (live === undefined) {
          if (Object.values(ours).every((one) => one === null)) return;
          throw new ProviderError("notFound", `SQS queue ${queue} does not exist`, { code: "QueueDoesNotExist" });
        }
        const Policy = withOurs(live, ours);
        if (Policy === undefined) return;
        const command = new SetQueueAttributesCommand({ QueueUrl: queueUrl(aws, queue), Attributes: { Policy } });
        await ask("SQS SetQueueAttributes", sqs.send(command, { abortSignal: call.signal }));
      }),
  };
}
