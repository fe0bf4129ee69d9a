import { GetKeyPolicyCommand } from "@aws-sdk/client-kms";
import {
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  SetSubscriptionAttributesCommand,
  SubscribeCommand,
  UnsubscribeCommand,
} from "@aws-sdk/client-sns";
import type { QueueSubscription, QueueWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import type { Call } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { parseKeyPolicy } from "./key-policy.ts";
import { queuePolicies } from "./queue-policy.ts";
import {
  actualSubscription,
  attributesToSet,
  attributesToSubscribe,
  deadLetterStatements,
  deadLettersIn,
  deadLettersOf,
  holds,
  queueStatements,
  type Subscribed,
  snsMayUse,
  topicsIn,
  topicsOf,
} from "./subscription-shape.ts";

/**
 * The subscription of a queue to an SNS topic. SNS gives it no tags: ours is what delivers to a queue that carries our
 * marks, of the topics in the footprint or in our statement of the queue's policy. Others of the same queue stay.
 */
export interface QueueSubscriptions {
  /** Subscriptions of this queue among those of these topics, whether the queue is there or not. */
  find(queue: string, topics: readonly string[], call: Call): Promise<readonly Subscribed[]>;
  /** What there is of it. `policy`: that of the queue. Null: nothing. */
  look(
    queue: string,
    topics: readonly string[],
    policy: string | undefined,
    call: Call,
  ): Promise<QueueSubscription | null>;
  /** Makes it as `want` says and takes away what `seen` had besides. Sends only what differs. */
  ensure(queue: string, want: QueueWant, seen: QueueSubscription | null | undefined, call: Call): Promise<void>;
  /** All of it but what stands in the policy of the queue itself, which goes with the queue. */
  remove(queue: string, topics: readonly string[], deadLetters: readonly string[], call: Call): Promise<void>;
  /** What keeps SNS from encrypting with the key of the queue, for people. Undefined: nothing, or it can't be told. */
  keyProblem(key: string, call: Call): Promise<string | undefined>;
}

export function queueSubscriptions(aws: Aws): QueueSubscriptions {
  const { sns, kms } = aws;
  const policies = queuePolicies(aws);
  const options = (call: Call) => ({ abortSignal: call.signal });

  /** ARN of the queue's subscription to a topic. Undefined: there is none, or no such topic. */
  async function arnOf(queue: string, TopicArn: string, call: Call): Promise<string | undefined> {
    let NextToken: string | undefined;
    do {
      const page = await askFor(
        "SNS ListSubscriptionsByTopic",
        sns.send(new ListSubscriptionsByTopicCommand({ TopicArn, NextToken }), options(call)),
      );
      if (!page) return undefined;
      const all = required("SNS ListSubscriptionsByTopic", "Subscriptions", page.Subscriptions);
      // One on its way out has the word Deleted for its ARN.
      const found = all.find(
        ({ Protocol, Endpoint, SubscriptionArn = "" }) =>
          Protocol === "sqs" && Endpoint === queue && SubscriptionArn.startsWith("arn:"),
      );
      if (found) return found.SubscriptionArn;
      NextToken = page.NextToken;
    } while (NextToken);
    return undefined;
  }

  async function find(queue: string, topics: readonly string[], call: Call): Promise<readonly Subscribed[]> {
    const found = await sideBySide(
      [...new Set(topics)].map(async (topic): Promise<Subscribed | undefined> => {
        const arn = await arnOf(queue, topic, call);
        if (arn === undefined) return undefined;
        const operation = "SNS GetSubscriptionAttributes";
        const command = new GetSubscriptionAttributesCommand({ SubscriptionArn: arn });
        const reply = await askFor(operation, sns.send(command, options(call)));
        return reply && { arn, topic, attributes: required(operation, "Attributes", reply.Attributes) };
      }),
    );
    return found.filter((one) => one !== undefined);
  }

  async function subscribe(queue: string, want: QueueSubscription, deadLetter: QueueWant["deadLetter"], call: Call) {
    const Attributes = attributesToSubscribe(want, deadLetter);
    const command = new SubscribeCommand({
      TopicArn: want.topic,
      Protocol: "sqs",
      Endpoint: queue,
      Attributes,
      ReturnSubscriptionArn: true,
    });
    await ask("SNS Subscribe", sns.send(command, options(call)));
  }

  async function unsubscribe(queue: string, topic: string, call: Call): Promise<void> {
    const SubscriptionArn = await arnOf(queue, topic, call);
    if (SubscriptionArn === undefined) return;
    await step(`unsubscribe from ${topic}`, () =>
      askFor("SNS Unsubscribe", sns.send(new UnsubscribeCommand({ SubscriptionArn }), options(call))),
    );
  }

  async function set(live: Subscribed, want: QueueSubscription, deadLetter: QueueWant["deadLetter"], call: Call) {
    for (const [AttributeName, AttributeValue] of attributesToSet(live.attributes, want, deadLetter)) {
      const command = new SetSubscriptionAttributesCommand({
        SubscriptionArn: live.arn,
        AttributeName,
        AttributeValue,
      });
      await step(`set ${AttributeName} of the subscription`, () =>
        ask("SNS SetSubscriptionAttributes", sns.send(command, options(call))),
      );
    }
  }

  return {
    find,

    async look(queue, topics, policy, call) {
      const found = await find(queue, [...topics, ...topicsIn(policy)], call);
      const spares = [...new Set(found.flatMap(({ attributes }) => deadLettersOf(attributes) ?? []))];
      const theirs = new Map(
        await sideBySide(spares.map(async (spare) => [spare, await policies.read(spare, call)] as const)),
      );
      return actualSubscription(queue, found, policy, (spare, topic) =>
        holds(theirs.get(spare), deadLetterStatements(queue, spare, topic)),
      );
    },

    async ensure(queue, { subscription, deadLetter }, seen, call) {
      const topic = subscription?.topic;
      await step("let SNS send to the queue", () => policies.put(queue, queueStatements(queue, topic), call));
      if (subscription && deadLetter)
        await step(`let SNS send to the dead-letter queue ${deadLetter.target}`, () =>
          policies.put(deadLetter.target, deadLetterStatements(queue, deadLetter.target, topic), call),
        );
      if (subscription) {
        const [live] = await find(queue, [subscription.topic], call);
        if (live) await set(live, subscription, deadLetter, call);
        else await step(`subscribe to ${subscription.topic}`, () => subscribe(queue, subscription, deadLetter, call));
      }
      for (const other of topicsOf(seen)) if (other !== topic) await unsubscribe(queue, other, call);
      for (const spare of deadLettersIn(seen?.via ?? []))
        if (!subscription || spare !== deadLetter?.target)
          await policies.put(spare, deadLetterStatements(queue, spare, undefined), call);
    },

    async remove(queue, topics, deadLetters, call) {
      for (const topic of new Set(topics)) await unsubscribe(queue, topic, call);
      for (const spare of new Set(deadLetters))
        await step(`take SNS off the dead-letter queue ${spare}`, () =>
          policies.put(spare, deadLetterStatements(queue, spare, undefined), call),
        );
    },

    async keyProblem(key, call) {
      try {
        const operation = "KMS GetKeyPolicy";
        const command = new GetKeyPolicyCommand({ KeyId: key, PolicyName: "default" });
        const found = await askFor(operation, kms.send(command, options(call)));
        if (!found || snsMayUse(parseKeyPolicy(required(operation, "Policy", found.Policy)))) return undefined;
        return `SNS may not use the key ${key}, so nothing arrives. Let the service sns.amazonaws.com call kms:GenerateDataKey* and kms:Decrypt in the policy of the key.`;
      } catch (error) {
        // Whose key it is may keep its policy to themselves: then nobody here can tell.
        if (error instanceof ProviderError && error.fault === "denied") return undefined;
        throw error;
      }
    },
  };
}
