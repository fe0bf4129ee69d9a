import {
  type AttributeValue,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { ItemOutputs, ItemWant } from "../../controllers/leaf/wants.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import {
  adopted,
  changeOf,
  keyIn,
  MARK,
  type Mark,
  markOf,
  newItem,
  partsOf,
  placesIn,
  placeText,
  refuseOtherHands,
  refuseTaken,
  released,
} from "../../operator/provider/item-mark.ts";
import { ownerOf } from "../../operator/provider/owner.ts";
import type { Call, Present, Provider } from "../../operator/provider/provider.ts";
import { documentIdOf } from "../../operator/workflow/index.ts";
import { parseArn } from "./arn.ts";
import { fromAttributes, toAttribute, toAttributes } from "./attribute-value.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { ownerOfMade } from "./tags.ts";

type Seen = Present<ItemWant, ItemOutputs>;
type Attributes = Readonly<Record<string, AttributeValue>>;

/** Where an item is: the ARN of its table, and its key. */
type Spot = Pick<ItemWant, "table" | "key">;

/**
 * TableItem as item of a DynamoDB table, in one write with its mark. Every write holds only while the mark is what was read,
 * so nothing of somebody else's is changed or deleted, whenever they come. An id of an item tells no types, so where it is
 * stands in the footprint.
 */
export function tableItemProvider({ dynamodb }: Aws): Provider<ItemWant, ItemOutputs> {
  const options = (call: Call) => ({ abortSignal: call.signal });
  const placeOf = ({ table, key }: Spot) => ({
    TableName: tableNameOf(table),
    Key: toAttributes(keyIn({ key })),
  });

  /** Undefined: there is none, or no such table. */
  async function read(spot: Spot, call: Call): Promise<Attributes | undefined> {
    const operation = "DynamoDB GetItem";
    // The capacity that it took stands in every whole answer: one without an item alone could be cut off.
    const command = new GetItemCommand({ ...placeOf(spot), ConsistentRead: true, ReturnConsumedCapacity: "TOTAL" });
    const reply = await askFor(operation, dynamodb.send(command, options(call)));
    if (reply) required(operation, "ConsumedCapacity", reply.ConsumedCapacity);
    return reply?.Item;
  }

  function seenAt(spot: Spot, found: Attributes): Seen {
    const item = fromAttributes(found);
    const tags = markOf(item)?.tags ?? {};
    const names = spot.key.map(({ name }) => name);
    return {
      exists: true,
      id: idOf(spot),
      owner: ownerOf(tags),
      phase: "ready",
      actual: { ...spot, ...partsOf(item, names), tags },
      outputs: { ITEM_ID: idOf(spot) },
    };
  }

  /** Sets and takes away attributes, as long as the mark is the one that was read. */
  async function write(spot: Spot, found: Attributes, set: Attributes, remove: readonly string[], call: Call) {
    const names = new Names();
    const values: Record<string, AttributeValue> = {};
    const sets = Object.entries(set).map(([name, value], at) => {
      values[`:v${at}`] = value;
      return `${names.of(name)} = :v${at}`;
    });
    const removes = remove.map((name) => names.of(name));
    if (sets.length + removes.length === 0) return;
    const guard = guardOf(spot, found, names);
    const parts = [
      ...(sets.length > 0 ? [`SET ${sets.join(", ")}`] : []),
      ...(removes.length > 0 ? [`REMOVE ${removes.join(", ")}`] : []),
    ];
    const command = new UpdateItemCommand({
      ...placeOf(spot),
      UpdateExpression: parts.join(" "),
      ConditionExpression: guard.condition,
      ExpressionAttributeNames: names.all,
      ...present({ ...values, ...guard.values }),
    });
    await ask("DynamoDB UpdateItem", dynamodb.send(command, options(call)));
  }

  const setMark = (spot: Spot, found: Attributes, mark: Mark, call: Call) =>
    write(spot, found, { [MARK]: toAttribute(mark) }, [], call);

  /** What is there now, still marked as it was seen. */
  async function readAgain(seen: Seen, call: Call) {
    const spot = spotOf(seen);
    const found = await read(spot, call);
    if (!found) throw new ProviderError("notFound", `the item ${seen.id} is gone`, { code: "ItemNotFound" });
    const item = fromAttributes(found);
    const mark = markOf(item);
    refuseOtherHands(mark, seen.owner, `the item ${seen.id}`);
    return { spot, found, item, mark };
  }

  return {
    ids: "derived",
    service: "dynamodb-items",
    immutable: ["table"],
    footprint: ({ table, key }) => [placeText({ table, key })],
    foresee: (_name, want) => ({ ITEM_ID: idOf(want) }),

    async observe(at, call) {
      for (const spot of placesIn(at, idOf)) {
        const found = await read(spot, call);
        if (found) return seenAt(spot, found);
      }
      return { exists: false };
    },

    async create(_name, want, call) {
      const names = new Names();
      const absent = `attribute_not_exists(${names.of(want.key[0]?.name ?? "")})`;
      const command = new PutItemCommand({
        TableName: tableNameOf(want.table),
        Item: toAttributes(newItem(want, call.owner)),
        ConditionExpression: absent,
        ExpressionAttributeNames: names.all,
      });
      const id = idOf(want);
      try {
        await ask("DynamoDB PutItem", dynamodb.send(command, options(call)));
      } catch (error) {
        if (!(error instanceof ProviderError) || error.code !== CONDITION_FAILED) throw error;
        const found = await read(want, call);
        const tags = (found && markOf(fromAttributes(found))?.tags) ?? {};
        ownerOfMade(tags, call.owner, { answered: false, what: `the item ${id}`, code: "ItemExists" });
        return { id };
      }
      return { id, outputs: { ITEM_ID: id } };
    },

    async update(seen, want, _changed, call) {
      const { spot, found, item } = await readAgain(seen, call);
      const { set, remove } = changeOf(item, want, call.owner);
      await write(spot, found, toAttributes(set), remove, call);
    },

    async delete(seen, _at, call) {
      const names = new Names();
      const { spot, found } = await readAgain(seen, call);
      const guard = guardOf(spot, found, names);
      const command = new DeleteItemCommand({
        ...placeOf(spot),
        ConditionExpression: guard.condition,
        ExpressionAttributeNames: names.all,
        ...present(guard.values),
      });
      await ask("DynamoDB DeleteItem", dynamodb.send(command, options(call)));
    },

    async adopt(seen, _want, call) {
      const { spot, found, item, mark } = await readAgain(seen, call);
      refuseTaken(item, mark, `the item ${seen.id}`);
      await setMark(spot, found, adopted(mark, call.owner), call);
    },

    async release(seen, call) {
      const { spot, found, mark } = await readAgain(seen, call);
      if (mark) await setMark(spot, found, released(mark), call);
    },
  };
}

const CONDITION_FAILED = "ConditionalCheckFailedException";

const tableNameOf = (arn: string): string => parseArn(arn)?.resource.replace(/^table\//, "") ?? arn;

const idOf = ({ table, key }: Spot): string => `${table}/item/${documentIdOf(key.map(({ value }) => value))}`;

const spotOf = ({ actual: { table = "", key = [] } }: Seen): Spot => ({ table, key });

/** The item is there and its mark is the one that was read. */
function guardOf({ key: [partition] }: Spot, found: Attributes, names: Names) {
  const { [MARK]: mark } = found;
  const name = names.of(MARK);
  if (mark) return { condition: `${name} = :mark`, values: { ":mark": mark } };
  const there = names.of(partition?.name ?? "");
  return { condition: `attribute_not_exists(${name}) AND attribute_exists(${there})`, values: {} };
}

/** No values at all are no map of values: DynamoDB refuses an empty one. */
const present = (values: Attributes) =>
  Object.keys(values).length > 0 ? { ExpressionAttributeValues: { ...values } } : {};

/** Names of attributes in expressions, where a name may be any text. */
class Names {
  readonly all: Record<string, string> = {};

  of(name: string): string {
    const known = Object.entries(this.all).find(([, given]) => given === name)?.[0];
    if (known) return known;
    const placeholder = `#n${Object.keys(this.all).length}`;
    this.all[placeholder] = name;
    return placeholder;
  }
}
