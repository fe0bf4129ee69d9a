import { stringify } from "yaml";
import { OPERATOR_NAMESPACE } from "./operator.ts";

/** Where the emulators of the two clouds listen. */
export interface Endpoints {
  /** As http://127.0.0.1:port. */
  readonly aws: string;
  /** As 127.0.0.1:port. */
  readonly gcpGrpc: string;
  /** As http://127.0.0.1:port. */
  readonly gcpRest: string;
}

export const AWS = { account: "000000000000", region: "us-east-1" } as const;
export const GCP = { account: "demo-project", region: "us-central1" } as const;
export const CREDENTIALS = { namespace: OPERATOR_NAMESPACE, name: "cloud-credentials" } as const;

/** Where examples/onelens-tenants keeps what is known of customers. */
const TENANCY = {
  namespace: "onyx",
  tenantTable: { name: "onyx-tenant-db" },
  ssoTable: { name: "onyx-auth-sso-tenant-mapping-db" },
  auditTable: { name: "onyx-tenant-audit-db" },
};

/** The Environment of a cluster, with the Secret it needs: all that differs between the clouds is in here. */
export function environmentYaml(cloud: "aws" | "gcp", cluster: string, endpoints: Endpoints): string {
  const environment = {
    apiVersion: "onyx.onelens.io/v1alpha1",
    kind: "Environment",
    metadata: { name: "demo" },
    spec: {
      cloud,
      ...(cloud === "aws" ? AWS : GCP),
      clusterName: cluster,
      stage: "dev",
      default: true,
      defaultTags: { team: "platform", "cost-center": "demo" },
      tenancy: TENANCY,
      ...(cloud === "aws" ? onAws(endpoints) : onGcp(endpoints)),
    },
  };
  const objects = cloud === "aws" ? [AWS_SECRET, environment] : [environment];
  return objects.map((object) => stringify(object)).join("---\n");
}

const AWS_SECRET = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: CREDENTIALS,
  stringData: { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
};

const onAws = ({ aws }: Endpoints) => ({
  imageRegistry: `${AWS.account}.dkr.ecr.${AWS.region}.amazonaws.com`,
  credentials: { secretRef: CREDENTIALS },
  endpoints: { default: aws },
});

const onGcp = ({ gcpGrpc, gcpRest }: Endpoints) => ({
  imageRegistry: `${GCP.region}-docker.pkg.dev/${GCP.account}/onyx`,
  endpoints: {
    default: `http://${gcpGrpc}`,
    monitoring: gcpRest,
    storage: gcpRest,
    eventarc: gcpRest,
    workflows: gcpRest,
    workflowexecutions: gcpRest,
    "pubsub-rest": gcpRest,
    "firestore-rest": gcpRest,
    iam: gcpRest,
    storagetransfer: gcpRest,
  },
});
