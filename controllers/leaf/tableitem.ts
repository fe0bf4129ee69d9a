import { BINDABLE, type BindingField } from "../../crds/access.ts";
import { MARK } from "../../crds/item-mark.ts";
import type { TableItemSpec } from "../../crds/tableitem.ts";
import type { Given, Leaf } from "../../operator/reconcile/leaf-object.ts";
import {
  documentIdOf,
  keysOf,
  refuseUnstorable,
  schemaOf,
  type TableSchema,
  TaskError,
  typeOf,
  type Value,
} from "../../operator/workflow/index.ts";
import type { ItemWant } from "./wants.ts";

/** So many bytes of JSON: status holds them too. */
const MAX_BYTES = 32_768;
/** The longest id of a document that a name in status can be. Firestore takes 1500 bytes. */
const MAX_NAME = 512;

const SOURCES = Object.keys(BINDABLE) as BindingField[];

const TABLE = "tableRef";

/** One item of a Table: an item of DynamoDB, or a document of Firestore. */
export const tableItem: Leaf<TableItemSpec, ItemWant> = {
  kind: "TableItem",
  dataBearing: false,
  tellsObserved: true,
  optional: ({ optional }) => optional === true,
  nameLimit: MAX_NAME,
  nameOf: ({ key }) => documentIdOf(valuesOf(key)),
  flaw: (spec) => flawOf(spec),
  references: (spec) => [
    { field: TABLE, kind: "Table", name: spec.tableRef.name },
    ...sourcesOf(spec).map(({ field, kind, name }) => ({ field, kind, name })),
  ],
  problem: (spec, given) => problemOf(spec, given),
  want: (spec, given) => {
    const { outputs, effective } = given.target(TABLE);
    const { TABLE_ID: table = "", COLLECTION: collection = "" } = outputs;
    const schema = schemaOf(effective);
    const values = valuesOf(spec.key);
    return {
      table,
      key: (schema ? keysOf(schema) : []).map(({ name }, at) => ({ name, value: values[at] ?? "" })),
      place: { collection, ttlField: schema?.ttlField ?? null },
      attributes: attributesOf(spec) as ItemWant["attributes"],
      from: Object.fromEntries(
        sourcesOf(spec).map(({ attribute, field, output }) => [attribute, given.target(field).outputs[output] ?? ""]),
      ),
      tags: given.tags,
    };
  },
};

const attributesOf = ({ attributes = {} }: TableItemSpec) => attributes as Readonly<Record<string, Value>>;

const valuesOf = ({ partition, sort }: TableItemSpec["key"]) => (sort === undefined ? [partition] : [partition, sort]);

interface Source {
  readonly attribute: string;
  readonly output: string;
  /** Path in spec of the object's name. */
  readonly field: string;
  readonly kind: string;
  readonly name: string;
}

/** What `attributesFrom` names: the schema sees to it that each names just one object. */
function sourcesOf({ attributesFrom = [] }: TableItemSpec): readonly Source[] {
  return attributesFrom.flatMap((given, at) =>
    SOURCES.flatMap((kind) => {
      const { attribute, output, [kind]: name } = given;
      return name === undefined
        ? []
        : [{ attribute, output, field: `attributesFrom[${at}].${kind}`, kind: BINDABLE[kind], name }];
    }),
  );
}

function flawOf(spec: TableItemSpec): string | undefined {
  const attributes = attributesOf(spec);
  const names = [...Object.keys(attributes), ...sourcesOf(spec).map(({ attribute }) => attribute)];
  if (names.includes(MARK)) return `attributes: "${MARK}" says whose the item is; call yours something else`;
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) return `attributesFrom: ${twice} is in attributes too; leave one of them out`;
  const bytes = Buffer.byteLength(JSON.stringify(attributes));
  if (bytes > MAX_BYTES) return `attributes: ${bytes} bytes of JSON, and there can be ${MAX_BYTES}`;
  const { length } = documentIdOf(valuesOf(spec.key));
  if (length > MAX_NAME)
    return `key: it has ${length} characters with what is percent-encoded, and there can be ${MAX_NAME}`;
  const unkept = Object.keys(attributes).find((name) => isUnkept(attributes[name]!));
  return unkept === undefined
    ? undefined
    : `attributes: ${unkept} has a number of more digits than both clouds keep; write it as text`;
}

/** DynamoDB holds no smaller number but 0. */
const LEAST = 1e-130;

/** It has a number that one of the clouds, or JSON, would hold as another one: of more than 15 digits, or past 2^53. */
function isUnkept(value: Value): boolean {
  if (typeof value !== "number")
    return typeof value === "object" && value !== null && Object.values(value).some((each) => isUnkept(each as Value));
  if (Number.isInteger(value)) return !Number.isSafeInteger(value);
  return Math.abs(value) < LEAST || Number(value.toPrecision(15)) !== value;
}

function problemOf(spec: TableItemSpec, given: Given): string | undefined {
  const schema = schemaOf(given.target(TABLE).effective);
  if (!schema) return `${TABLE}: Table ${spec.tableRef.name} tells no keys yet; one that is only observed never does`;
  return problemOfKey(spec, schema) ?? problemOfSources(spec, given) ?? problemOfAttributes(spec, schema, given);
}

function problemOfKey({ tableRef: { name: table }, key }: TableItemSpec, schema: TableSchema): string | undefined {
  if (schema.sortKey && key.sort === undefined)
    return `key.sort: is missing, and the sort key of Table ${table} is ${schema.sortKey.name}`;
  if (!schema.sortKey && key.sort !== undefined) return `key.sort: Table ${table} has no sort key; leave it out`;
  for (const [part, attribute] of [["partition", schema.partitionKey] as const, ["sort", schema.sortKey] as const])
    if (attribute && typeof key[part] !== typeOf(attribute))
      return `key.${part}: should be a ${typeOf(attribute)}, as ${attribute.name} of Table ${table} is, and is ${JSON.stringify(key[part])}`;
  return undefined;
}

function problemOfSources(spec: TableItemSpec, given: Given): string | undefined {
  for (const { field, kind, name, output } of sourcesOf(spec)) {
    const { outputs } = given.target(field);
    if (outputs[output] === undefined)
      return `${field}: ${kind} ${name} has no output ${output}: it has ${Object.keys(outputs).sort().join(", ")}`;
  }
  return undefined;
}

function problemOfAttributes(spec: TableItemSpec, schema: TableSchema, given: Given): string | undefined {
  const from = sourcesOf(spec).map(({ attribute, field, output }) => [attribute, given.target(field).outputs[output]!]);
  const all = { ...attributesOf(spec), ...(Object.fromEntries(from) as Record<string, string>) };
  const key = keysOf(schema).find(({ name }) => Object.hasOwn(all, name));
  if (key) return `attributes: ${key.name} is part of the key, and spec.key says what it is; leave it out`;
  try {
    refuseUnstorable(all, schema);
    return undefined;
  } catch (error) {
    if (error instanceof TaskError) return `attributes: ${error.message}`;
    throw error;
  }
}
