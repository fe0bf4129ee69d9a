import { QUERY_ITEMS, type StoreCall } from "../calls.ts";
import type { Expression } from "../expression/index.ts";
import { check, type Span, toJsonata, toJsonataTemplate, type Value } from "../expression/index.ts";
import { indexedAttributes, keysOf, queriedOf, type TableSchema } from "../tables/schema.ts";
import { attributeOf, boundsOf, itemOf, keyOfItem, plainItem, plainItems } from "./attributes.ts";
import { type Given, type Integration, outputIn, RESULT } from "./integration.ts";
import { at, field, query } from "./queries.ts";

/** Calls of Tables, by the integration of DynamoDB; of queries and of S3 there is none but that of the SDK. */
export const STORES: { readonly [Name in StoreCall]: (given: Given) => Integration } = {
  "table.get": tableGet,
  "table.put": tablePut,
  "table.update": tableUpdate,
  "table.delete": tableDelete,
  "table.query": tableQuery,
  "bucket.get": bucketGet,
  "bucket.put": bucketPut,
};

const NOTHING = {};
/** A text that somebody wrote, which may look like an expression of Step Functions. */
const plain = (value: string): Value =>
  toJsonataTemplate({ kind: "literal", value, double: false, span: NO_SPAN }, String);
const NO_SPAN: Span = { path: "", start: 0, end: 0, line: 1, column: 1 };

const written = ({ names }: Given, expression: Expression): string => toJsonata(expression, names);
const schemaOf = ({ task, place }: Given): TableSchema => place.schema(task.target!);
const tableOf = (given: Given) => ({ TableName: outputIn(given, "TABLE_NAME") });
const keyIn = (given: Given) => ({ Key: query(keyOfItem(written(given, given.with.key!), schemaOf(given))) });

function tableGet(given: Given): Integration {
  return {
    Resource: "arn:aws:states:::dynamodb:getItem",
    Arguments: { ...tableOf(given), ...keyIn(given), ConsistentRead: true },
    Output: { item: query(plainItem(at(RESULT, "Item"))) },
  };
}

function tablePut(given: Given): Integration {
  const schema = schemaOf(given);
  const unless = {
    ConditionExpression: "attribute_not_exists(#key)",
    ExpressionAttributeNames: { "#key": schema.partitionKey.name },
  };
  return {
    Resource: "arn:aws:states:::dynamodb:putItem",
    Arguments: {
      ...tableOf(given),
      Item: itemIn(given, schema),
      ...(given.task.settings.ifAbsent === true && unless),
    },
    Output: NOTHING,
  };
}

/** What is written out is written attribute by attribute: each expression has a length that it may have. */
function itemIn(given: Given, schema: TableSchema): Value {
  const item = given.with.item!;
  if (item.kind !== "map") return query(itemOf(written(given, item), schema));
  return Object.fromEntries(item.entries.map(({ key, value }) => [key, attributeIn(given, key, value, schema)]));
}

function attributeIn(given: Given, name: string, value: Expression, schema: TableSchema): Value {
  const looked = [...keysOf(schema), ...indexedAttributes(schema)].map((one) => one.name);
  const special = looked.includes(name) || name === schema.ttlField;
  const { kind } = check(value, given.task.with.scope);
  if (!special && kind === "string") return { S: field(value, given.names) };
  if (!special && kind === "bool") return { BOOL: field(value, given.names) };
  return query(attributeOf(name, written(given, value), schema));
}

function tableUpdate(given: Given): Integration {
  const { set } = given.with;
  const sets = set?.kind === "map" ? set.entries : [];
  const removes = (given.task.settings.remove ?? []) as readonly string[];
  const places = sets.map(({ key }, index) => [`#s${index}`, `:s${index}`, key] as const);
  const gone = removes.map((name, index) => [`#r${index}`, name] as const);
  const UpdateExpression = [
    ...(places.length > 0 ? [`SET ${places.map(([name, value]) => `${name} = ${value}`).join(", ")}`] : []),
    ...(gone.length > 0 ? [`REMOVE ${gone.map(([name]) => name).join(", ")}`] : []),
  ].join(" ");
  const schema = schemaOf(given);
  const values = sets.map(({ key, value }, index) => [`:s${index}`, attributeIn(given, key, value, schema)] as const);
  return {
    Resource: "arn:aws:states:::dynamodb:updateItem",
    Arguments: {
      ...tableOf(given),
      ...keyIn(given),
      UpdateExpression,
      ExpressionAttributeNames: Object.fromEntries(
        [...places.map(([place, , name]) => [place, name] as const), ...gone].map(([place, name]) => [
          place,
          plain(name),
        ]),
      ),
      ...(values.length > 0 && { ExpressionAttributeValues: Object.fromEntries(values) }),
    },
    Output: NOTHING,
  };
}

function tableDelete(given: Given): Integration {
  return {
    Resource: "arn:aws:states:::dynamodb:deleteItem",
    Arguments: { ...tableOf(given), ...keyIn(given) },
    Output: NOTHING,
  };
}

function tableQuery(given: Given): Integration {
  const { index, descending = false, limit } = given.task.settings;
  const { partitionKey, sortKey } = queriedOf(given.task, schemaOf(given));
  const [key, from, to] = [given.with.key!, given.with.from, given.with.to].map(
    (one) => one && written(given, one),
  ) as [string, string | undefined, string | undefined];
  const range = from && to ? " AND #s BETWEEN :from AND :to" : from ? " AND #s >= :from" : to ? " AND #s <= :to" : "";
  return {
    Resource: "arn:aws:states:::aws-sdk:dynamodb:query",
    Arguments: {
      ...tableOf(given),
      ...(index !== undefined && { IndexName: index }),
      KeyConditionExpression: `#p = :p${range}`,
      ExpressionAttributeNames: { "#p": partitionKey.name, ...(range && { "#s": sortKey?.name }) },
      ExpressionAttributeValues: query(boundsOf({ key, from, to }, partitionKey, sortKey)),
      ScanIndexForward: descending !== true,
      Limit: limit ?? QUERY_ITEMS,
      // An index can't be read so.
      ...(index === undefined && { ConsistentRead: true }),
    },
    Output: { items: query(plainItems(at(RESULT, "Items"), { key, from, to })) },
  };
}

const objectIn = (given: Given) => {
  const name = written(given, given.with.object!);
  return { Bucket: outputIn(given, "BUCKET"), Key: query(`($_k:=${name};$_k=""?$error("name"):$_k)`) };
};

function bucketGet(given: Given): Integration {
  const parsed = `($_b:=$parse(${at(RESULT, "Body")});$type($_b)="object" or $type($_b)="array"?$_b:$error("document"))`;
  return {
    Resource: "arn:aws:states:::aws-sdk:s3:getObject",
    Arguments: objectIn(given),
    Output: { body: query(parsed) },
  };
}

/** A body that is no text is written as JSON by the integration. */
function bucketPut(given: Given): Integration {
  return {
    Resource: "arn:aws:states:::aws-sdk:s3:putObject",
    Arguments: {
      ...objectIn(given),
      Body: field(given.with.body!, given.names),
      ContentType: "application/json",
      ...(given.task.settings.ifAbsent === true && { IfNoneMatch: "*" }),
    },
    Output: NOTHING,
  };
}
