import { CreatePodIdentityAssociationCommand } from "@aws-sdk/client-eks";
import { CreateKeyCommand, EnableKeyRotationCommand, GetKeyRotationStatusCommand } from "@aws-sdk/client-kms";
import { CreateBucketCommand, GetBucketTaggingCommand } from "@aws-sdk/client-s3";
import { afterAll, expect, test } from "vitest";
import { startMoto } from "../../hack/testbed/index.ts";
import { conformance } from "../../operator/provider/conformance/index.ts";
import { awsUnderTest, REGION } from "../conformance/aws/cloud.ts";
import { makeScheduleGroup } from "../conformance/aws/eventrule.ts";
import { kindsOnAws } from "../conformance/aws/kinds.ts";
import { gaps, lacks } from "../conformance/gaps.ts";

/** A second opinion: the same cases against an emulator that other people wrote. */
const emulator = await startMoto();
const aws = await awsUnderTest(emulator.endpoint);
await makeScheduleGroup(aws);
afterAll(async () => {
  await aws.stop();
  await emulator.stop();
});

const mine = lacks.filter((lack) => lack.emulator === "moto");
const kinds = kindsOnAws(aws).filter(({ kind }) => !mine.some((lack) => lack.kind === kind.leaf.kind));
conformance(aws, kinds, { emulator: "moto", gaps, timeoutMs: 60_000 });

/** What each kind needs that is left out: done once, and whether the emulator shows it. */
const NEEDS: Readonly<Record<string, () => Promise<boolean>>> = {
  async Bucket() {
    const Bucket = "moto-tags";
    const Tags = [{ Key: "a", Value: "b" }];
    const CreateBucketConfiguration = { LocationConstraint: REGION, Tags } as const;
    await aws.eyes.s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
    const { TagSet } = await aws.eyes.s3.send(new GetBucketTaggingCommand({ Bucket }));
    return TagSet?.length === 1;
  },
  async EncryptionKey() {
    const { KeyMetadata } = await aws.eyes.kms.send(new CreateKeyCommand({}));
    const KeyId = KeyMetadata?.KeyId;
    await aws.eyes.kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 100 }));
    const status = await aws.eyes.kms.send(new GetKeyRotationStatusCommand({ KeyId }));
    return status.RotationPeriodInDays === 100;
  },
  async WorkloadIdentity() {
    const roleArn = "arn:aws:iam::000000000000:role/r";
    const request = { clusterName: "c", namespace: "n", serviceAccount: "s", roleArn };
    const error = await aws.eyes.eks
      .send(new CreatePodIdentityAssociationCommand(request))
      .catch((thrown: Error) => thrown);
    // It would ask for the cluster first.
    return !(error instanceof Error) || error.name === "ResourceNotFoundException";
  },
};

test.each(mine)("moto can't show a $kind: $reason; if this is red, take it into the suite", async ({ kind }) => {
  expect(await NEEDS[kind]?.().catch(() => false)).toBe(false);
});
