import {
  type AttributeValue,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  ResourceNotFoundException,
  ScanCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { cloudName } from "../../../operator/provider/names.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { FROM, TABLE } from "../kinds/tableitem.ts";
import { carries } from "../marks.ts";
import type { ItemServices } from "../tableitems.ts";
import type { AwsUnderTest } from "./cloud.ts";

type Attributes = Record<string, AttributeValue>;

/** Where an object's item lies, and who writes it besides us, by the DynamoDB client. */
function itemsOf({ eyes: { dynamodb }, place }: AwsUnderTest) {
  const tableOf = ({ object: { metadata, spec } }: Subject) =>
    cloudName(
      {
        prefix: place.environment,
        namespace: metadata.namespace ?? "",
        name: (spec as { tableRef?: { name: string } }).tableRef?.name ?? TABLE,
      },
      63,
    );
  const at = (subject: Subject) => {
    const { key } = subject.object.spec as unknown as { key: { partition: string; sort: number } };
    return { TableName: tableOf(subject), Key: { tenant: { S: key.partition }, at: { N: String(key.sort) } } };
  };
  const set =
    (expression: string, names: Record<string, string>, value: AttributeValue) => async (subject: Subject) => {
      await dynamodb.send(
        new UpdateItemCommand({
          ...at(subject),
          UpdateExpression: `SET ${expression} = :value`,
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: { ":value": value },
        }),
      );
    };
  const unlessGone = async <T>(reply: Promise<T>): Promise<T | undefined> => {
    try {
      return await reply;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  };
  const snapshot = async (subject: Subject) => (await unlessGone(dynamodb.send(new GetItemCommand(at(subject)))))?.Item;
  return { tableOf, at, set, unlessGone, snapshot };
}

/** What services do with an item. */
export function itemServicesOnAws(aws: AwsUnderTest): ItemServices {
  const { at, set, snapshot } = itemsOf(aws);
  return {
    set: (subject, name, value) => set("#name", { "#name": name }, { S: value })(subject),
    async replace(subject) {
      const { TableName, Key } = at(subject);
      await aws.eyes.dynamodb.send(new PutItemCommand({ TableName, Item: { ...Key, theirs: { S: "x" } } }));
    },
    held: async (subject, name) => (await snapshot(subject))?.[name],
    text: (value) => ({ S: value }),
    expiry: { N: "1792592000" },
  };
}

/** TableItem on AWS, by the DynamoDB client. */
export function tableItemOnAws(aws: AwsUnderTest): KindOnCloud {
  const { dynamodb } = aws.eyes;
  const { tableOf, at, set, unlessGone, snapshot } = itemsOf(aws);
  const { replace } = itemServicesOnAws(aws);
  const tag = (subject: Subject, key: string, value: string) =>
    set("#onyx.#tags.#key", { "#onyx": "onyx", "#tags": "tags", "#key": key }, { S: value })(subject);
  const tagsIn = ({ onyx }: Attributes) =>
    Object.fromEntries(Object.entries(onyx?.M?.tags?.M ?? {}).map(([key, { S = "" }]) => [key, S]));

  return {
    makes: ["PutItem"],
    unmakes: ["DeleteItem"],
    touches({ request }) {
      const { UpdateExpression = "", ExpressionAttributeNames = {} } = request as {
        UpdateExpression?: string;
        ExpressionAttributeNames?: Record<string, string>;
      };
      const written = Object.entries(ExpressionAttributeNames)
        .filter(([placeholder]) => new RegExp(`${placeholder}\\b`).test(UpdateExpression))
        .map(([, name]) => name);
      const fields = written.filter((name) => name !== "onyx").map((name) => (name === FROM ? "from" : "attributes"));
      return fields.length > 0 ? fields : written.map(() => "tags");
    },
    async list(subject) {
      const found = await unlessGone(dynamodb.send(new ScanCommand({ TableName: tableOf(subject) })));
      return (found?.Items ?? [])
        .filter((item) => carries(ownerOf(tagsIn(item)), subject.object))
        .map((item) => ({ id: JSON.stringify([item.tenant, item.at]) }));
    },
    snapshot,
    tamper: {
      attributes: set("#price", { "#price": "price" }, { N: "1" }),
      tags: (subject) => tag(subject, "stage", "somebody"),
    },
    tag,
    createForeign: replace,
    async remove(subject) {
      await unlessGone(dynamodb.send(new DeleteItemCommand(at(subject))));
    },
  };
}
