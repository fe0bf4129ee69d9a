import { afterAll } from "vitest";
import { startAws } from "../../hack/testbed/index.ts";
import { conformance } from "../../operator/provider/conformance/index.ts";
import { awsUnderTest } from "./aws/cloud.ts";
import { queueOnAws } from "./aws/queue.ts";
import { tableOnAws } from "./aws/table.ts";
import { makeCluster, workloadIdentityOnAws } from "./aws/workloadidentity.ts";
import { gaps } from "./gaps.ts";
import { queue } from "./kinds/queue.ts";
import { table } from "./kinds/table.ts";
import { workloadIdentity } from "./kinds/workloadidentity.ts";

const emulator = await startAws();
const aws = await awsUnderTest(emulator.endpoint);
await makeCluster(aws);
afterAll(async () => {
  await aws.stop();
  await emulator.stop();
});

conformance(
  aws,
  [
    { kind: queue, on: queueOnAws(aws) },
    { kind: table, on: tableOnAws(aws) },
    { kind: workloadIdentity, on: workloadIdentityOnAws(aws) },
  ],
  { emulator: "ministack", gaps, timeoutMs: 60_000 },
);
