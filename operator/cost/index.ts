import type { LeafKind, Leaves } from "../../controllers/leaf/wants.ts";
import type { Cloud } from "../provider/provider.ts";
import { type Estimate, type Estimator, estimateOf } from "./estimate.ts";
import { bucket } from "./kinds/bucket.ts";
import { encryptionKey } from "./kinds/encryptionkey.ts";
import { eventRule } from "./kinds/eventrule.ts";
import { managedSecret } from "./kinds/managedsecret.ts";
import { queue } from "./kinds/queue.ts";
import { table } from "./kinds/table.ts";
import { tableItem } from "./kinds/tableitem.ts";
import { topic } from "./kinds/topic.ts";
import { workflow } from "./kinds/workflow.ts";
import { workloadIdentity } from "./kinds/workloadidentity.ts";

/** By kind. What each file reads of a Want is checked against the kind's own, below. */
const known = {
  Bucket: bucket,
  EncryptionKey: encryptionKey,
  EventRule: eventRule,
  ManagedSecret: managedSecret,
  Queue: queue,
  Table: table,
  TableItem: tableItem,
  Topic: topic,
  Workflow: workflow,
  WorkloadIdentity: workloadIdentity,
};

/**
 * What each leaf kind is billed for: one line each. A kind that is missing here does not compile: say in
 * `operator/cost/kinds/<kind>.ts` which prices of `operator/cost/prices` apply to its Want. A price without a source
 * stays without an amount, and is shown as unknown; nothing is made up.
 */
export const estimators: { readonly [K in LeafKind]: Estimator<Leaves[K]["want"]> } = known;

/**
 * What an object costs on a cloud.
 * @param want the Want as that cloud's adapter fitted it
 */
export const estimate = <K extends LeafKind>(kind: K, cloud: Cloud, want: Leaves[K]["want"]): Estimate =>
  estimateOf(cloud, estimators[kind][cloud](want));
