import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketProvider } from "../../adapters/aws/bucket.ts";
import { awsClients } from "../../adapters/aws/clients.ts";
import { fitEventRule as scheduled } from "../../adapters/aws/eventrule-shape.ts";
import { fitBucket } from "../../adapters/gcp/bucket-shape.ts";
import { fitEventRule as timed } from "../../adapters/gcp/eventrule-shape.ts";
import { bucket as leaf } from "../../controllers/leaf/bucket.ts";
import { eventRule as rule } from "../../controllers/leaf/eventrule.ts";
import type { BucketWant, EventRuleWant } from "../../controllers/leaf/wants.ts";
import { type BucketSpec, bucket as schema } from "../../crds/bucket.ts";
import { eventRule as ruleSchema } from "../../crds/eventrule.ts";
import { onyxService } from "../../crds/onyxservice.ts";
import { arbitraryOf } from "../../crds/testing/arbitrary.ts";
import { compareObjects } from "../../operator/parity/compare.ts";
import { PARITY_RULES } from "../../operator/parity/rules.ts";
import type { Place } from "../../operator/provider/cloud.ts";
import type { Manifest } from "../../operator/reconcile/composite-object.ts";
import { objectsOf } from "../support/composing.ts";
import { exampleBuckets, exampleServices } from "../support/examples.ts";

const parity = (a: readonly Manifest[], b: readonly Manifest[]) => compareObjects(a, b, PARITY_RULES);
const notAllowed = (a: readonly Manifest[], b: readonly Manifest[]) =>
  parity(a, b).objects.flatMap((object) =>
    object.differences.filter((one) => !one.rule).map((one) => `${object.kind} ${one.path.join(".")}`),
  );

describe("an OnyxService on EKS and on GKE", () => {
  const examples = exampleServices();

  it.each(examples.map((one) => [one.file, one] as const))(
    "%s differs only where a rule allows it",
    (_, { name, spec }) => {
      const [aws, gcp] = [objectsOf("aws", name, spec), objectsOf("gcp", name, spec)];
      expect(notAllowed(aws, gcp)).toEqual([]);
      expect(aws.map((one) => `${one.kind} ${one.metadata.name}`)).toEqual(
        gcp.map((one) => `${one.kind} ${one.metadata.name}`),
      );
    },
  );

  it("differs just so, and every difference has its rule", () => {
    const worker = examples.find((one) => one.name === "orders-worker")!;
    const { objects } = parity(objectsOf("aws", worker.name, worker.spec), objectsOf("gcp", worker.name, worker.spec));
    const found = objects.flatMap(({ kind, differences }) =>
      differences.map(({ path, rule }) => `${rule}: ${kind} ${path.join(".")}`),
    );
    expect(found).toMatchInlineSnapshot(`
      [
        "env-values: ConfigMap data.ONYX_ACCOUNT",
        "env-values: ConfigMap data.ONYX_CLOUD",
        "env-values: ConfigMap data.ONYX_REGION",
        "env-values: ConfigMap data.QUEUE_ORDERS_ID",
        "env-values: ConfigMap data.QUEUE_ORDERS_REGION",
        "env-values: ConfigMap data.QUEUE_ORDERS_URL",
        "env-values: ConfigMap data.TABLE_ORDERS_COLLECTION",
        "env-values: ConfigMap data.TABLE_ORDERS_ID",
        "env-values: ConfigMap data.TABLE_ORDERS_REGION",
        "image-registry: Deployment spec.template.spec.containers.app.image",
        "np-metadata: NetworkPolicy spec.egress.169.254.169.252/32 TCP/987 TCP/988",
        "np-metadata: NetworkPolicy spec.egress.169.254.169.254/32 TCP/80 TCP/8080 TCP/988",
        "np-metadata: NetworkPolicy spec.egress.169.254.170.23/32 TCP/80",
        "np-metadata: NetworkPolicy spec.egress.fd00:ec2::23/128 TCP/80",
        "scaler-trigger: ScaledObject spec.triggers.backlog.metadata.awsRegion",
        "scaler-trigger: ScaledObject spec.triggers.backlog.metadata.ignoreNullValues",
        "scaler-trigger: ScaledObject spec.triggers.backlog.metadata.query",
        "scaler-trigger: ScaledObject spec.triggers.backlog.metadata.queueURL",
        "scaler-trigger: ScaledObject spec.triggers.backlog.metadata.scaleOnDelayed",
        "scaler-trigger: ScaledObject spec.triggers.backlog.metadata.scaleOnInFlight",
        "scaler-trigger: ScaledObject spec.triggers.backlog.metadata.serverAddress",
        "scaler-trigger: ScaledObject spec.triggers.backlog.metadata.timeout",
        "scaler-trigger: ScaledObject spec.triggers.backlog.type",
        "scaler-auth: TriggerAuthentication spec.podIdentity.provider",
      ]
    `);
  });

  it("differs only where a rule allows it, whatever its spec", () => {
    const specs = arbitraryOf(onyxService.spec).map((input) => onyxService.spec.parse(input));
    fc.assert(
      fc.property(specs, (spec) => {
        fc.pre(spec.config?.name === undefined);
        const clash = (spec.bindings ?? []).length > 1;
        fc.pre(!clash);
        expect(notAllowed(objectsOf("aws", "orders", spec), objectsOf("gcp", "orders", spec))).toEqual([]);
      }),
    );
  });
});

describe("a Bucket on S3 and in Cloud Storage", () => {
  const place = (region: string, account: string): Place => ({
    environment: "prod",
    cluster: "blue",
    region,
    account,
    workloadIdentity: "Native",
    endpoints: {},
  });
  const fits = {
    aws: bucketProvider(awsClients(place("eu-west-1", "111122223333"))).fit!,
    gcp: (want: BucketWant) => fitBucket(want, "europe-west1"),
  };
  const live = (cloud: "aws" | "gcp", spec: BucketSpec): Manifest => {
    const given = { cloud, namespace: "shop", tags: {}, target: () => ({ outputs: OUTPUTS[cloud], effective: {} }) };
    const { want: effective, deviations } = fits[cloud](leaf.want(spec, given as never));
    const status = { effective, deviations, conditions: [] };
    const metadata = { name: "files", namespace: "shop" };
    return { apiVersion: "onyx.onelens.io/v1alpha1", kind: "Bucket", metadata, spec, status } as unknown as Manifest;
  };
  const OUTPUTS = {
    aws: {
      KEY_ID: "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
      BUCKET_ID: "arn:aws:s3:::prod-shop-copies",
      QUEUE_ID: "arn:aws:sqs:eu-west-1:111122223333:prod-shop-files",
      TOPIC_ID: "arn:aws:sns:eu-west-1:111122223333:prod-shop-files-topic",
    },
    gcp: {
      KEY_ID: "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k",
      BUCKET_ID: "projects/_/buckets/prod-shop-copies",
      QUEUE_ID: "projects/p/subscriptions/prod-shop-files",
      TOPIC_ID: "projects/p/topics/prod-shop-files-topic",
    },
  };
  const specs = exampleBuckets();
  const both = (spec: BucketSpec, other = spec) => notAllowed([live("aws", spec)], [live("gcp", other)]);

  it.each(specs.map((one) => [one.name, one.spec] as const))(
    "%s differs only where a rule allows it, though Cloud Storage keeps no names of rules",
    (_, spec) => {
      expect(both(spec)).toEqual([]);
      expect(both({ ...spec, encryption: { keyRef: { name: "main" } } })).toEqual([]);
    },
  );

  it("another rule is a difference", () => {
    const spec = schema.spec.parse({ lifecycle: [{ name: "old", action: "Expire", days: 30 }] });
    const other = schema.spec.parse({ lifecycle: [{ name: "old", action: "Expire", days: 31 }] });
    expect(both(spec, other).some((path) => path.startsWith("Bucket status.effective.lifecycle"))).toBe(true);
  });
});

describe("an EventRule that starts a workflow", () => {
  const IDS = {
    aws: "arn:aws:states:eu-west-1:111122223333:stateMachine:report",
    gcp: "projects/onelens-prod/locations/europe-west1/workflows/report",
  };
  const aws = awsClients({
    environment: "prod",
    cluster: "blue",
    region: "eu-west-1",
    account: "111122223333",
    workloadIdentity: "Native",
    endpoints: {},
  });
  const group = aws.arn("scheduler", "schedule-group/onyx-prod");
  const fits = {
    aws: (want: EventRuleWant) => scheduled(aws, group, want).want,
    gcp: (want: EventRuleWant) => timed("onelens-prod", want).want,
  };
  const live = (cloud: "aws" | "gcp", target: object, input: string): Manifest => {
    const spec = ruleSchema.spec.parse({ schedule: { cron: "0 3 * * *" }, target, input });
    const given = { cloud, namespace: "shop", tags: {}, target: () => ({ outputs: {}, effective: {} }) };
    const status = { effective: fits[cloud](rule.want(spec, given as never)), conditions: [] };
    const metadata = { name: "report", namespace: "shop" };
    return { apiVersion: "onyx.onelens.io/v1alpha1", kind: "EventRule", metadata, spec, status } as unknown as Manifest;
  };
  const starts = (cloud: "aws" | "gcp", input = "{}") => live(cloud, { workflowRef: { external: IDS[cloud] } }, input);

  it("differs only in the workflow's id and in who may start it", () =>
    expect(notAllowed([starts("aws")], [starts("gcp")])).toEqual([]));

  it("differs where its input does, or where only one of them starts a workflow", () => {
    expect(notAllowed([starts("aws")], [starts("gcp", "1")])).toContain("EventRule spec.input");
    const tells = live("gcp", { topicRef: { external: "projects/onelens-prod/topics/news" } }, "{}");
    expect(notAllowed([starts("aws")], [tells])).toContain("EventRule spec.target.workflowRef");
  });
});

describe("what no rule allows", () => {
  const { name, spec } = exampleServices().find((one) => one.name === "orders-worker")!;
  const aws = objectsOf("aws", name, spec);
  /** The objects of GKE with a change in the one of that kind. */
  // biome-ignore lint/suspicious/noExplicitAny: manifests of many kinds
  const changed = (kind: string, change: (object: any) => void): Manifest[] =>
    objectsOf("gcp", name, spec).map((object) => {
      if (object.kind !== kind) return object;
      const copy = structuredClone(object);
      change(copy);
      return copy;
    });

  it.each<[string, string, Parameters<typeof changed>[1], string[]]>([
    [
      "another target",
      "ScaledObject",
      (one) => (one.spec.triggers[0].metadata.threshold = "11"),
      ["ScaledObject spec.triggers.backlog.target"],
    ],
    [
      "another activation",
      "ScaledObject",
      (one) => (one.spec.triggers[0].metadata.activationThreshold = "1"),
      ["ScaledObject spec.triggers.backlog.activation"],
    ],
    ["another maximum", "ScaledObject", (one) => (one.spec.maxReplicaCount = 3), ["ScaledObject spec.maxReplicaCount"]],
    ["one variable more", "ConfigMap", (one) => (one.data.EXTRA = "1"), ["ConfigMap data.EXTRA"]],
    [
      "another way out",
      "NetworkPolicy",
      (one) => one.spec.egress.push({ to: [{ ipBlock: { cidr: "10.0.0.0/8" } }] }),
      ["NetworkPolicy spec.egress.10.0.0.0/8"],
    ],
    [
      "another image",
      "Deployment",
      (one) => (one.spec.template.spec.containers[0].image = "host/p/orders-worker:1.4.3"),
      ["Deployment spec.template.spec.containers.app.image"],
    ],
    [
      "one variable of the container more",
      "Deployment",
      (one) => (one.spec.template.spec.containers[0].env = [{ name: "A" }]),
      ["Deployment spec.template.spec.containers.app.env"],
    ],
    [
      "a ServiceAccount that mounts its token",
      "ServiceAccount",
      (one) => (one.automountServiceAccountToken = true),
      ["ServiceAccount automountServiceAccountToken"],
    ],
  ])("%s", (_, kind, change, paths) => expect(notAllowed(aws, changed(kind, change))).toEqual(paths));

  it("an object that is missing", () => {
    const gcp = objectsOf("gcp", name, spec).filter((one) => one.kind !== "PodDisruptionBudget");
    expect(notAllowed(aws, gcp)).toEqual(["PodDisruptionBudget "]);
  });
});
