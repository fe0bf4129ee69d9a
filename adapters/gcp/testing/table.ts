import type { TableWant } from "../../../controllers/leaf/wants.ts";
import { createIntent } from "../../../operator/provider/provider.ts";
import { diff } from "../../../operator/reconcile/diff.ts";
import { type Adapter, at, call, marks, providerOf } from "./cloud.ts";

/** Longer than what takes long. */
export const SLOW = 60_000;

/** A table with a key of text, and nothing else asked for. */
export const tableWant = (name: string, over: Partial<TableWant> = {}): TableWant => ({
  tags: marks("Table", name),
  partitionKey: { name: "pk", type: "String" },
  sortKey: null,
  indexes: [],
  ttlField: null,
  pointInTimeRecoveryDays: null,
  deletionProtection: false,
  encryptionKey: null,
  overrides: {},
  ...over,
});

/** Passes as core makes them, without its waits, until nothing is left to do. Gives the fields of each update. */
export async function convergeTable(adapter: Adapter, name: string, want: TableWant): Promise<string[][]> {
  const table = providerOf(adapter.connection, "Table");
  const updates: string[][] = [];
  for (let pass = 0; pass < 40; pass++) {
    const observation = await table.observe(at(name, [createIntent(name)]), call("Table", name));
    if (!observation.exists) {
      await table.create(name, want, call("Table", name));
      continue;
    }
    if (observation.phase === "pending" || observation.phase === "deleting") {
      adapter.cloud.control.advance(SLOW);
      continue;
    }
    const changed = diff(want, observation.actual).map(({ field }) => field);
    if (changed.length === 0) return updates;
    updates.push(changed);
    await table.update(observation, want, new Set(changed) as never, call("Table", name));
  }
  throw new Error("It does not converge.");
}
