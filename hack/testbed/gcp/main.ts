/**
 * The test bed's GCP cloud as a process.
 * node hack/testbed/gcp/main.ts --pubsub host:port [--port 0] [--project demo-project] [--operation-millis 200] [--workflow-engine http://…]
 * Prints {"grpc": "127.0.0.1:P", "rest": "http://127.0.0.1:Q"} when ready. SIGTERM or SIGINT ends it.
 */
import { parseArgs } from "node:util";
import { startGcp } from "./start.ts";

const number = (text: string, option: string): number => {
  if (!/^\d+$/.test(text)) throw new Error(`${option} takes a whole number, not "${text}"`);
  return Number(text);
};

const { values } = parseArgs({
  options: {
    pubsub: { type: "string" },
    port: { type: "string", default: "0" },
    project: { type: "string", default: "demo-project" },
    "operation-millis": { type: "string" },
    "workflow-engine": { type: "string" },
  },
});
if (values.pubsub === undefined) {
  console.error("Say where pstest listens: --pubsub host:port");
  process.exit(2);
}
const operationMillis = values["operation-millis"];
const gcp = await startGcp({
  pubsub: values.pubsub,
  port: number(values.port, "--port"),
  project: values.project,
  workflowEngine: values["workflow-engine"],
  settings: operationMillis === undefined ? {} : { operationMillis: number(operationMillis, "--operation-millis") },
});
for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.once(signal, () => void gcp.close().then(() => process.exit(0)));
console.log(JSON.stringify({ grpc: gcp.grpc, rest: gcp.rest }));
