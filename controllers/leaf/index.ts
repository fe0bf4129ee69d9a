import { bucket } from "./bucket.ts";
import { encryptionKey } from "./encryptionkey.ts";
import { eventRule } from "./eventrule.ts";
import { managedSecret } from "./managedsecret.ts";
import { queue } from "./queue.ts";
import { table } from "./table.ts";
import { tableItem } from "./tableitem.ts";
import { topic } from "./topic.ts";
import { workflow } from "./workflow.ts";
import { workloadIdentity } from "./workloadidentity.ts";

/** Every leaf kind: one line each. */
export const leaves = [
  queue,
  table,
  tableItem,
  bucket,
  topic,
  encryptionKey,
  managedSecret,
  eventRule,
  workflow,
  workloadIdentity,
] as const;
