/**
 * Makes what a project needs once before the operator can grant rights in it: the custom roles of roles.ts.
 *
 * node adapters/gcp/install.ts --project my-project [--endpoint http://emulator:port]
 *
 * Uses your own credentials (gcloud auth application-default login), which need roles/iam.roleAdmin. Safe to run again.
 */
import { parseArgs } from "node:util";
import { ProviderError } from "../../operator/provider/fault.ts";
import { ensureRoles } from "./roles.ts";

const { values } = parseArgs({ options: { project: { type: "string" }, endpoint: { type: "string" } } });
if (!values.project) {
  console.error("Say for which project: node adapters/gcp/install.ts --project my-project");
  process.exit(2);
}
try {
  const place = { account: values.project, endpoints: values.endpoint ? { iam: values.endpoint } : {} };
  for (const { role, done } of await ensureRoles(place, AbortSignal.timeout(60_000))) console.log(`${role}: ${done}`);
} catch (error) {
  if (!(error instanceof ProviderError)) throw error;
  console.error(error.message);
  process.exit(1);
}
