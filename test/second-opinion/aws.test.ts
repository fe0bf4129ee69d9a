import { afterAll } from "vitest";
import { startMoto } from "../../hack/testbed/index.ts";
import { conformance } from "../../operator/provider/conformance/index.ts";
import { awsUnderTest } from "../conformance/aws/cloud.ts";
import { makeScheduleGroup } from "../conformance/aws/eventrule.ts";
import { kindsOnAws } from "../conformance/aws/kinds.ts";
import { gaps } from "../conformance/gaps.ts";

/** A second opinion: the same cases against an emulator that other people wrote. */
const emulator = await startMoto();
const aws = await awsUnderTest(emulator.endpoint);
await makeScheduleGroup(aws);
afterAll(async () => {
  await aws.stop();
  await emulator.stop();
});

/** Kinds whose services it does not have at all. */
const LACKS: Readonly<Record<string, string>> = { WorkloadIdentity: "EKS pod identity associations" };

const kinds = kindsOnAws(aws).filter(({ kind }) => !Object.hasOwn(LACKS, kind.leaf.kind));
conformance(aws, kinds, { emulator: "moto", gaps, timeoutMs: 60_000 });
