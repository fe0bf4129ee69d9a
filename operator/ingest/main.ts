/** The worker that takes cost reports in: docs/guides/cost-reports.md. Configured by environment variables alone. */
import { connectCosts } from "../connect-costs.ts";
import { createLog } from "../runtime/log.ts";
import { configOf } from "./config.ts";
import { work } from "./worker.ts";

const log = createLog({ fields: { program: "onyx-ingest" } });
const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());

try {
  const config = configOf(process.env);
  const cloud = await connectCosts(config.cloud, config);
  log.info({ source: config.options.source, cloud: config.cloud }, "ready");
  await work(cloud, config.options, log, stop.signal);
  cloud.close();
} catch (err) {
  log.error({ err }, "the worker ends");
  process.exitCode = 1;
}
