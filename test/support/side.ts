import { CREDENTIALS } from "../../hack/platform/environment.ts";
import { startAws } from "../../hack/testbed/index.ts";
import type { CloudUnderTest } from "../../operator/provider/conformance/cloud-under-test.ts";
import type { Tried } from "../../operator/provider/conformance/tried.ts";
import type { Cloud } from "../../operator/provider/provider.ts";
import { type AwsUnderTest, awsUnderTest } from "../conformance/aws/cloud.ts";
import { makeScheduleGroup } from "../conformance/aws/eventrule.ts";
import { kindsOnAws } from "../conformance/aws/kinds.ts";
import { makeCluster } from "../conformance/aws/workloadidentity.ts";
import { type GcpUnderTest, gcpUnderTest } from "../conformance/gcp/cloud.ts";
import { makeKeyRing } from "../conformance/gcp/encryptionkey.ts";
import { kindsOnGcp } from "../conformance/gcp/kinds.ts";
import { makeStarter } from "../conformance/gcp/workflows.ts";
import { ours } from "./managed.ts";

interface Common {
  /** Every kind, as it is seen and touched there. */
  readonly kinds: readonly Tried[];
  stop(): Promise<void>;
}

/** A cloud with all that an Environment expects of its account. */
export type Side =
  | (Common & { readonly name: "aws"; readonly cloud: AwsUnderTest })
  | (Common & { readonly name: "gcp"; readonly cloud: GcpUnderTest });

/** Starts the emulator of a cloud with an Environment's needs in it. The Environment is called like the cloud. */
export const startSide = (name: Cloud, run: string): Promise<Side> => (name === "aws" ? onAws(run) : onGcp());

async function onAws(run: string): Promise<Side> {
  const emulator = await startAws({ name: `${run}-cloud` });
  const cloud = inEnvironmentOfItsOwn(await awsUnderTest(emulator.endpoint));
  await makeCluster(cloud);
  await makeScheduleGroup(cloud);
  const stop = async () => {
    await cloud.stop();
    await emulator.stop();
  };
  return { name: "aws", cloud, kinds: kindsOnAws(cloud), stop };
}

async function onGcp(): Promise<Side> {
  const cloud = inEnvironmentOfItsOwn(await gcpUnderTest());
  await Promise.all([makeKeyRing(cloud), makeStarter(cloud)]);
  return { name: "gcp", cloud, kinds: kindsOnGcp(cloud), stop: () => cloud.stop() };
}

/** Names in a cloud tell the Environment. */
const inEnvironmentOfItsOwn = <Under extends CloudUnderTest>(cloud: Under): Under => ({
  ...cloud,
  place: { ...cloud.place, environment: cloud.cloud },
});

export const namespace = (name: string) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });

/** What the Environment on AWS signs in with. */
export const secretOf = (values: Readonly<Record<"AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY", string>>) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: CREDENTIALS,
  stringData: values,
});

/** The Environment that stands for a cloud; the emulators have no quota to spare. */
export const environmentOf = ({ cloud, place }: CloudUnderTest) =>
  ours("Environment", cloud, {
    cloud,
    account: place.account,
    region: place.region,
    endpoints: place.endpoints,
    clusterName: place.cluster,
    stage: "dev",
    apiBudget: { default: 200 },
    ...(cloud === "aws" ? { credentials: { secretRef: CREDENTIALS } } : {}),
  });
