import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { CreateSecretCommand, GetSecretValueCommand, PutSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { PublishCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, ReceiveMessageCommand, SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bucketProvider } from "../../adapters/aws/bucket.ts";
import { type Aws, awsClients } from "../../adapters/aws/clients.ts";
import { encryptionKeyProvider } from "../../adapters/aws/encryptionkey.ts";
import { eventRuleProvider } from "../../adapters/aws/eventrule.ts";
import { identityProvider } from "../../adapters/aws/identity.ts";
import { queueProvider } from "../../adapters/aws/queue.ts";
import { secretProvider } from "../../adapters/aws/secret.ts";
import { tableProvider } from "../../adapters/aws/table.ts";
import { tableItemProvider } from "../../adapters/aws/tableitem.ts";
import {
  ACCOUNT,
  bucketWant,
  call,
  eventRuleWant,
  identityWant,
  itemWant,
  owner,
  place,
  queueWant,
  REGION,
  secretWant,
  tableWant,
  topicWant,
  workflowWant,
} from "../../adapters/aws/testing/fixtures.ts";
import { topicProvider } from "../../adapters/aws/topic.ts";
import { workflowProvider } from "../../adapters/aws/workflow.ts";
import { prepareAccount } from "../../hack/platform/account.ts";
import { startAws } from "../../hack/testbed/index.ts";
import { createIntent, type Present, type Provider, type Wanted } from "../../operator/provider/provider.ts";
import { guidePolicy, type PolicyStatement } from "../support/iam-policy.ts";

type Guide = ReturnType<typeof guidePolicy>;

/** The policy of the guide, on an emulator that enforces policies: enough for every verb, and no more. */
const emulator = await startAws({ env: { AUTH: "true" } });
const at = place(emulator.endpoint);
const admin = awsClients(at);
let operator: Aws;

beforeAll(async () => {
  // An emulator that enforces policies wants the cluster's role to be there.
  const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [] });
  await admin.iam.send(new CreateRoleCommand({ RoleName: "eks", AssumeRolePolicyDocument }));
  await prepareAccount("aws", at.cluster, { aws: emulator.endpoint, gcpGrpc: "", gcpRest: "" });
  const UserName = "operator";
  await admin.iam.send(new CreateUserCommand({ UserName }));
  const values = { REGION, ACCOUNT, CLUSTER: at.cluster, ENVIRONMENT: at.environment };
  const [{ Version, Statement }, items] = ["aws-operator-policy.json", "aws-items-policy.json"].map((name) =>
    guidePolicy(name, values),
  ) as [Guide, Guide];
  const PolicyDocument = JSON.stringify(asEmulated({ Version, Statement: [...Statement, ...items.Statement] }));
  await admin.iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "onyx", PolicyDocument }));
  const { AccessKey } = await admin.iam.send(new CreateAccessKeyCommand({ UserName }));
  operator = awsClients({
    ...at,
    credentials: {
      AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId ?? "",
      AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey ?? "",
    },
  });
});
afterAll(async () => {
  operator?.close();
  admin.close();
  await emulator.stop();
});

/**
 * The policy in what this emulator knows: roles have no path in its ARNs, a table named by its ARN has no name, and
 * a key behind an alias has the alias for its name, it knows no schedule, no rule, no state machine and no log group by its ARN, topics have no name but where they are made, and only queues have tags in
 * conditions. `iam-policy.test.ts` looks at the rest.
 */
function asEmulated({ Version, Statement }: Guide) {
  const text = JSON.stringify({ Version, Statement }).replaceAll(":role/onyx/test/*", ":role/test-*");
  const emulated = JSON.parse(text) as { Statement: PolicyStatement[] };
  const tables = (actions: readonly string[]) => ({
    Sid: "Tables",
    Effect: "Allow",
    Action: actions,
    Resource: actions.every((action) => BY_ARN.includes(action))
      ? "*"
      : `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/test-*`,
  });
  const onTables = emulated.Statement.flatMap(({ Action }) => Action).filter((action) =>
    action.startsWith("dynamodb:"),
  );
  const onKeys = emulated.Statement.flatMap(({ Action }) => Action).filter((action) => action.startsWith("kms:"));
  const rules = emulated.Statement.flatMap(({ Action }) => Action).filter((one) =>
    /^(scheduler|events|states|logs):/.test(one),
  );
  const onTopics = emulated.Statement.flatMap(({ Action }) => Action).filter(
    (action) => action.startsWith("sns:") && action !== "sns:CreateTopic",
  );
  return {
    ...emulated,
    Statement: [
      ...emulated.Statement,
      { Sid: "Keys", Effect: "Allow", Action: onKeys, Resource: "*" },
      { Sid: "Topics", Effect: "Allow", Action: onTopics, Resource: "*" },
      tables(onTables.filter((action) => BY_ARN.includes(action))),
      tables(onTables.filter((action) => !BY_ARN.includes(action))),
      { Sid: "Rules", Effect: "Allow", Action: rules, Resource: "*" },
    ],
  };
}

/** Calls that name a table by its ARN. */
const BY_ARN = ["dynamodb:ListTagsOfResource", "dynamodb:TagResource", "dynamodb:UntagResource"];

/** Makes it, changes its tags and some field, and removes it. */
async function live<W extends Wanted, O extends Readonly<Record<string, string>>>(
  provider: Provider<W, O>,
  name: string,
  kind: string,
  want: W,
  change: Partial<W>,
): Promise<void> {
  const context = call(name, { owner: owner(name, { kind }) });
  const look = async (wanted: W) => {
    const found = await provider.observe({ name, footprint: provider.footprint?.(wanted) ?? [] }, context);
    return found.exists ? (found as Present<W, O>) : undefined;
  };
  expect(await look(want)).toBeUndefined();
  await provider.create(name, want, context);
  const made = await look(want);
  expect(made?.phase).toBe("ready");
  const changed = { ...want, ...change };
  if (made) await provider.update(made, changed, new Set(Object.keys(change)) as never, context);
  const seen = await look(changed);
  if (seen) await provider.delete(seen, { name, footprint: provider.footprint?.(changed) ?? [] }, context);
  expect(await look(changed)).toBeUndefined();
}

describe("the operator's policy", () => {
  const tagged = (want: Wanted) => ({ ...want.tags, team: "shop" });

  it("is enough for a queue", async () => {
    const want = queueWant("test-jobs");
    await live(queueProvider(operator), "test-jobs", "Queue", want, { retentionSeconds: 7_200, tags: tagged(want) });
  });

  it("is enough for a table", async () => {
    const want = tableWant("test-data", { pointInTimeRecoveryDays: 7 });
    await live(tableProvider(operator), "test-data", "Table", want, { ttlField: "until", tags: tagged(want) });
  });

  it("is enough for an item of a table", async () => {
    const marks = call("test-rows", { owner: owner("test-rows", { kind: "Table" }) });
    const { id } = await tableProvider(operator).create("test-rows", tableWant("test-rows"), marks);
    const want = itemWant(id);
    await live(tableItemProvider(operator), "one:1", "TableItem", want, {
      attributes: { state: "paid" },
      tags: tagged(want),
    });
  });

  it("is enough for a bucket", async () => {
    const want = bucketWant("test-files");
    await live(bucketProvider(operator), "test-files", "Bucket", want, {
      versioning: true,
      lifecycle: [{ name: "old", prefix: "", action: "Expire", days: 30, to: null, versionsKept: null }],
      cors: [{ name: "app", origins: ["*"], methods: ["GET"], headers: [], maxAgeSeconds: 60 }],
      tags: tagged(want),
    });
  });

  it("is enough for a bucket that is copied to another one", async () => {
    const buckets = bucketProvider(operator);
    const marks = call("test-copies", { owner: owner("test-copies", { kind: "Bucket" }) });
    const to = bucketWant("test-copies", { versioning: true });
    const { id: target } = await buckets.create("test-copies", to, marks);
    const seen = async () => {
      const found = await buckets.observe({ name: "test-copies", footprint: [] }, marks);
      if (!found.exists) throw new Error("it is gone");
      return found;
    };
    await buckets.update(await seen(), to, new Set(["versioning"]), marks);
    const want = bucketWant("test-copied");
    const replicateTo = { target, prefix: "", copies: true };
    await live(buckets, "test-copied", "Bucket", want, { versioning: true, replicateTo, tags: tagged(want) });
    await buckets.delete(await seen(), { name: "test-copies", footprint: [] }, marks);
  });

  it("is enough for a schedule", async () => {
    const rules = eventRuleProvider(operator);
    const want = eventRuleWant("test-daily");
    const fitted = rules.fit?.(want).want ?? want;
    await live(rules, "test-daily", "EventRule", fitted, { suspended: true, tags: tagged(want) });
  });

  it("is enough for a schedule that starts a workflow instead of telling a queue", async () => {
    const rules = eventRuleProvider(operator);
    const want = eventRuleWant("test-nightly");
    const target = { id: `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:nightly`, via: [] };
    const targetIs = { kind: "Workflow", ordered: false, encryptionKey: null } as const;
    const fitted = (wish: typeof want) => rules.fit?.(wish).want ?? wish;
    const starting = fitted({ ...want, target, targetIs });
    await live(rules, "test-nightly", "EventRule", fitted(want), { target: starting.target, targetIs });
  });

  it("is enough for a rule with a pattern", async () => {
    const rules = eventRuleProvider(operator);
    const pattern = [{ attribute: "type", prefix: "com.example." }];
    const want = eventRuleWant("test-orders", { schedule: null, pattern, input: "{}" });
    const fitted = rules.fit?.(want).want ?? want;
    await live(rules, "test-orders", "EventRule", fitted, { suspended: true, tags: tagged(want) });
  });

  it("is enough for a workflow, and for one that makes HTTP requests", async () => {
    const workflows = workflowProvider(operator);
    const want = workflowWant("test-orders");
    const calls = { do: [{ ask: { call: "http", with: { method: "GET", endpoint: "https://example.com/" } } }] };
    const fitted = (wish: typeof want) => workflows.fit?.(wish).want ?? wish;
    const quiet = fitted({ ...want, logLevel: "None", source: { definition: calls, targets: [] } });
    const { source, program, permissions, logLevel } = quiet;
    await live(workflows, "test-orders", "Workflow", fitted(want), {
      source,
      program,
      permissions,
      logLevel,
      tags: tagged(want),
    });
  });

  it("is enough for a topic", async () => {
    const want = topicWant("test-events");
    await live(topicProvider(operator), "test-events", "Topic", want, { maxMessageBytes: 65_536, tags: tagged(want) });
  });

  it("is enough for a queue that subscribes to a topic, which gets messages by its policy alone", async () => {
    const topics = topicProvider(operator);
    const queues = queueProvider(operator);
    const marks = call("test-news", { owner: owner("test-news", { kind: "Topic" }) });
    const { id: topic } = await topics.create("test-news", topicWant("test-news"), marks);
    const dead = call("test-aside", { owner: owner("test-aside") });
    const { id: target } = await queues.create("test-aside", queueWant("test-aside"), dead);
    const filter = [{ attribute: "type", exists: true }];
    const wish = queueWant("test-reader", { subscription: { topic, filter, via: [] } });
    const fitted = (want: typeof wish) => queues.fit?.(want).want ?? want;
    const deadLetter = { target, maxReceives: 5 };
    const { subscription } = fitted({ ...wish, deadLetter });
    await live(queues, "test-reader", "Queue", fitted(wish), { deadLetter, subscription });
    const made = await queues.create("test-reader", fitted(wish), call("test-reader"));
    const QueueUrl = made.outputs?.QUEUE_URL;
    const publish = async (Message: string) => {
      const type = { DataType: "String", StringValue: "order" };
      await admin.sns.send(new PublishCommand({ TopicArn: topic, Message, MessageAttributes: { type } }));
    };
    const arrived = async () =>
      (await admin.sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.map(({ Body }) => Body);
    await publish("let in");
    expect(await arrived()).toEqual(["let in"]);
    await admin.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: "" } }));
    await publish("kept out");
    expect(await arrived()).toBeUndefined();
    const reader = { name: "test-reader", footprint: queues.footprint?.(fitted(wish)) ?? [] };
    const open = await queues.observe(reader, call("test-reader"));
    if (!open.exists) throw new Error("it is gone");
    await queues.update(open, fitted(wish), new Set(["subscription"]), call("test-reader"));
    await publish("let in again");
    expect(await arrived()).toEqual(["let in again"]);
    await queues.delete(open, reader, call("test-reader"));
    for (const [provider, name, context] of [
      [topics, "test-news", marks],
      [queues, "test-aside", dead],
    ] as const) {
      const seen = await provider.observe({ name, footprint: [] }, context);
      if (seen.exists) await provider.delete(seen as never, { name, footprint: [] }, context);
    }
  });

  it("is enough for a secret: its versions, its value, and its way back", async () => {
    const name = "test-token";
    const provider = secretProvider(operator);
    const context = call(name, {
      owner: owner(name, { kind: "ManagedSecret" }),
      value: async () => Buffer.from("a value"),
    });
    const want = secretWant(name, { recoveryDays: 7, rotation: { everySeconds: 7200, overlapSeconds: 60 } });
    await provider.create(name, want, context);
    const look = async () => {
      const seen = await provider.observe({ name, footprint: [] }, context);
      if (!seen.exists) throw new Error("it is gone");
      return seen;
    };
    const changed = { ...want, value: { from: "Generated", revision: "48-Hex-1" } as const, tags: tagged(want) };
    const described = { ...changed, overrides: { description: "described" } };
    await provider.update(await look(), described, new Set(["value", "tags", "overrides"]), context);
    const seen = await look();
    expect(await provider.reveal?.(seen, seen.versions?.current ?? "", context)).toEqual(
      new Uint8Array(Buffer.from("a value")),
    );
    // Who puts the version before in force again moves the labels.
    await admin.secretsManager.send(new PutSecretValueCommand({ SecretId: name, SecretString: "somebody's" }));
    await provider.update(await look(), described, new Set(["value"]), context);
    await provider.delete(await look(), { name, footprint: [] }, context);
    await provider.create(name, described, context);
    expect((await look()).actual.overrides).toEqual({ description: "described" });
    await provider.release?.(await look(), context);
    const theirs = (await look()).owner?.cluster;
    expect(theirs).not.toBe("cluster-a");
    await provider.adopt(await look(), described, context);
    await provider.delete(await look(), { name, footprint: [] }, context);
  });

  it("reads no value of a secret that lacks its mark, even under its prefix", async () => {
    const Name = "test-secret-by-hand";
    const { ARN } = await admin.secretsManager.send(new CreateSecretCommand({ Name, SecretString: "theirs" }));
    const read = new GetSecretValueCommand({ SecretId: ARN });
    await expect(operator.secretsManager.send(read)).rejects.toThrow(/not authorized|AccessDenied|denied/i);
    await expect(admin.secretsManager.send(read)).resolves.toBeDefined();
  });

  it("is enough for an identity", async () => {
    const grants = [
      {
        kind: "Queue" as const,
        id: `arn:aws:sqs:${REGION}:${ACCOUNT}:test-jobs`,
        access: "Consume" as const,
        encryptionKey: null,
      },
    ];
    const want = identityWant("test-api", { grants });
    await live(identityProvider(operator), "test-api", "WorkloadIdentity", want, { tags: tagged(want) });
  });

  it("is enough for a key", async () => {
    const name = "test-key";
    const provider = encryptionKeyProvider(operator);
    const context = call(name, { owner: owner(name, { kind: "EncryptionKey" }) });
    const wish = { rotationDays: 365, deletionWindowDays: 7, state: "Enabled", access: [], overrides: {} } as const;
    const want = provider.fit?.({ ...wish, tags: queueWant(name).tags }).want;
    if (!want) throw new Error("it fits any want");
    await provider.create(name, want, context);
    const look = async (footprint: readonly string[] = []) => {
      const seen = await provider.observe({ name, footprint }, context);
      if (!seen.exists) throw new Error("it is gone");
      return seen;
    };
    const changed = { ...want, rotationDays: 90, tags: tagged(want), state: "Disabled" as const };
    await provider.update(await look(), changed, new Set(["rotationDays", "tags", "access", "state"]), context);
    await provider.delete(await look(), { name, footprint: [] }, context);
    expect(await look()).toMatchObject({ phase: "deleting", restorable: true });
    await provider.update(await look(), want, new Set(["state"]), context);
    expect(await look()).toMatchObject({ phase: "ready", actual: { state: "Enabled", rotationDays: 90 } });
    await provider.update(await look(), { ...want, rotationDays: 0 }, new Set(["rotationDays"]), context);
    const lost = await provider.observe({ name: "test-lost", footprint: [createIntent("test-lost")] }, context);
    expect(lost.exists).toBe(false);
  });

  it.each([
    ["of another environment", "prod-jobs", "prod"],
    ["outside of any", "jobs", "test"],
  ])("makes nothing %s", async (_, name, environment) => {
    const marks = owner(name, { environment });
    await expect(
      queueProvider(operator).create(name, queueWant(name), call(name, { owner: marks })),
    ).rejects.toMatchObject({ fault: "denied" });
    const table = owner(name, { environment, kind: "Table" });
    await expect(
      tableProvider(operator).create(name, tableWant(name), call(name, { owner: table })),
    ).rejects.toMatchObject({ fault: "denied" });
    const bucket = owner(name, { environment, kind: "Bucket" });
    const make = bucketProvider(operator).create(name, bucketWant(name), call(name, { owner: bucket }));
    await expect(make).rejects.toMatchObject({ fault: "denied" });
  });

  it("changes no queue that lacks its mark, even under its prefix", async () => {
    const QueueName = "test-by-hand";
    await admin.sqs.send(new CreateQueueCommand({ QueueName }));
    const QueueUrl = `${emulator.endpoint}/${ACCOUNT}/${QueueName}`;
    const change = new SetQueueAttributesCommand({ QueueUrl, Attributes: { DelaySeconds: "1" } });
    await expect(operator.sqs.send(change)).rejects.toThrow(/not authorized|AccessDenied|denied/i);
    await expect(admin.sqs.send(change)).resolves.toBeDefined();
  });

  it("makes no role outside of its path", async () => {
    const elsewhere = identityProvider({ ...operator, place: { ...at, environment: "prod" } });
    const marks = owner("prod-api", { environment: "prod", kind: "WorkloadIdentity" });
    await expect(
      elsewhere.create("prod-api", identityWant("prod-api"), call("prod-api", { owner: marks })),
    ).rejects.toMatchObject({ fault: "denied" });
  });
});
