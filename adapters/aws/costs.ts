import type { Readable } from "node:stream";
import {
  type AttributeValue,
  BatchWriteItemCommand,
  type BatchWriteItemCommandInput,
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type {
  CostCloud,
  CostItem,
  CostsPlace,
  CostTable,
  DeliveryQueue,
  ReportBucket,
  ReportObject,
} from "../../operator/provider/costs.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import type { Item } from "../../operator/provider/item-mark.ts";
import { ATTEMPTS, pauseAfter } from "../attempts.ts";
import { fromAttributes, toAttributes } from "./attribute-value.ts";
import { ask, askFor, required } from "./errors.ts";

/** SQS, S3 and DynamoDB for the ingest of cost reports, as the pod's own identity. */
export function connectCosts({ region, endpoints, queue, bucket, table }: CostsPlace): CostCloud {
  const at = (service: string) => {
    const endpoint = endpoints[service] ?? endpoints.default;
    return { region, maxAttempts: ATTEMPTS, ...(endpoint !== undefined && { endpoint }) };
  };
  const sqs = new SQSClient({ ...at("sqs"), useQueueUrlAsEndpoint: false });
  const s3 = new S3Client({ ...at("s3"), forcePathStyle: at("s3").endpoint !== undefined });
  const dynamodb = new DynamoDBClient(at("dynamodb"));
  return {
    queue: sqsQueue(sqs, queue.URL ?? ""),
    bucket: s3Bucket(s3, bucket[""] ?? ""),
    table: dynamodbTable(dynamodb, table.NAME ?? ""),
    close() {
      for (const client of [sqs, s3, dynamodb]) client.destroy();
    },
  };
}

function sqsQueue(sqs: SQSClient, QueueUrl: string): DeliveryQueue {
  return {
    async receive(signal) {
      const command = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1, WaitTimeSeconds: 20 });
      const { Messages = [] } = await ask("SQS ReceiveMessage", sqs.send(command, { abortSignal: signal }));
      const [message] = Messages;
      if (!message) return undefined;
      const ReceiptHandle = required("SQS ReceiveMessage", "ReceiptHandle", message.ReceiptHandle);
      const hold = async (VisibilityTimeout: number) => {
        const change = new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout });
        await ask("SQS ChangeMessageVisibility", sqs.send(change));
      };
      return {
        body: message.Body ?? "",
        extend: hold,
        giveBack: hold,
        async done() {
          await ask("SQS DeleteMessage", sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })));
        },
      };
    },
  };
}

function s3Bucket(s3: S3Client, Bucket: string): ReportBucket {
  return {
    url: `s3://${Bucket}`,
    async list(Prefix) {
      const objects: ReportObject[] = [];
      let ContinuationToken: string | undefined;
      do {
        const page = await ask(
          "S3 ListObjectsV2",
          s3.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken })),
        );
        for (const { Key, ETag, Size, LastModified } of page.Contents ?? [])
          objects.push(objectOf("S3 ListObjectsV2", Key ?? "", ETag, Size, LastModified));
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      return objects;
    },
    async stat(Key) {
      const found = await askFor("S3 HeadObject", s3.send(new HeadObjectCommand({ Bucket, Key })));
      return found && objectOf("S3 HeadObject", Key, found.ETag, found.ContentLength, found.LastModified);
    },
    async open({ key: Key, version: IfMatch }) {
      const { Body } = await ask("S3 GetObject", s3.send(new GetObjectCommand({ Bucket, Key, IfMatch })));
      return required("S3 GetObject", "Body", Body) as Readable;
    },
  };
}

function objectOf(
  operation: string,
  key: string,
  etag: string | undefined,
  bytes: number | undefined,
  modified: Date | undefined,
): ReportObject {
  return {
    key,
    version: required(operation, "ETag", etag),
    bytes: bytes ?? 0,
    modified: required(operation, "LastModified", modified).toISOString(),
  };
}

/** Attribute that counts the writes of an item that is swapped. */
const REVISION = "revision";
/** The most items of one BatchWriteItem: docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html. */
const BATCH = 25;
/** How many of them are under way at once. */
const LANES = 4;

type Requests = NonNullable<NonNullable<BatchWriteItemCommandInput["RequestItems"]>[string]>;

/** A Table with the keys `pk` and `sk`. @param TableName its name, not the ARN */
export function dynamodbTable(dynamodb: DynamoDBClient, TableName: string): CostTable {
  const keyOf = (pk: string, sk: string) => toAttributes({ pk, sk });

  async function batch(requests: Requests): Promise<void> {
    let left = requests;
    for (let attempt = 0; left.length > 0; attempt += 1) {
      if (attempt === ATTEMPTS)
        throw new ProviderError("throttled", `DynamoDB leaves ${left.length} items of ${TableName} unwritten`, {
          code: "UnprocessedItems",
        });
      if (attempt > 0) await pauseAfter(attempt);
      const command = new BatchWriteItemCommand({ RequestItems: { [TableName]: left } });
      const { UnprocessedItems } = await ask("DynamoDB BatchWriteItem", dynamodb.send(command));
      left = UnprocessedItems?.[TableName] ?? [];
    }
  }

  async function batches(requests: Requests): Promise<void> {
    const parts = Array.from({ length: Math.ceil(requests.length / BATCH) }, (_, n) =>
      requests.slice(n * BATCH, (n + 1) * BATCH),
    );
    const lane = async () => {
      for (let part = parts.shift(); part; part = parts.shift()) await batch(part);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  return {
    async read(pk, sk) {
      const command = new GetItemCommand({ TableName, Key: keyOf(pk, sk), ConsistentRead: true });
      const { Item: found } = await ask("DynamoDB GetItem", dynamodb.send(command));
      if (!found) return undefined;
      const { [REVISION]: revision, ...item } = fromAttributes(found);
      return { item: item as unknown as CostItem, mark: String(revision ?? 0) };
    },

    async swap(item, mark) {
      const next = mark === null ? 1 : Number(mark) + 1;
      const command = new PutItemCommand({
        TableName,
        Item: toAttributes({ ...(item as unknown as Item), [REVISION]: next }),
        ExpressionAttributeNames: { "#r": mark === null ? "pk" : REVISION },
        ...(mark === null
          ? { ConditionExpression: "attribute_not_exists(#r)" }
          : { ConditionExpression: "#r = :r", ExpressionAttributeValues: { ":r": { N: mark } } }),
      });
      try {
        await ask("DynamoDB PutItem", dynamodb.send(command));
        return true;
      } catch (error) {
        if (error instanceof ProviderError && error.cause instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },

    writeAll: (items) =>
      batches(items.map((item) => ({ PutRequest: { Item: toAttributes(item as unknown as Item) } }))),
    deleteAll: (keys) => batches(keys.map(({ pk, sk }) => ({ DeleteRequest: { Key: keyOf(pk, sk) } }))),

    async *query(pk, from, to) {
      let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
      do {
        const command = new QueryCommand({
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
          // A key is no empty text.
          ExpressionAttributeValues: toAttributes({ ":pk": pk, ":from": from || " ", ":to": to }),
          ExclusiveStartKey,
        });
        const page = await ask("DynamoDB Query", dynamodb.send(command));
        for (const one of page.Items ?? []) {
          const { [REVISION]: _revision, ...item } = fromAttributes(one);
          yield item as unknown as CostItem;
        }
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey);
    },
  };
}
