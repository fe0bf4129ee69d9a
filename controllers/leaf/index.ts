import { encryptionKey } from "./encryptionkey.ts";
import { eventRule } from "./eventrule.ts";
import { managedSecret } from "./managedsecret.ts";
import { queue } from "./queue.ts";
import { table } from "./table.ts";
import { workloadIdentity } from "./workloadidentity.ts";

/** Every leaf kind: one line each. */
export const leaves = [queue, table, encryptionKey, managedSecret, eventRule, workloadIdentity] as const;
