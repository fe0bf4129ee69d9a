import { awsPlatform } from "../../adapters/aws/platform.ts";
import { gkePlatform } from "../../adapters/gcp/platform.ts";
import { onyxservice } from "../../controllers/composite/onyxservice.ts";
import type { OnyxServiceSpec } from "../../crds/onyxservice.ts";
import type { Place, Platform } from "../../operator/provider/cloud.ts";
import type { Cloud } from "../../operator/provider/provider.ts";
import { asApplied, type Parent } from "../../operator/reconcile/children.ts";
import type { Manifest, Seen } from "../../operator/reconcile/composite-object.ts";

const place = (over: Pick<Place, "region" | "account"> & Partial<Place>): Place => ({
  environment: "prod",
  cluster: "blue",
  workloadIdentity: "Native",
  endpoints: {},
  ...over,
});

interface Side {
  readonly platform: Platform;
  readonly imageRegistry: string;
  outputs(kind: string, name: string): Readonly<Record<string, string>>;
}

const ACCOUNT = "111122223333";

/** Both clouds as compose sees them, with outputs as their adapters give them. */
export const SIDES: { readonly [C in Cloud]: Side } = {
  aws: {
    platform: awsPlatform(place({ region: "eu-west-1", account: ACCOUNT })),
    imageRegistry: `${ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com`,
    outputs: (kind, name) =>
      kind === "Queue"
        ? {
            QUEUE_ID: `arn:aws:sqs:eu-west-1:${ACCOUNT}:prod-shop-${name}-a1b2c3`,
            QUEUE_URL: `https://sqs.eu-west-1.amazonaws.com/${ACCOUNT}/prod-shop-${name}-a1b2c3`,
            REGION: "eu-west-1",
          }
        : kind === "Bucket"
          ? {
              BUCKET_ID: `arn:aws:s3:::prod-shop-${name}-a1b2c3`,
              BUCKET: `prod-shop-${name}-a1b2c3`,
              BUCKET_URL: `s3://prod-shop-${name}-a1b2c3`,
              REGION: "eu-west-1",
            }
          : kind === "Workflow"
            ? {
                WORKFLOW_ID: `arn:aws:states:eu-west-1:${ACCOUNT}:stateMachine:prod-shop-${name}-a1b2c3`,
                REGION: "eu-west-1",
              }
            : {
                TABLE_ID: `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/prod-shop-${name}-a1b2c3`,
                TABLE_NAME: `prod-shop-${name}-a1b2c3`,
                COLLECTION: `prod-shop-${name}-a1b2c3`,
                REGION: "eu-west-1",
              },
  },
  gcp: {
    platform: gkePlatform(place({ region: "europe-west1", account: "shop-prod" })),
    imageRegistry: "europe-west1-docker.pkg.dev/shop-prod/images",
    outputs: (kind, name) =>
      kind === "Queue"
        ? {
            QUEUE_ID: `projects/shop-prod/subscriptions/prod-shop-${name}-a1b2c3`,
            QUEUE_URL: `projects/shop-prod/topics/prod-shop-${name}-a1b2c3`,
            REGION: "europe-west1",
          }
        : kind === "Bucket"
          ? {
              BUCKET_ID: `projects/_/buckets/prod-shop-${name}-a1b2c3`,
              BUCKET: `prod-shop-${name}-a1b2c3`,
              BUCKET_URL: `gs://prod-shop-${name}-a1b2c3`,
              REGION: "europe-west1",
            }
          : kind === "Workflow"
            ? {
                WORKFLOW_ID: `projects/shop-prod/locations/europe-west1/workflows/prod-shop-${name}-a1b2c3`,
                REGION: "europe-west1",
              }
            : {
                TABLE_ID: `projects/shop-prod/databases/prod-shop-${name}-a1b2c3`,
                TABLE_NAME: `prod-shop-${name}-a1b2c3`,
                COLLECTION: "items",
                REGION: "europe-west1",
              },
  },
};

/** The objects of one OnyxService on one cloud, as they are sent. @throws Error for a spec that compose refuses */
export function objectsOf(cloud: Cloud, name: string, spec: OnyxServiceSpec, parent: Partial<Parent> = {}): Manifest[] {
  const { platform, imageRegistry, outputs } = SIDES[cloud];
  const references = new Map(onyxservice.references(spec).map((one) => [one.field, one]));
  const seen: Seen = {
    namespace: parent.namespace ?? "shop",
    name,
    generation: 1,
    environment: { name: "prod", cloud, platform, imageRegistry, deletionPolicies: {} },
    reference(field) {
      const found = references.get(field);
      return { outputs: outputs(found?.kind ?? "", found?.name ?? "") };
    },
    live: () => undefined,
    secretVersion: () => undefined,
    status: undefined,
    monthlyCost: () => undefined,
    within: () => [],
    blueprint: () => [],
    parts: () => [],
  };
  const composed = onyxservice.compose(spec, seen);
  if ("invalid" in composed) throw new Error(`spec.${composed.invalid.field}: ${composed.invalid.message}`);
  const owner: Parent = {
    apiVersion: "onyx.onelens.io/v1alpha1",
    kind: "OnyxService",
    namespace: seen.namespace,
    name,
    uid: `uid-on-${cloud}`,
    ...parent,
  };
  return composed.children.flatMap((child) => ("object" in child ? [asApplied(child.object, owner)] : []));
}
