import { afterAll } from "vitest";
import { startAws } from "../../hack/testbed/index.ts";
import { conformance } from "../../operator/provider/conformance/index.ts";
import { awsUnderTest } from "./aws/cloud.ts";
import { itemsOnAws } from "./aws/items.ts";
import { kindsOnAws } from "./aws/kinds.ts";
import { messagesOnAws } from "./aws/messages.ts";
import { queueOnAws } from "./aws/queue.ts";
import { tableOnAws } from "./aws/table.ts";
import { makeCluster } from "./aws/workloadidentity.ts";
import { gaps } from "./gaps.ts";
import { itemCases } from "./items.ts";
import { queue } from "./kinds/queue.ts";
import { table } from "./kinds/table.ts";
import { messageCases } from "./messages.ts";

const emulator = await startAws();
const aws = await awsUnderTest(emulator.endpoint);
await makeCluster(aws);
afterAll(async () => {
  await aws.stop();
  await emulator.stop();
});

const kinds = kindsOnAws(aws);

const options = { emulator: "ministack", gaps, timeoutMs: 60_000 };
conformance(aws, kinds, options);

const all = new Map(kinds.map((one) => [one.kind.leaf.kind, one]));
messageCases(aws, messagesOnAws(aws), { kind: queue, on: queueOnAws(aws) }, all, options);
itemCases(aws, itemsOnAws(aws), { kind: table, on: tableOnAws(aws) }, all);
