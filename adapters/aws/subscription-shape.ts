/** The subscription of a Queue as SNS and SQS have it: canonical forms both ways. Pure. */
import type { QueueSubscription, QueueWant } from "../../controllers/leaf/wants.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { parseArn } from "./arn.ts";
import type { Aws } from "./clients.ts";
import { fromFilterPolicy, toFilterPolicy } from "./filter-policy.ts";
import { linesOf, list, type PolicyDocument, type Statement } from "./policy.ts";
import { letServiceSend, type Ours, sameStatements, sidOf, statementsIn } from "./resource-policy.ts";

export const SNS = "sns.amazonaws.com";

/** Attributes of an SNS subscription by name; all values are text. */
export type SubscriptionAttributes = Readonly<Record<string, string>>;

/** One subscription of our queue. */
export interface Subscribed {
  readonly arn: string;
  readonly topic: string;
  readonly attributes: SubscriptionAttributes;
}

/** Our statement in the policy of the queue: the topic may send to it. */
const DELIVERS = "OnyxTopic";

/** What should stand in the policy of the queue; null: nothing. */
export const queueStatements = (queue: string, topic: string | undefined): Ours => ({
  [DELIVERS]: topic === undefined ? null : sendStatement(DELIVERS, queue, topic),
});

/** Our statement in the policy of a dead-letter queue, for what SNS could not deliver to `queue`. */
export function deadLetterStatements(queue: string, deadLetters: string, topic: string | undefined): Ours {
  const sid = sidOf("DeadLetters", queue);
  return { [sid]: topic === undefined ? null : sendStatement(sid, deadLetters, topic) };
}

const sendStatement = (sid: string, resource: string, source: string): Statement =>
  letServiceSend({
    sid,
    service: SNS,
    action: "sqs:SendMessage",
    resource,
    source,
    account: parseArn(source)?.account ?? "",
  });

/** Whether these stand so in a policy. */
export const holds = (policy: string | undefined, ours: Ours): boolean =>
  Object.entries(ours).every(([sid, wanted]) =>
    sameStatements(
      statementsIn(policy).filter(({ Sid }) => Sid === sid),
      wanted === null ? [] : [wanted],
    ),
  );

/** The topics that our statement lets send: the queue itself tells by it what it was subscribed to. */
export const topicsIn = (policy: string | undefined): readonly string[] =>
  statementsIn(policy)
    .filter(({ Sid }) => Sid === DELIVERS)
    .flatMap(({ Condition }) => list(Condition?.ArnEquals?.["aws:SourceArn"]))
    .filter((arn) => parseArn(arn)?.service === "sns");

const MAY_SEND = `${SNS} may send to the queue for this topic`;
const RAW = "messages arrive as they were published";
const DEAD_LETTERS = "what can't be delivered goes to ";

/** What brings messages into the queue. */
const viaOf = ({ deadLetter }: Pick<QueueWant, "deadLetter">): readonly string[] =>
  [MAY_SEND, RAW, ...(deadLetter ? [DEAD_LETTERS + deadLetter.target] : [])].sort();

/** The subscription as SNS does it. @throws ProviderError invalid */
export function fitSubscription(aws: Pick<Aws, "place">, want: QueueWant): QueueSubscription | null {
  const { subscription, ordering, encryptionKey } = want;
  if (!subscription) return null;
  const refuse = (code: string, message: string) => new ProviderError("invalid", message, { code });
  const arn = parseArn(subscription.topic);
  if (arn?.service !== "sns")
    throw refuse("TopicArn", `subscribeTo.topicRef: "${subscription.topic}" is no ARN of an SNS topic`);
  if (arn.region !== aws.place.region || arn.account !== aws.place.account)
    throw refuse(
      "ForeignTopic",
      `subscribeTo.topicRef: ${subscription.topic} is in another account or region; a Queue subscribes to topics of its own`,
    );
  if (arn.resource.endsWith(".fifo") !== (ordering === "PerKey"))
    throw refuse(
      "TopicOrdering",
      `subscribeTo.topicRef: ${subscription.topic} is ${arn.resource.endsWith(".fifo") ? "a" : "no"} FIFO topic, and the Queue has ordering ${ordering}: the two must be the same`,
    );
  if (encryptionKey?.endsWith(":alias/aws/sqs"))
    throw refuse("SqsKey", "encryption.keyRef: SNS can't use the key that AWS manages for SQS; take one of your own");
  return { ...subscription, via: viaOf(want) };
}

/** All attributes of the subscription that `want` asks for; undefined takes one away. */
function wanted({ filter }: QueueSubscription, deadLetter: QueueWant["deadLetter"]) {
  return {
    RawMessageDelivery: "true",
    FilterPolicyScope: "MessageAttributes",
    FilterPolicy: toFilterPolicy(typeof filter === "string" ? [] : filter),
    RedrivePolicy: deadLetter ? JSON.stringify({ deadLetterTargetArn: deadLetter.target }) : undefined,
  } as const;
}
type Attribute = keyof ReturnType<typeof wanted>;

/** What Subscribe is given: nothing that says what SNS does anyway. */
export function attributesToSubscribe(subscription: QueueSubscription, deadLetter: QueueWant["deadLetter"]) {
  const { FilterPolicyScope: _usual, FilterPolicy, RedrivePolicy, ...rest } = wanted(subscription, deadLetter);
  return {
    ...rest,
    ...(subscription.filter.length > 0 && { FilterPolicy }),
    ...(RedrivePolicy !== undefined && { RedrivePolicy }),
  };
}

/** The attributes of a subscription that are not as they should be, in the order in which they are set. */
export function attributesToSet(
  live: SubscriptionAttributes,
  subscription: QueueSubscription,
  deadLetter: QueueWant["deadLetter"],
): readonly (readonly [Attribute, string | undefined])[] {
  const same: Record<Attribute, boolean> = {
    RawMessageDelivery: live.RawMessageDelivery === "true",
    FilterPolicyScope: scopeOf(live) === "MessageAttributes",
    FilterPolicy: JSON.stringify(fromFilterPolicy(live.FilterPolicy)) === JSON.stringify(subscription.filter),
    RedrivePolicy: deadLettersOf(live) === deadLetter?.target,
  };
  return (Object.entries(wanted(subscription, deadLetter)) as [Attribute, string | undefined][]).filter(
    ([name]) => !same[name],
  );
}

const scopeOf = (live: SubscriptionAttributes): string => live.FilterPolicyScope || "MessageAttributes";

/** Where SNS sends what it can't deliver. Text that is no policy comes back as it is. */
export function deadLettersOf({ RedrivePolicy }: SubscriptionAttributes): string | undefined {
  if (!RedrivePolicy || RedrivePolicy === "{}") return undefined;
  try {
    return (JSON.parse(RedrivePolicy) as { deadLetterTargetArn?: string }).deadLetterTargetArn ?? RedrivePolicy;
  } catch {
    return RedrivePolicy;
  }
}

/** The dead-letter queues that these lines speak of. */
export const deadLettersIn = (via: readonly string[]): readonly string[] =>
  via.flatMap((line) => (line.startsWith(DEAD_LETTERS) ? (line.slice(DEAD_LETTERS.length).split(",")[0] ?? "") : []));

/** The topics of a subscription that was seen: several when it has more than it should. */
export const topicsOf = (subscription: QueueSubscription | null | undefined): readonly string[] =>
  subscription?.topic ? subscription.topic.split(" ") : [];

/**
 * What is there, in the field of Want; null: nothing of it.
 *
 * @param takes  whether a dead-letter queue lets SNS send to it for this topic
 */
export function actualSubscription(
  queue: string,
  found: readonly Subscribed[],
  policy: string | undefined,
  takes: (deadLetters: string, topic: string) => boolean,
): QueueSubscription | null {
  const allowed = topicsIn(policy);
  const statement = statementsIn(policy).filter(({ Sid }) => Sid === DELIVERS);
  if (found.length === 0 && statement.length === 0) return null;
  const topics = found.map(({ topic }) => topic).sort();
  const [only] = found;
  const maySend = topics.length === 1 && allowed.length === 1 && holds(policy, queueStatements(queue, topics[0]));
  const via = found.flatMap(({ topic, attributes }) => {
    const spare = deadLettersOf(attributes);
    return [
      attributes.RawMessageDelivery === "true" ? RAW : "messages arrive in an envelope of SNS",
      ...(spare === undefined ? [] : [DEAD_LETTERS + spare + (takes(spare, topic) ? "" : ", which does not take it")]),
    ];
  });
  return {
    topic: topics.join(" "),
    filter: found.length === 1 && only ? filterOf(only.attributes) : "",
    via: [...(maySend ? [MAY_SEND] : linesOf(asDocument(statement))), ...via].sort(),
  };
}

const filterOf = (attributes: SubscriptionAttributes) =>
  scopeOf(attributes) === "MessageAttributes"
    ? fromFilterPolicy(attributes.FilterPolicy)
    : `${scopeOf(attributes)}: ${attributes.FilterPolicy ?? ""}`;

const asDocument = (statements: readonly Statement[]): PolicyDocument => ({
  Version: "2012-10-17",
  Statement: statements,
});

/** The places outside the queue where a subscription leaves traces: they tell where to look once the queue is gone. */
export const footprintOf = ({ subscription, deadLetter }: QueueWant): readonly string[] =>
  subscription
    ? [`subscribes to ${subscription.topic}`, ...(deadLetter ? [`dead letters to ${deadLetter.target}`] : [])]
    : [];

const places = (prefix: string) => (footprint: readonly string[]) =>
  footprint.flatMap((line) => (line.startsWith(prefix) ? [line.slice(prefix.length)] : []));
export const topicsAt = places("subscribes to ");
export const deadLettersAt = places("dead letters to ");

/** Whether a key's policy lets SNS encrypt with it, as far as its statements tell without their conditions. */
export function snsMayUse({ Statement }: PolicyDocument): boolean {
  const given = list<Statement>(Statement).filter(({ Effect, Principal }) => Effect === "Allow" && forSns(Principal));
  const actions = given.flatMap(({ Action }) => list(Action));
  return ["kms:GenerateDataKey", "kms:Decrypt"].every((needed) => actions.some((one) => covers(one, needed)));
}

const forSns = (principal: Statement["Principal"]): boolean =>
  typeof principal === "string" ? principal === "*" : list(principal?.Service).includes(SNS) || principal?.AWS === "*";

const covers = (pattern: string, action: string): boolean =>
  pattern.endsWith("*") ? action.startsWith(pattern.slice(0, -1)) : pattern === action;
