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
import { bucketOnAws } from "./bucket.ts";
import { bucketCopierOnAws } from "./bucket-copier.ts";
import { bucketTellerOnAws } from "./bucket-teller.ts";
import type { AwsUnderTest } from "./cloud.ts";
import { encryptionKeyOnAws } from "./encryptionkey.ts";
import { eventRuleOnAws } from "./eventrule.ts";
import { managedSecretOnAws } from "./managedsecret.ts";
import { queueOnAws } from "./queue.ts";
import { queueSubscriberOnAws } from "./queue-subscriber.ts";
import { tableOnAws } from "./table.ts";
import { tableItemOnAws } from "./tableitem.ts";
import { topicOnAws } from "./topic.ts";
import { workflowOnAws } from "./workflow.ts";
import { workflowIdOnAws } from "./workflows.ts";
import { workloadIdentityOnAws } from "./workloadidentity.ts";

/** Every kind with how it is seen on AWS. */
export const kindsOnAws = (aws: AwsUnderTest): readonly Tried[] => [
  { kind: queue, on: queueOnAws(aws) },
  { kind: queueSubscriber, on: queueSubscriberOnAws(aws) },
  { kind: table, on: tableOnAws(aws) },
  { kind: tableItem, on: tableItemOnAws(aws) },
  { kind: bucket, on: bucketOnAws(aws) },
  { kind: bucketTeller, on: bucketTellerOnAws(aws) },
  { kind: bucketCopier, on: bucketCopierOnAws(aws) },
  { kind: encryptionKey, on: encryptionKeyOnAws(aws) },
  { kind: managedSecret, on: managedSecretOnAws(aws) },
  { kind: eventRule(workflowIdOnAws(aws, "nightly")), on: eventRuleOnAws(aws) },
  { kind: topic, on: topicOnAws(aws) },
  { kind: workflow, on: workflowOnAws(aws) },
  { kind: workloadIdentity, on: workloadIdentityOnAws(aws) },
];
