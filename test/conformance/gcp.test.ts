import { afterAll } from "vitest";
import { conformance } from "../../operator/provider/conformance/index.ts";
import { gaps } from "./gaps.ts";
import { gcpUnderTest } from "./gcp/cloud.ts";
import { queueOnGcp } from "./gcp/queue.ts";
import { tableOnGcp } from "./gcp/table.ts";
import { workloadIdentityOnGcp } from "./gcp/workloadidentity.ts";
import { queue } from "./kinds/queue.ts";
import { table } from "./kinds/table.ts";
import { workloadIdentity } from "./kinds/workloadidentity.ts";

const gcp = await gcpUnderTest();
afterAll(() => gcp.stop());

conformance(
  gcp,
  [
    { kind: queue, on: queueOnGcp(gcp) },
    { kind: table, on: tableOnGcp(gcp) },
    { kind: workloadIdentity, on: workloadIdentityOnGcp(gcp) },
  ],
  { emulator: "onyx-gcp", gaps, timeoutMs: 60_000 },
);
