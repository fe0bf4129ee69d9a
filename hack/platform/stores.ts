import { type AttributeValue, DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { AWS } from "./environment.ts";
import type { Platform } from "./platform.ts";

/** A value as JSON has it. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };
export type Item = Readonly<Record<string, Plain>>;

/** What lies in Tables and Buckets, whatever the cloud: by the outputs of the objects. */
export interface Stores {
  items(table: string): Promise<readonly Item[]>;
  /** JSON. */
  object(bucket: string, name: string): Promise<Plain>;
  put(bucket: string, name: string, text: string): Promise<void>;
  close(): void;
}

/** Opens the Tables and Buckets of a namespace. */
export function openStores({ cloud, cluster, endpoints }: Platform, namespace: string): Stores {
  const outputsOf = async (kind: string, name: string) => {
    const path = "jsonpath={.status.outputs}";
    const json = await cluster.kubectl(["get", `${kind}.onyx.onelens.io`, name, "-n", namespace, "-o", path]);
    return JSON.parse(json) as Readonly<Record<string, string>>;
  };
  if (cloud === "gcp") {
    const rest = endpoints.gcpRest;
    return {
      async items(table) {
        const { TABLE_ID = "" } = await outputsOf("table", table);
        return [...(await documentsIn(rest, TABLE_ID)).values()];
      },
      async object(bucket, name) {
        const { BUCKET } = await outputsOf("bucket", bucket);
        const reply = await fetch(`${rest}/storage/v1/b/${BUCKET}/o/${encodeURIComponent(name)}?alt=media`);
        return (await reply.json()) as Plain;
      },
      async put(bucket, name, body) {
        const { BUCKET } = await outputsOf("bucket", bucket);
        const url = `${rest}/upload/storage/v1/b/${BUCKET}/o?uploadType=media&name=${encodeURIComponent(name)}`;
        const headers = { "content-type": "application/octet-stream" };
        const reply = await fetch(url, { method: "POST", headers, body });
        if (!reply.ok) throw new Error(`${url}: ${reply.status} ${await reply.text()}`);
      },
      close() {},
    };
  }
  const at = {
    endpoint: endpoints.aws,
    region: AWS.region,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  };
  const [dynamodb, s3] = [new DynamoDBClient(at), new S3Client({ ...at, forcePathStyle: true })];
  return {
    items: async (table) => itemsIn(dynamodb, (await outputsOf("table", table)).TABLE_NAME ?? ""),
    async object(bucket, Key) {
      const { BUCKET } = await outputsOf("bucket", bucket);
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
      return JSON.parse((await Body?.transformToString()) ?? "null") as Plain;
    },
    async put(bucket, Key, Body) {
      const { BUCKET } = await outputsOf("bucket", bucket);
      await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
    },
    close() {
      dynamodb.destroy();
      s3.destroy();
    },
  };
}

/** All items of a small table of DynamoDB. */
export async function itemsIn(client: DynamoDBClient, TableName: string): Promise<readonly Item[]> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName, ConsistentRead: true }));
  return Items.map(fromAttributes);
}

function fromAttribute(value: AttributeValue): Plain {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.BOOL !== undefined) return value.BOOL;
  if (value.L !== undefined) return value.L.map(fromAttribute);
  return value.M === undefined ? null : fromAttributes(value.M);
}

const fromAttributes = (map: Readonly<Record<string, AttributeValue>>): Item =>
  Object.fromEntries(Object.entries(map).map(([name, value]) => [name, fromAttribute(value)]));

/** All items of a database of Firestore, by the ids of their documents. @param rest where its REST API answers */
export async function documentsIn(rest: string, database: string): Promise<ReadonlyMap<string, Item>> {
  const documents = `${database}/documents`;
  const query = { structuredQuery: { from: [{ collectionId: "items" }] } };
  const reply = await fetch(`${rest}/v1/${documents}:runQuery`, {
    method: "POST",
    body: JSON.stringify(query),
    headers: { "content-type": "application/json" },
  });
  const answers = (await reply.json()) as readonly {
    readonly document?: { readonly name: string; readonly fields?: Fields };
  }[];
  return new Map(
    answers.flatMap(({ document }) =>
      document ? [[document.name.slice(`${documents}/items/`.length), fromFields(document.fields ?? {})]] : [],
    ),
  );
}

type Fields = Readonly<Record<string, object>>;

/** The REST API has a value in the one member that its kind is called by. */
function fromValue(value: object): Plain {
  const [[kind, held] = ["", null]] = Object.entries(value) as [string, unknown][];
  const { values = [], fields = {} } = (held ?? {}) as {
    readonly values?: readonly object[];
    readonly fields?: Fields;
  };
  if (kind === "arrayValue") return values.map(fromValue);
  if (kind === "mapValue") return fromFields(fields);
  if (kind === "timestampValue") return Date.parse(held as string) / 1_000;
  return kind === "integerValue" ? Number(held) : (held as Plain);
}

const fromFields = (fields: Fields): Item =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, fromValue(value)]));
