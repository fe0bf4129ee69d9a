import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from "@aws-sdk/client-dynamodb";
import type { Item, Items } from "../items.ts";
import type { AwsUnderTest } from "./cloud.ts";

/** Items by the DynamoDB client, without the proxy. */
export function itemsOnAws({ eyes: { dynamodb } }: AwsUnderTest): Items {
  const keyOf = ({ tenant, at }: Item) => written({ tenant, at });
  return {
    async putIfAbsent({ TABLE_NAME: TableName }, item) {
      try {
        const ConditionExpression = "attribute_not_exists(tenant)";
        await dynamodb.send(new PutItemCommand({ TableName, Item: written(item), ConditionExpression }));
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },
    async get({ TABLE_NAME: TableName }, key) {
      const { Item } = await dynamodb.send(new GetItemCommand({ TableName, Key: keyOf(key), ConsistentRead: true }));
      return Item && read(Item);
    },
    async delete({ TABLE_NAME: TableName }, key) {
      await dynamodb.send(new DeleteItemCommand({ TableName, Key: keyOf(key) }));
    },
    async query({ TABLE_NAME: TableName }, { by: [attribute, value], index, from, to, reverse = false }) {
      const { Items = [] } = await dynamodb.send(
        new QueryCommand({
          TableName,
          ...(index && { IndexName: index }),
          KeyConditionExpression: "#by = :value AND #at BETWEEN :from AND :to",
          ExpressionAttributeNames: { "#by": attribute, "#at": "at" },
          ExpressionAttributeValues: {
            ":value": { S: value },
            ":from": { N: String(from) },
            ":to": { N: String(to) },
          },
          ScanIndexForward: !reverse,
        }),
      );
      return Items.map(read);
    },
  };
}

const written = (item: Item): Record<string, AttributeValue> =>
  Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      typeof value === "number" ? { N: String(value) } : { S: value },
    ]),
  );

const read = (item: Record<string, AttributeValue>): Item =>
  Object.fromEntries(
    Object.entries(item).map(([name, { N, S = "" }]) => [name, N === undefined ? S : Number(N)]),
  ) as Item;
