import { afterEach, describe, expect, it } from "vitest";
import type { QueueWant } from "../../controllers/leaf/wants.ts";
import { ownerTags } from "../../operator/provider/owner.ts";
import type { Fitted } from "../../operator/provider/provider.ts";
import { awsClients } from "./clients.ts";
import { queueProvider } from "./queue.ts";
import { ACCOUNT, call, owner, place, queueWant, REGION } from "./testing/fixtures.ts";
import { type Script, scriptServer } from "./testing/script-server.ts";
import { json, wire } from "./testing/wire.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function against(script: Script) {
  const server = await scriptServer(script);
  const aws = awsClients(place(server.url));
  open.push(server, aws);
  return { provider: queueProvider(aws), server };
}

const arn = `arn:aws:sqs:${REGION}:${ACCOUNT}:orders`;
const at = { name: "orders", footprint: [] };
const operations = (server: { asked: readonly { operation: string }[] }) => server.asked.map((one) => one.operation);

describe("on the wire", () => {
  it("a name that SQS still holds is waited for", async () => {
    const { provider, server } = await against(() => wire("QueueDeletedRecently"));
    await expect(provider.create("orders", queueWant("orders"), call("orders"))).rejects.toMatchObject({
      fault: "transient",
      retryAfterMs: 60_000,
      message: expect.stringContaining("60 seconds"),
    });
    expect(operations(server)).toEqual(["CreateQueue"]);
  });

  it("create sends all attributes and tags in one call", async () => {
    const { provider, server } = await against(({ operation }) =>
      json(operation === "CreateQueue" ? { QueueUrl: "https://q/orders" } : { Tags: ownerTags(owner("orders")) }),
    );
    const want = queueWant("orders", { deadLetter: { target: `${arn}-dlq`, maxReceives: 5 } });
    await provider.create("orders", want, call("orders"));
    expect(server.asked[0]).toEqual({
      operation: "CreateQueue",
      body: {
        QueueName: "orders",
        Attributes: {
          VisibilityTimeout: "60",
          MessageRetentionPeriod: "345600",
          MaximumMessageSize: "262144",
          DelaySeconds: "0",
          RedrivePolicy: JSON.stringify({ deadLetterTargetArn: `${arn}-dlq`, maxReceiveCount: 5 }),
          SqsManagedSseEnabled: "true",
        },
        tags: { team: "billing", ...ownerTags(owner("orders")) },
      },
    });
  });

  it("create without a reply can be repeated, and finds its own work", async () => {
    let made = 0;
    const { provider } = await against(({ operation }) => {
      if (operation === "ListQueueTags") return json({ Tags: ownerTags(owner("orders")) });
      made += 1;
      return made === 1 ? "close before the answer" : json({ QueueUrl: "https://q/orders" });
    });
    const create = () => provider.create("orders", queueWant("orders"), call("orders"));
    await expect(create()).rejects.toMatchObject({ fault: "transient" });
    expect(await create()).toMatchObject({ id: arn });
  });

  it.each(["Empty", "NotJson", "Unavailable", "SqsAccessDenied", "SqsThrottled"])(
    "%s is never read as absence",
    async (name) => {
      const { provider } = await against(() => wire(name));
      await expect(provider.observe(at, call("orders"))).rejects.toMatchObject({ name: "ProviderError" });
    },
  );

  it("tags that can't be read are no missing tags", async () => {
    const { provider } = await against(({ operation }) =>
      operation === "GetQueueAttributes" ? json({ Attributes: { QueueArn: arn } }) : wire("SqsAccessDenied"),
    );
    await expect(provider.observe(at, call("orders"))).rejects.toMatchObject({ fault: "denied" });
  });

  it("what SQS does not say is not compared; its forms are made ours", async () => {
    const Attributes = {
      QueueArn: arn,
      VisibilityTimeout: "60",
      RedrivePolicy: `{"maxReceiveCount":"5","deadLetterTargetArn":"${arn}-dlq"}`,
      KmsMasterKeyId: "",
      SomethingNew: "x",
    };
    const { provider } = await against(({ operation }) =>
      json(operation === "GetQueueAttributes" ? { Attributes } : { Tags: { "aws:cloudformation:stack-name": "s" } }),
    );
    expect(await provider.observe(at, call("orders"))).toEqual({
      exists: true,
      id: arn,
      owner: undefined,
      phase: "ready",
      actual: {
        processingTimeoutSeconds: 60,
        ordering: "None",
        deadLetter: { target: `${arn}-dlq`, maxReceives: 5 },
        encryptionKey: null,
        overrides: {},
        subscription: null,
        tags: {},
      },
      outputs: expect.objectContaining({ QUEUE_ID: arn, DLQ_ID: `${arn}-dlq` }),
    });
  });

  it("the second step that fails is named", async () => {
    const { provider } = await against(({ operation }) =>
      operation === "SetQueueAttributes" ? json({}) : wire("SqsAccessDenied"),
    );
    const seen = { exists: true, id: arn, phase: "ready", actual: { tags: {} }, outputs: {} } as never;
    await expect(
      provider.update(seen, queueWant("orders"), new Set(["delaySeconds", "tags"]), call("orders")),
    ).rejects.toMatchObject({ fault: "denied", step: "set tags" });
  });

  it("an aborted call sends nothing", async () => {
    const { provider, server } = await against(() => json({}));
    await expect(
      provider.create("orders", queueWant("orders"), call("orders", { signal: AbortSignal.abort() })),
    ).rejects.toMatchObject({ fault: "transient" });
    expect(server.asked).toEqual([]);
  });
});

describe("queue URLs", () => {
  it.each([
    ["eu-west-1", "https://sqs.eu-west-1.amazonaws.com/111122223333/orders", "aws"],
    ["cn-north-1", "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/orders", "aws-cn"],
    ["us-gov-west-1", "https://sqs.us-gov-west-1.amazonaws.com/111122223333/orders", "aws-us-gov"],
  ])("%s", async (region, expected, partition) => {
    const server = await scriptServer(({ operation }) =>
      json(operation === "CreateQueue" ? { QueueUrl: expected } : { Tags: ownerTags(owner("orders")) }),
    );
    const aws = awsClients(place(server.url, { region, account: "111122223333" }));
    open.push(server, aws);
    // The endpoint is taken away again so that the URL is AWS's own; calls still go to the server.
    const provider = queueProvider({ ...aws, place: { ...aws.place, endpoints: {} } });
    expect(await provider.create("orders", queueWant("orders"), call("orders"))).toEqual({
      id: `arn:${partition}:sqs:${region}:111122223333:orders`,
      outputs: expect.objectContaining({ QUEUE_URL: expected, REGION: region }),
    });
  });
});

describe("fit", () => {
  const aws = awsClients(place("http://127.0.0.1:1"));
  const fitted = (over: Partial<QueueWant>): Fitted<QueueWant> =>
    queueProvider(aws).fit?.(queueWant("orders", over)) ?? expect.fail("no fit");

  it("leaves what both clouds can do as it is", () => {
    expect(fitted({})).toEqual({ want: queueWant("orders"), deviations: [] });
  });

  it.each([
    [{ retentionSeconds: 2_678_400 }, { retentionSeconds: 1_209_600 }, "retention", "Clamped"],
    [{ maxMessageBytes: 5_000_000 }, { maxMessageBytes: 1_048_576 }, "maxMessageBytes", "Clamped"],
    [{ processingTimeoutSeconds: 43_201 }, { processingTimeoutSeconds: 43_200 }, "processingTimeout", "Clamped"],
    [{ processingTimeoutSeconds: 7_200 }, { processingTimeoutSeconds: 7_200 }, "processingTimeout", "CloudSpecific"],
    [{ delaySeconds: 30 }, { delaySeconds: 30 }, "delay", "CloudSpecific"],
    [
      { deadLetter: { target: arn, maxReceives: 2 } },
      { deadLetter: { target: arn, maxReceives: 2 } },
      "deadLetter.maxReceives",
      "CloudSpecific",
    ],
  ])("%o becomes %o", (asked, given, field, kind) => {
    const one = fitted(asked);
    expect(one.want).toMatchObject(given);
    expect(one.deviations).toEqual([{ field, kind, message: expect.any(String) }]);
  });

  it("writes a key as its ARN, whatever form it came in", () => {
    const key = `arn:aws:kms:${REGION}:${ACCOUNT}:key/1234abcd`;
    for (const form of ["1234abcd", "key/1234abcd", key])
      expect(fitted({ encryptionKey: form }).want.encryptionKey).toBe(key);
  });

  it("refuses an alias and an unknown override", () => {
    expect(() => fitted({ encryptionKey: "alias/orders" })).toThrow(expect.objectContaining({ fault: "invalid" }));
    expect(() => fitted({ overrides: { nonsense: "1" } })).toThrow(expect.objectContaining({ fault: "invalid" }));
  });

  it("an override that says what SQS does anyway is none; without a key there is nothing to reuse", () => {
    const key = "1234abcd";
    expect(fitted({ encryptionKey: key, overrides: { kmsDataKeyReuse: "5m" } }).want.overrides).toEqual({});
    expect(fitted({ encryptionKey: key, overrides: { kmsDataKeyReuse: "600s" } }).want.overrides).toEqual({
      kmsDataKeyReuse: "10m",
    });
    expect(fitted({ overrides: { kmsDataKeyReuse: "600s" } }).want.overrides).toEqual({});
  });
});
