import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ensureBuilt } from "../../hack/testbed/build.ts";
import { thisHost } from "../../hack/testbed/host.ts";
import { startAws } from "../../hack/testbed/index.ts";
import { conformance } from "../../operator/provider/conformance/index.ts";
import { byKind, type Tried } from "../../operator/provider/conformance/tried.ts";
import { judgeRequests } from "../support/aws-requests.ts";
import { serviceModels } from "../support/service-model.ts";
import { bucketOnAws } from "./aws/bucket.ts";
import { bucketCopierOnAws } from "./aws/bucket-copier.ts";
import { bucketTellerOnAws } from "./aws/bucket-teller.ts";
import { awsUnderTest } from "./aws/cloud.ts";
import { deliveriesOnAws } from "./aws/deliveries.ts";
import { ciphersOnAws, encryptionKeyOnAws } from "./aws/encryptionkey.ts";
import { makeScheduleGroup } from "./aws/eventrule.ts";
import { eventsOnAws } from "./aws/events.ts";
import { itemsOnAws } from "./aws/items.ts";
import { kindsOnAws } from "./aws/kinds.ts";
import { managedSecretOnAws } from "./aws/managedsecret.ts";
import { messagesOnAws } from "./aws/messages.ts";
import { objectsOnAws } from "./aws/objects.ts";
import { queueOnAws } from "./aws/queue.ts";
import { queueSubscriberOnAws } from "./aws/queue-subscriber.ts";
import { secretsOnAws } from "./aws/secrets.ts";
import { tableOnAws } from "./aws/table.ts";
import { itemServicesOnAws } from "./aws/tableitem.ts";
import { topicOnAws } from "./aws/topic.ts";
import { workflowsOnAws } from "./aws/workflows.ts";
import { makeCluster } from "./aws/workloadidentity.ts";
import { deliveryCases } from "./deliveries.ts";
import { eventCases } from "./events.ts";
import { gaps } from "./gaps.ts";
import { itemCases } from "./items.ts";
import { keyCases } from "./keys.ts";
import { bucket } from "./kinds/bucket.ts";
import { bucketCopier } from "./kinds/bucket-copier.ts";
import { bucketTeller } from "./kinds/bucket-teller.ts";
import { encryptionKey } from "./kinds/encryptionkey.ts";
import { managedSecret } from "./kinds/managedsecret.ts";
import { queue } from "./kinds/queue.ts";
import { queueSubscriber } from "./kinds/queue-subscriber.ts";
import { table } from "./kinds/table.ts";
import { topic } from "./kinds/topic.ts";
import { messageCases } from "./messages.ts";
import { notificationCases } from "./notifications.ts";
import { objectCases } from "./objects.ts";
import { replicationCases } from "./replications.ts";
import { secretCases } from "./secrets.ts";
import { subscriptionCases } from "./subscriptions.ts";
import { tableItemCases } from "./tableitems.ts";

const { ministack } = await ensureBuilt(thisHost(), ["ministack"]);
const requests = judgeRequests(serviceModels(join(ministack, "venv")));
const emulator = await startAws();
const aws = await awsUnderTest(emulator.endpoint);
await makeCluster(aws);
await makeScheduleGroup(aws);
afterAll(async () => {
  requests.stop();
  await aws.stop();
  await emulator.stop();
});

const kinds = kindsOnAws(aws);

const options = { emulator: "ministack", gaps, timeoutMs: 60_000 };
conformance(aws, kinds, options);

const all = byKind(kinds);
messageCases(aws, messagesOnAws(aws), { kind: queue, on: queueOnAws(aws) }, all, options);
itemCases(aws, itemsOnAws(aws), { kind: table, on: tableOnAws(aws) }, all);
tableItemCases(aws, itemServicesOnAws(aws), all.get("TableItem") as Tried, all);
objectCases(aws, objectsOnAws(aws, emulator.endpoint), { kind: bucket, on: bucketOnAws(aws) }, all, options);
notificationCases(
  aws,
  { objects: objectsOnAws(aws, emulator.endpoint), messages: messagesOnAws(aws), deliveries: deliveriesOnAws(aws) },
  { kind: bucketTeller, on: bucketTellerOnAws(aws) },
  all,
  options,
);
replicationCases(aws, objectsOnAws(aws, emulator.endpoint), { kind: bucketCopier, on: bucketCopierOnAws(aws) }, all);
keyCases(aws, ciphersOnAws(aws), { kind: encryptionKey, on: encryptionKeyOnAws(aws) }, all, options);
deliveryCases(aws, deliveriesOnAws(aws), { kind: topic, on: topicOnAws(aws) }, all, options);
eventCases(aws, eventsOnAws(aws), messagesOnAws(aws), workflowsOnAws(aws), {
  tried: all.get("EventRule") as Tried,
  subscriber: { kind: queueSubscriber, on: queueSubscriberOnAws(aws) },
  all,
});
subscriptionCases(
  aws,
  deliveriesOnAws(aws),
  messagesOnAws(aws),
  { queue: { kind: queueSubscriber, on: queueSubscriberOnAws(aws) }, topic: { kind: topic, on: topicOnAws(aws) }, all },
  options,
);

test("every request that was sent is one that AWS's own API models take", () => {
  expect(requests.count).toBeGreaterThan(100);
  expect([...requests.wrong].sort()).toEqual([]);
});
secretCases(aws, secretsOnAws(aws), { kind: managedSecret, on: managedSecretOnAws(aws) }, all);
