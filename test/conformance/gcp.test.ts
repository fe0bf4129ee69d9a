import { afterAll } from "vitest";
import { conformance } from "../../operator/provider/conformance/index.ts";
import { byKind, type Tried } from "../../operator/provider/conformance/tried.ts";
import { deliveryCases } from "./deliveries.ts";
import { eventCases } from "./events.ts";
import { gaps } from "./gaps.ts";
import { bucketOnGcp } from "./gcp/bucket.ts";
import { bucketCopierOnGcp } from "./gcp/bucket-copier.ts";
import { bucketTellerOnGcp } from "./gcp/bucket-teller.ts";
import { gcpUnderTest } from "./gcp/cloud.ts";
import { deliveriesOnGcp } from "./gcp/deliveries.ts";
import { ciphersOnGcp, encryptionKeyOnGcp, makeKeyRing } from "./gcp/encryptionkey.ts";
import { eventsOnGcp } from "./gcp/events.ts";
import { itemsOnGcp } from "./gcp/items.ts";
import { kindsOnGcp } from "./gcp/kinds.ts";
import { managedSecretOnGcp } from "./gcp/managedsecret.ts";
import { messagesOnGcp } from "./gcp/messages.ts";
import { objectsOnGcp } from "./gcp/objects.ts";
import { queueOnGcp } from "./gcp/queue.ts";
import { queueSubscriberOnGcp } from "./gcp/queue-subscriber.ts";
import { secretsOnGcp } from "./gcp/secrets.ts";
import { tableOnGcp } from "./gcp/table.ts";
import { itemServicesOnGcp } from "./gcp/tableitem.ts";
import { topicOnGcp } from "./gcp/topic.ts";
import { makeStarter, workflowsOnGcp } from "./gcp/workflows.ts";
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

const gcp = await gcpUnderTest();
await makeKeyRing(gcp);
await makeStarter(gcp);
afterAll(() => gcp.stop());

const kinds = kindsOnGcp(gcp);

const options = { emulator: "onyx-gcp", gaps, timeoutMs: 60_000 };
conformance(gcp, kinds, options);

const all = byKind(kinds);
messageCases(gcp, messagesOnGcp(gcp), { kind: queue, on: queueOnGcp(gcp) }, all, options);
itemCases(gcp, itemsOnGcp(gcp), { kind: table, on: tableOnGcp(gcp) }, all);
tableItemCases(gcp, itemServicesOnGcp(gcp), all.get("TableItem") as Tried, all);
objectCases(gcp, objectsOnGcp(gcp), { kind: bucket, on: bucketOnGcp(gcp) }, all, options);
notificationCases(
  gcp,
  { objects: objectsOnGcp(gcp), messages: messagesOnGcp(gcp), deliveries: deliveriesOnGcp(gcp) },
  { kind: bucketTeller, on: bucketTellerOnGcp(gcp) },
  all,
  options,
);
replicationCases(gcp, objectsOnGcp(gcp), { kind: bucketCopier, on: bucketCopierOnGcp(gcp) }, all);
keyCases(gcp, ciphersOnGcp(gcp), { kind: encryptionKey, on: encryptionKeyOnGcp(gcp) }, all, options);
deliveryCases(gcp, deliveriesOnGcp(gcp), { kind: topic, on: topicOnGcp(gcp) }, all, options);
eventCases(gcp, eventsOnGcp(gcp), messagesOnGcp(gcp), workflowsOnGcp(gcp), {
  tried: all.get("EventRule") as Tried,
  subscriber: { kind: queueSubscriber, on: queueSubscriberOnGcp(gcp) },
  all,
});
subscriptionCases(
  gcp,
  deliveriesOnGcp(gcp),
  messagesOnGcp(gcp),
  { queue: { kind: queueSubscriber, on: queueSubscriberOnGcp(gcp) }, topic: { kind: topic, on: topicOnGcp(gcp) }, all },
  options,
);
secretCases(gcp, secretsOnGcp(gcp), { kind: managedSecret, on: managedSecretOnGcp(gcp) }, all);
