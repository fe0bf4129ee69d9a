/** A worker as its pod runs it, that takes one message and kills itself at a given write: KILL_AT, before it or KILL_AFTER it. */
import { configOf } from "../../operator/ingest/config.ts";
import { handle } from "../../operator/ingest/worker.ts";
import type { CostCloud, CostTable } from "../../operator/provider/costs.ts";

const config = configOf(process.env);
const { connectCosts } = config.cloud === "aws" ? await import("../aws/costs.ts") : await import("../gcp/costs.ts");
const cloud: CostCloud = connectCosts(config);
const [at, after] = [Number(process.env.KILL_AT), process.env.KILL_AFTER === "true"];

let writes = 0;
const dying =
  <Given extends unknown[], T>(write: (...given: Given) => Promise<T>) =>
  async (...given: Given): Promise<T> => {
    writes += 1;
    const last = writes === at;
    if (last && !after) process.kill(process.pid, "SIGKILL");
    const done = await write(...given);
    if (last) process.kill(process.pid, "SIGKILL");
    return done;
  };
const { table } = cloud;
const mortal: CostTable = {
  ...table,
  swap: dying(table.swap),
  writeAll: dying(table.writeAll),
  deleteAll: dying(table.deleteAll),
};

await handle({ ...cloud, table: mortal }, config.options, process.env.TOLD ?? "");
cloud.close();
