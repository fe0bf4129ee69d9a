import { isAlive } from "./processid.ts";
import type { RunRecord } from "./run.ts";

/** What runs and how to reach it, for people. */
export function statusText(records: readonly RunRecord[], alive = isAlive): string {
  if (records.length === 0) return "Nothing of this clone runs. Start it: make clusters-up";
  return records.map((record) => describe(record, alive)).join("\n");
}

function describe(record: RunRecord, alive: typeof isAlive): string {
  const dead = record.processes.filter((each) => !alive(each)).map(({ name }) => name);
  const state = dead.length > 0 ? `${dead.join(", ")} ended` : record.ready ? "up" : "starting";
  const info = Object.entries(record.info).map(([name, value]) => `  ${name.padEnd(12)}${value}`);
  return [`${record.name}: ${state}`, ...info].join("\n");
}
