import { afterEach, describe, expect, it, test } from "vitest";
import type { QueueWant } from "../../controllers/leaf/wants.ts";
import { ownerTags } from "../../operator/provider/owner.ts";
import type { Present } from "../../operator/provider/provider.ts";
import { awsClients } from "./clients.ts";
import { queueProvider } from "./queue.ts";
import { statementsIn } from "./resource-policy.ts";
import { deadLetterStatements, footprintOf, queueStatements, snsMayUse } from "./subscription-shape.ts";
import { ACCOUNT, call, owner, place, queueWant, REGION } from "./testing/fixtures.ts";
import { type Reply, type Script, scriptServer } from "./testing/script-server.ts";
import { json, wire } from "./testing/wire.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function against(script: Script) {
  const server = await scriptServer(script);
  const aws = awsClients(place(server.url));
  open.push(server, aws);
  const provider = queueProvider(aws);
  const fitted = (want: QueueWant) => provider.fit?.(want).want ?? want;
  return { provider, fitted, asked: () => server.asked.map(({ operation }) => operation), server };
}

const queue = `arn:aws:sqs:${REGION}:${ACCOUNT}:orders`;
const dead = `arn:aws:sqs:${REGION}:${ACCOUNT}:dead`;
const topic = `arn:aws:sns:${REGION}:${ACCOUNT}:news`;
const subscription = { topic, filter: [{ attribute: "type", anyOf: ["a"] }], via: [] };
const want = queueWant("orders", { subscription });
const policyOf = (statements: ReturnType<typeof queueStatements>) =>
  JSON.stringify({ Version: "2012-10-17", Statement: Object.values(statements) });

/** An answer of SNS, in XML. */
const xml = (operation: string, result: string): Reply => ({
  status: 200,
  headers: { "content-type": "text/xml" },
  body: `<${operation}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><${operation}Result>${result}</${operation}Result></${operation}Response>`,
});
const member = (arn: string, endpoint: string, protocol = "sqs") =>
  `<member><SubscriptionArn>${arn}</SubscriptionArn><Owner>${ACCOUNT}</Owner><Protocol>${protocol}</Protocol><Endpoint>${endpoint}</Endpoint><TopicArn>${topic}</TopicArn></member>`;
const page = (members: string, next = "") =>
  xml(
    "ListSubscriptionsByTopic",
    `<Subscriptions>${members}</Subscriptions>${next && `<NextToken>${next}</NextToken>`}`,
  );
const attributes = (given: Readonly<Record<string, string>>) =>
  xml(
    "GetSubscriptionAttributes",
    `<Attributes>${Object.entries(given)
      .map(([key, value]) => `<entry><key>${key}</key><value>${value.replaceAll('"', "&quot;")}</value></entry>`)
      .join("")}</Attributes>`,
  );
const AS_WANTED = { RawMessageDelivery: "true", FilterPolicy: '{"type":["a"]}' };

/** A queue and its subscription as they should be, but for what `over` answers. */
const world =
  (
    over: Readonly<Record<string, Reply | undefined>> = {},
    queueAttributes: Readonly<Record<string, string>> = {},
  ): Script =>
  ({ operation }) =>
    over[operation] ??
    {
      GetQueueAttributes: json({
        Attributes: { QueueArn: queue, Policy: policyOf(queueStatements(queue, topic)), ...queueAttributes },
      }),
      ListQueueTags: json({ Tags: ownerTags(owner("orders")) }),
      ListSubscriptionsByTopic: page(member(`${topic}:1`, queue)),
      GetSubscriptionAttributes: attributes(AS_WANTED),
    }[operation] ??
    (operation.includes("ubscri") ? xml(operation, "") : json({}));

const at = { name: "orders", footprint: footprintOf(want) };
const seenBy = async (provider: ReturnType<typeof queueProvider>, footprint = at.footprint) => {
  const seen = await provider.observe({ ...at, footprint }, call("orders"));
  if (!seen.exists) expect.fail("it is not there");
  return seen;
};

describe("a queue that subscribes, on the wire", () => {
  it("reads back as it is wanted", async () => {
    const { provider, fitted } = await against(world());
    expect((await seenBy(provider)).actual.subscription).toEqual(fitted(want).subscription);
  });

  it("is found without a footprint too: its policy tells the topic", async () => {
    const { provider, fitted } = await against(world());
    expect((await seenBy(provider, [])).actual.subscription).toEqual(fitted(want).subscription);
  });

  it("is found on a later page, beside those of others and those on their way out", async () => {
    const first = page(
      member("Deleted", queue) + member(`${topic}:2`, `${queue}-x`) + member(`${topic}:3`, queue, "https"),
      "more",
    );
    const pages = [first, page(member(`${topic}:1`, queue))];
    const { provider, fitted, server } = await against((asked) =>
      asked.operation === "ListSubscriptionsByTopic" ? (pages[asked.body.NextToken ? 1 : 0] as Reply) : world()(asked),
    );
    expect((await seenBy(provider)).actual.subscription).toEqual(fitted(want).subscription);
    expect(server.asked.find(({ operation }) => operation === "GetSubscriptionAttributes")?.body).toMatchObject({
      SubscriptionArn: `${topic}:1`,
    });
  });

  it("a topic that is gone has no subscriptions, and does not keep the queue from going", async () => {
    const gone = {
      status: 404,
      headers: { "content-type": "text/xml" },
      body: '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic does not exist</Message></Error></ErrorResponse>',
    };
    const { provider, asked } = await against(world({ ListSubscriptionsByTopic: gone }));
    const seen = await seenBy(provider);
    expect(seen.actual.subscription).toMatchObject({ topic: "" });
    await provider.delete(seen, at, call("orders"));
    expect(asked()).not.toContain("Unsubscribe");
    expect(asked().at(-1)).toBe("DeleteQueue");
  });

  it("a list that can't be read is no missing subscription", async () => {
    const { provider } = await against(world({ ListSubscriptionsByTopic: { status: 503, body: "" } }));
    await expect(provider.observe(at, call("orders"))).rejects.toMatchObject({ fault: "transient" });
  });

  it("two topics, one of them by somebody's doing in our statement: what should not be is taken away", async () => {
    const other = topic.replace(":news", ":other");
    const policy = policyOf(queueStatements(queue, other));
    const { provider, fitted, asked } = await against(world({}, { Policy: policy }));
    const seen = await seenBy(provider);
    expect(seen.actual.subscription?.topic).toBe(`${topic} ${other}`);
    await provider.update(seen, fitted(want), new Set(["subscription"]), call("orders"));
    expect(asked().filter((one) => /^(Set|Uns|Subs)/.test(one))).toEqual(["SetQueueAttributes", "Unsubscribe"]);
  });

  it("with a key that SNS may not use: failed, with what to do; one whose policy is not for us to read is left to AWS", async () => {
    const key = `arn:aws:kms:${REGION}:${ACCOUNT}:key/1`;
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: "kms:*", Resource: "*" },
      ],
    });
    const encrypted = { KmsMasterKeyId: key };
    const refused = await against(world({ GetKeyPolicy: json({ Policy }) }, encrypted));
    expect(await seenBy(refused.provider)).toMatchObject({
      phase: "failed",
      message: expect.stringContaining(`SNS may not use the key ${key}`),
    });
    const silent = await against(
      world(
        {
          GetKeyPolicy: {
            ...json({ __type: "AccessDeniedException", message: "not authorized to perform: kms:GetKeyPolicy" }),
            status: 400,
          },
        },
        encrypted,
      ),
    );
    expect(await seenBy(silent.provider)).toMatchObject({ phase: "ready" });
  });

  it("dead letters: SNS is let into that queue before it is told of it, and taken off with the subscription", async () => {
    const { provider, fitted, asked, server } = await against(world());
    const deadLetter = { target: dead, maxReceives: 5 };
    const wish = fitted({ ...want, deadLetter });
    await provider.update(await seenBy(provider), wish, new Set(["subscription"]), call("orders"));
    expect(asked().filter((one) => one.startsWith("Set"))).toEqual(["SetQueueAttributes", "SetSubscriptionAttributes"]);
    const [policy, redrive] = server.asked.filter(({ operation }) => operation.startsWith("Set"));
    const statements = Object.values(deadLetterStatements(queue, dead, topic));
    expect(statementsIn((policy?.body.Attributes as Record<string, string> | undefined)?.Policy)).toEqual(
      expect.arrayContaining(statements),
    );
    expect(redrive?.body).toMatchObject({
      AttributeName: "RedrivePolicy",
      AttributeValue: `{"deadLetterTargetArn":"${dead}"}`,
    });
    expect(provider.footprint?.(wish)).toEqual([`subscribes to ${topic}`, `dead letters to ${dead}`]);
  });

  it("the queue is gone and the subscription is not: ours by the footprint, made again or taken away", async () => {
    const noQueue = { GetQueueAttributes: wire("NonExistentQueue") };
    const { provider, fitted, asked } = await against(world(noQueue));
    const seen = await seenBy(provider);
    expect(seen).toMatchObject({ owner: owner("orders"), message: expect.stringContaining("is gone") });
    await provider.update(seen, fitted(want), new Set(["retentionSeconds"]), call("orders"));
    expect(asked().at(-1)).toBe("CreateQueue");
    const again = await against(world(noQueue));
    await again.provider.delete(seen as Present<QueueWant, never>, at, call("orders"));
    expect(again.asked()).toContain("Unsubscribe");
    const never = await against(world(noQueue));
    expect(await never.provider.observe({ name: "orders", footprint: [] }, call("orders"))).toEqual({ exists: false });
  });
});

describe("what SNS can't do is refused before any call", () => {
  const of = (over: Partial<QueueWant>, arn = topic) =>
    queueWant("orders", { subscription: { topic: arn, filter: [], via: [] }, ...over });
  test.each<[string, QueueWant, string]>([
    ["what is no topic", of({}, queue), "no ARN of an SNS topic"],
    ["another region", of({}, topic.replace(REGION, "eu-north-1")), "another account or region"],
    ["another account", of({}, topic.replace(ACCOUNT, "1".repeat(12))), "another account or region"],
    ["a FIFO topic for a queue that keeps no order", of({}, `${topic}.fifo`), "is a FIFO topic"],
    ["a topic that keeps no order for a FIFO queue", of({ ordering: "PerKey" }), "is no FIFO topic"],
  ])("%s", async (_what, wish, words) => {
    const { fitted } = await against(() => json({}));
    expect(() => fitted(wish)).toThrow(`subscribeTo.topicRef: `);
    expect(() => fitted(wish)).toThrow(words);
  });
});

describe("whether a key lets SNS encrypt", () => {
  const policy = (...Statement: object[]) => ({ Version: "2012-10-17", Statement }) as Parameters<typeof snsMayUse>[0];
  const sns = { Effect: "Allow", Principal: { Service: ["s3.amazonaws.com", "sns.amazonaws.com"] }, Resource: "*" };
  test.each([
    [true, policy({ ...sns, Action: ["kms:Decrypt", "kms:GenerateDataKey*"] })],
    [true, policy({ ...sns, Action: "kms:Decrypt" }, { ...sns, Action: "kms:GenerateDataKey" })],
    [true, policy({ ...sns, Action: "kms:*" })],
    [true, policy({ ...sns, Principal: "*", Action: "*" })],
    [false, policy({ ...sns, Action: "kms:Decrypt" })],
    [false, policy({ ...sns, Effect: "Deny", Action: "kms:*" })],
    [false, policy({ ...sns, Principal: { Service: "s3.amazonaws.com" }, Action: "kms:*" })],
    [false, policy({ ...sns, Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: "kms:*" })],
  ])("%s", (may, given) => expect(snsMayUse(given)).toBe(may));
});
