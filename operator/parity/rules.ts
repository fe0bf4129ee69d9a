import { GROUP } from "../reconcile/object.ts";

/** One difference between the clouds that is allowed, and why. What no rule allows fails. */
export interface ParityRule {
  readonly name: string;
  /** Kinds it is about. */
  readonly kinds: readonly string[];
  /** Name of the object, with `*` for any text. Absent: any. */
  readonly object?: string | undefined;
  /**
   * The path, segment by segment; `*` in a segment stands for any text, a last `**` for everything below and the place
   * itself. Lists are looked up by what identifies their items; see normalise.ts. An empty path is the object itself.
   */
  readonly path: readonly string[];
  /**
   * How the two values may differ. Absent: freely.
   * - `value`      both are there
   * - `presence`   one is not there
   * - `registry`   both are there, and the same behind the last `/`
   * - `deviation`  `status.deviations` of one of the two objects names the field
   * - `override`   `spec.overrides` of one of the two objects names the field
   */
  readonly as?: "value" | "presence" | "registry" | "deviation" | "override" | undefined;
  /** For people. */
  readonly reason: string;
}

/** Kinds of cloud resources. */
const LEAVES = [
  "Queue",
  "Table",
  "TableItem",
  "Topic",
  "Bucket",
  "EventRule",
  "EncryptionKey",
  "ManagedSecret",
  "Workflow",
  "WorkloadIdentity",
];
const WORKLOADS = ["Deployment", "StatefulSet", "Job"];
const POD_IMAGE = ["spec", "template", "spec", "containers", "*", "image"];

/** Endpoints that hand out credentials: EKS Pod Identity; the metadata server of GKE, as it is and as Calico sees it. */
const CREDENTIAL_ENDPOINTS = [
  "169.254.170.23/32 *",
  "fd00:ec2::23/128 *",
  "169.254.169.254/32 *",
  "169.254.169.252/32 *",
];

/** Every difference that is allowed between the same YAML on EKS and on GKE. */
export const PARITY_RULES: readonly ParityRule[] = [
  {
    name: "sa-annotation",
    kinds: ["ServiceAccount"],
    path: ["metadata", "annotations", "eks.amazonaws.com/*"],
    reason: "With IRSA the identity of a ServiceAccount is found by annotation.",
  },
  {
    name: "sa-annotation",
    kinds: ["ServiceAccount"],
    path: ["metadata", "annotations", "iam.gke.io/*"],
    reason: "Where a Google service account is impersonated, it is found by annotation.",
  },
  {
    name: "env-values",
    kinds: ["ConfigMap"],
    object: "*-bindings",
    path: ["data", "*"],
    as: "value",
    reason: "Environment variables have the same names on both clouds; what they name lies in the cloud.",
  },
  ...CREDENTIAL_ENDPOINTS.map(
    (endpoint): ParityRule => ({
      name: "np-metadata",
      kinds: ["NetworkPolicy"],
      path: ["spec", "egress", endpoint],
      as: "presence",
      reason: "Pods get their credentials from another link-local endpoint on each cloud; EKS must not open IMDS.",
    }),
  ),
  {
    name: "scaler-trigger",
    kinds: ["ScaledObject"],
    path: ["spec", "triggers", "backlog", "type"],
    as: "value",
    reason: "KEDA reads the backlog from SQS or from Cloud Monitoring. Target and activation are the same.",
  },
  {
    name: "scaler-trigger",
    kinds: ["ScaledObject"],
    path: ["spec", "triggers", "backlog", "metadata", "*"],
    reason: "Where and how the backlog is read. Target and activation are compared apart.",
  },
  {
    name: "scaler-auth",
    kinds: ["TriggerAuthentication"],
    path: ["spec", "podIdentity", "**"],
    reason: "KEDA's identity is of the cloud that it runs in.",
  },
  {
    name: "scaler-auth",
    kinds: ["TriggerAuthentication"],
    path: [],
    as: "presence",
    reason: "An emulator of one cloud may ask for no identity.",
  },
  {
    name: "scaler-auth",
    kinds: ["ScaledObject"],
    path: ["spec", "triggers", "backlog", "authenticationRef"],
    as: "presence",
    reason: "An emulator of one cloud may ask for no identity.",
  },
  {
    name: "image-registry",
    kinds: WORKLOADS,
    path: POD_IMAGE,
    as: "registry",
    reason: "Images come from the registry of the Environment: ECR or Artifact Registry.",
  },
  {
    name: "image-registry",
    kinds: ["CronJob"],
    path: ["spec", "jobTemplate", ...POD_IMAGE],
    as: "registry",
    reason: "Images come from the registry of the Environment: ECR or Artifact Registry.",
  },
  {
    name: "image-registry",
    kinds: ["OnyxService"],
    path: ["status", "image"],
    as: "registry",
    reason: "Images come from the registry of the Environment: ECR or Artifact Registry.",
  },
  {
    name: "cloud-ids",
    kinds: LEAVES,
    path: ["status", "outputs", "*"],
    as: "value",
    reason: "Outputs have the same names on both clouds; their values are the cloud's ids.",
  },
  {
    name: "cloud-ids",
    kinds: ["Queue"],
    path: ["status", "effective", "deadLetter", "target"],
    as: "value",
    reason: "The id of the dead-letter queue is the cloud's.",
  },
  {
    name: "cloud-ids",
    kinds: ["Queue"],
    path: ["status", "effective", "subscription", "topic"],
    as: "value",
    reason: "The id of the topic is the cloud's.",
  },
  {
    name: "cloud-ids",
    kinds: ["Bucket"],
    path: ["status", "effective", "notifications", "*", "target"],
    as: "value",
    reason: "The id of the queue or topic that is told is the cloud's.",
  },
  {
    name: "cloud-ids",
    kinds: ["Bucket"],
    path: ["status", "effective", "replicateTo", "target"],
    as: "value",
    reason: "The id of the bucket that copies go to is the cloud's.",
  },
  {
    name: "cloud-ids",
    kinds: ["Bucket"],
    path: ["status", "effective", "replicaKey"],
    as: "value",
    reason: "The id of a key is the cloud's.",
  },
  {
    name: "cloud-ids",
    kinds: ["TableItem"],
    path: ["status", "effective", "table"],
    as: "value",
    reason: "The id of the table is the cloud's.",
  },
  {
    name: "cloud-ids",
    kinds: ["TableItem"],
    path: ["status", "effective", "from", "*"],
    as: "value",
    reason: "Outputs of other objects are the cloud's ids.",
  },
  {
    name: "subscription-rights",
    kinds: ["Queue"],
    path: ["status", "effective", "subscription", "via", "**"],
    reason:
      "On AWS a queue lets SNS send to it, and has attributes of its own on the subscription; on GCP it is the subscription.",
  },
  {
    name: "cloud-ids",
    kinds: LEAVES,
    path: ["status", "effective", "encryptionKey"],
    as: "value",
    reason: "The id of a key is the cloud's.",
  },
  {
    name: "cloud-grants",
    kinds: ["WorkloadIdentity", "Workflow"],
    path: ["status", "effective", "permissions"],
    as: "value",
    reason: "Rights are told in the cloud's own words; what they follow from stands in spec and is the same.",
  },
  {
    name: "cloud-grants",
    kinds: ["WorkloadIdentity"],
    path: ["status", "effective", "trust"],
    as: "value",
    reason: "Who may use an identity is told in the cloud's own words.",
  },
  {
    name: "cloud-ids",
    kinds: ["EventRule"],
    path: ["status", "effective", "target", "id"],
    as: "value",
    reason: "The id of the target is the cloud's.",
  },
  {
    name: "workflow-program",
    kinds: ["Workflow"],
    path: ["status", "effective", "program"],
    as: "value",
    reason: "A definition is compiled for the engine of each cloud; spec.definition is compared.",
  },
  {
    name: "workflow-runs",
    kinds: ["WorkflowRun"],
    path: ["status", "**"],
    reason: "A run is of one cluster: when it ran and what came of it is no matter of its platform.",
  },
  {
    name: "workflow-ids",
    kinds: ["EventRule"],
    path: ["spec", "target", "workflowRef", "external"],
    as: "value",
    reason: "A workflow that no object stands for is named by its id, which is the cloud's.",
  },
  {
    name: "schedule-rights",
    kinds: ["EventRule"],
    path: ["status", "effective", "target", "via", "**"],
    reason:
      "AWS sends with a role that is made for it; Cloud Scheduler's agent may publish to every topic of its project, and workflows are started as one account of it.",
  },
  {
    name: "schedule-marks",
    kinds: ["EventRule"],
    path: ["status", "effective", "tags", "**"],
    reason: "On AWS the schedule's role carries the tags; a job of Cloud Scheduler takes no labels.",
  },
  {
    name: "default-tags",
    kinds: LEAVES,
    path: ["status", "effective", "tags", "*"],
    reason: "Default tags come from the Environment; those of an object stand in its spec and are the same.",
  },
  {
    name: "deviation",
    kinds: LEAVES,
    path: ["status", "effective", "**"],
    as: "deviation",
    reason: "The cloud can't do just what is asked, and status.deviations says so.",
  },
  {
    name: "override",
    kinds: LEAVES,
    path: ["status", "effective", "**"],
    as: "override",
    reason: "The YAML asks it of one cloud only, in spec.overrides.",
  },
  {
    name: "key-policy",
    kinds: ["EncryptionKey"],
    path: ["status", "effective", "access"],
    as: "value",
    reason:
      "On AWS the policy of a key says who may use it; on GCP each identity that uses it is granted that by itself.",
  },
  {
    name: "environment",
    kinds: ["Environment"],
    path: ["spec", "**"],
    reason: `Environment.${GROUP} says where a cluster stands: it is the one object that is written for a cluster.`,
  },
];
