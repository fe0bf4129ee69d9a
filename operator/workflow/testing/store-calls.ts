import type { TableSchema } from "../tables/schema.ts";

/** Keys of the Table `orders`. */
export const ORDERS: TableSchema = {
  partitionKey: { name: "customer", type: "String" },
  sortKey: { name: "at", type: "Number" },
  indexes: [
    {
      name: "by-state",
      partitionKey: { name: "state", type: "String" },
      sortKey: { name: "at", type: "Number" },
    },
  ],
  ttlField: "expires",
};

/** Each call of a Table and a Bucket. */
export const STORE_CALLS = `
do:
  - get: { call: table.get, with: { table: orders, key: { customer: "\${run.id}", at: 1 } } }
  - put: { call: table.put, with: { table: orders, ifAbsent: true, item: { customer: a, at: 2, state: "\${string(input.item)}" } } }
  - update: { call: table.update, with: { table: orders, key: { customer: a, at: 2 }, set: { "a.b": 1, expires: 5 }, remove: [c] } }
  - each:
      for: { in: "\${[1, 2]}" }
      metadata: { concurrency: 2 }
      do: [{ delete: { call: table.delete, with: { table: orders, key: { customer: a, at: "\${item}" } } } }]
  - query: { call: table.query, with: { table: orders, index: by-state, key: { state: s }, from: 1, to: 2, descending: true } }
  - read: { call: bucket.get, with: { bucket: reports, object: "\${run.id}" } }
  - write: { call: bucket.put, with: { bucket: reports, object: x, body: ["\${input}"], ifAbsent: true } }
`;
