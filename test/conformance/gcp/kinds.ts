import type { Tried } from "../../../operator/provider/conformance/tried.ts";
import { bucket } from "../kinds/bucket.ts";
import { bucketCopier } from "../kinds/bucket-copier.ts";
import { bucketTeller } from "../kinds/bucket-teller.ts";
import { encryptionKey } from "../kinds/encryptionkey.ts";
import { eventRule } from "../kinds/eventrule.ts";
import { managedSecret } from "../kinds/managedsecret.ts";
import { queue } from "../kinds/queue.ts";
import { queueSubscriber } from "../kinds/queue-subscriber.ts";
import { table } from "../kinds/table.ts";
import { tableItem } from "../kinds/tableitem.ts";
import { topic } from "../kinds/topic.ts";
import { workflow } from "../kinds/workflow.ts";
import { workloadIdentity } from "../kinds/workloadidentity.ts";
import { bucketOnGcp } from "./bucket.ts";
import { bucketCopierOnGcp } from "./bucket-copier.ts";
import { bucketTellerOnGcp } from "./bucket-teller.ts";
import type { GcpUnderTest } from "./cloud.ts";
import { encryptionKeyOnGcp } from "./encryptionkey.ts";
import { eventRuleOnGcp } from "./eventrule.ts";
import { managedSecretOnGcp } from "./managedsecret.ts";
import { queueOnGcp } from "./queue.ts";
import { queueSubscriberOnGcp } from "./queue-subscriber.ts";
import { tableOnGcp } from "./table.ts";
import { tableItemOnGcp } from "./tableitem.ts";
import { topicOnGcp } from "./topic.ts";
import { workflowOnGcp } from "./workflow.ts";
import { workflowIdOnGcp } from "./workflows.ts";
import { workloadIdentityOnGcp } from "./workloadidentity.ts";

/** Every kind with how it is seen on Google Cloud. */
export const kindsOnGcp = (gcp: GcpUnderTest): readonly Tried[] => [
  { kind: queue, on: queueOnGcp(gcp) },
  { kind: queueSubscriber, on: queueSubscriberOnGcp(gcp) },
  { kind: table, on: tableOnGcp(gcp) },
  { kind: tableItem, on: tableItemOnGcp(gcp) },
  { kind: bucket, on: bucketOnGcp(gcp) },
  { kind: bucketTeller, on: bucketTellerOnGcp(gcp) },
  { kind: bucketCopier, on: bucketCopierOnGcp(gcp) },
  { kind: encryptionKey, on: encryptionKeyOnGcp(gcp) },
  { kind: managedSecret, on: managedSecretOnGcp(gcp) },
  { kind: eventRule(workflowIdOnGcp(gcp, "nightly")), on: eventRuleOnGcp(gcp) },
  { kind: topic, on: topicOnGcp(gcp) },
  { kind: workflow, on: workflowOnGcp(gcp) },
  { kind: workloadIdentity, on: workloadIdentityOnGcp(gcp) },
];
