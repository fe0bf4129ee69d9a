/** Items that somebody marks between the look that a write makes by itself and the write: the condition alone holds it back. */
import { GetItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, expect, it } from "vitest";
import type { ItemOutputs, ItemWant } from "../../controllers/leaf/wants.ts";
import type { Present, Provider } from "../../operator/provider/provider.ts";
import { type Aws, awsClients } from "./clients.ts";
import { tableProvider } from "./table.ts";
import { tableItemProvider } from "./tableitem.ts";
import { awsEmulator } from "./testing/emulator.ts";
import { call, itemWant, owner, place, tableWant } from "./testing/fixtures.ts";

type Items = Provider<ItemWant, ItemOutputs>;

const emulator = await awsEmulator();
const aws = awsClients(place(emulator.endpoint));
afterAll(async () => {
  aws.close();
  await emulator.stop();
});
const { id: table } = await tableProvider(aws).create(
  "test-rows",
  tableWant("test-rows"),
  call("test-rows", { owner: owner("test-rows", { kind: "Table" }) }),
);
const TableName = "test-rows";

/** The same clients; after each look at an item somebody else marks it. */
function raced(Key: { pk: { S: string }; sk: { N: string } }): Aws {
  const dynamodb = new Proxy(aws.dynamodb, {
    get: (client, property) =>
      property !== "send"
        ? Reflect.get(client, property)
        : async (command: Parameters<typeof client.send>[0], ...more: []) => {
            const reply = await client.send(command, ...more);
            if (command instanceof GetItemCommand)
              await client.send(
                new UpdateItemCommand({
                  TableName,
                  Key,
                  UpdateExpression: "SET onyx = :theirs",
                  ExpressionAttributeValues: { ":theirs": { S: "theirs" } },
                }),
              );
            return reply;
          },
  });
  return { ...aws, dynamodb };
}

it.each<[string, (items: Items, seen: Present<ItemWant, ItemOutputs>, want: ItemWant) => Promise<unknown>]>([
  [
    "update",
    (items, seen, want) =>
      items.update(seen, { ...want, attributes: { state: "ours" } }, new Set(["attributes"]), context),
  ],
  ["delete", (items, seen) => items.delete(seen, at(seen.actual as ItemWant), context)],
  ["release", (items, seen) => items.release!(seen, context)],
])("%s of an item that is marked by somebody else meanwhile: refused, and theirs stays", async (verb, act) => {
  const want = itemWant(table, {
    key: [
      { name: "pk", value: verb },
      { name: "sk", value: 1 },
    ],
  });
  const items = tableItemProvider(aws);
  await items.create(verb, want, context);
  const seen = (await items.observe(at(want), context)) as Present<ItemWant, ItemOutputs>;
  const Key = { pk: { S: verb }, sk: { N: "1" } };
  await expect(act(tableItemProvider(raced(Key)), seen, want)).rejects.toMatchObject({ fault: "transient" });
  const { Item } = await aws.dynamodb.send(new GetItemCommand({ TableName, Key }));
  expect(Item).toMatchObject({ onyx: { S: "theirs" }, state: { S: "new" } });
});

const context = call("one", { owner: owner("one", { kind: "TableItem" }) });
const at = (want: ItemWant) => ({ name: "one", footprint: tableItemProvider(aws).footprint?.(want) ?? [] });
