import { CreateClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import { ensureRoles } from "../../adapters/gcp/index.ts";
import { makeStarter } from "../../adapters/gcp/testing/workflows.ts";
import { AWS, type Endpoints, GCP } from "./environment.ts";

/**
 * What is there in a real account before the operator comes: the EKS cluster itself, or the project's custom roles and the
 * account that rules start workflows as.
 */
export async function prepareAccount(cloud: "aws" | "gcp", cluster: string, endpoints: Endpoints): Promise<void> {
  if (cloud === "gcp") {
    await ensureRoles({ account: GCP.account, endpoints: { iam: endpoints.gcpRest } }, AbortSignal.timeout(30_000));
    const project = await fetch(`${endpoints.gcpRest}/v3/projects/${GCP.account}`);
    const { name = "" } = (await project.json()) as { readonly name?: string };
    await makeStarter({ rest: endpoints.gcpRest, project: GCP.account, projectNumber: name.replace("projects/", "") });
    return;
  }
  const eks = new EKSClient({
    endpoint: endpoints.aws,
    region: AWS.region,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  try {
    await eks.send(
      new CreateClusterCommand({
        name: cluster,
        roleArn: `arn:aws:iam::${AWS.account}:role/eks`,
        resourcesVpcConfig: { subnetIds: ["subnet-1", "subnet-2"] },
      }),
    );
  } finally {
    eks.destroy();
  }
}
