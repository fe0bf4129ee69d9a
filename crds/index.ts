import { bucket } from "./bucket.ts";
import { encryptionKey } from "./encryptionkey.ts";
import { environment } from "./environment.ts";
import { eventRule } from "./eventrule.ts";
import { managedSecret } from "./managedsecret.ts";
import { onyxService } from "./onyxservice.ts";
import { queue } from "./queue.ts";
import { table } from "./table.ts";
import { tableItem } from "./tableitem.ts";
import { tenant } from "./tenant.ts";
import { tenantCostSource } from "./tenantcostsource.ts";
import { topic } from "./topic.ts";
import { workflow } from "./workflow.ts";
import { workflowRun } from "./workflowrun.ts";
import { workloadIdentity } from "./workloadidentity.ts";

/** Every kind there is, in the order in which `kubectl get onyx` and the reference show them. */
export const kinds = [
  environment, //
  tenant,
  tenantCostSource,
  queue,
  table,
  tableItem,
  bucket,
  encryptionKey,
  managedSecret,
  eventRule,
  topic,
  workflow,
  workflowRun,
  workloadIdentity,
  onyxService,
] as const;

export {
  bucket,
  encryptionKey,
  environment,
  eventRule,
  managedSecret,
  onyxService,
  queue,
  table,
  tableItem,
  tenant,
  tenantCostSource,
  topic,
  workflow,
  workflowRun,
  workloadIdentity,
};
