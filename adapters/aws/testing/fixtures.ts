import type {
  BucketWant,
  EventRuleWant,
  IdentityWant,
  ItemWant,
  QueueWant,
  SecretWant,
  TableWant,
  TopicWant,
  WorkflowWant,
} from "../../../controllers/leaf/wants.ts";
import type { Place } from "../../../operator/provider/cloud.ts";
import { type Owner, ownerTags } from "../../../operator/provider/owner.ts";
import type { Call } from "../../../operator/provider/provider.ts";

export const REGION = "us-east-1";
export const ACCOUNT = "000000000000";

export const owner = (name: string, over: Partial<Owner> = {}): Owner => ({
  environment: "test",
  cluster: "cluster-a",
  namespace: "team-a",
  kind: "Queue",
  name,
  uid: "uid-1",
  ...over,
});

export const call = (name: string, over: Partial<Call> = {}): Call => ({
  signal: new AbortController().signal,
  token: "uid-1-1",
  owner: owner(name),
  ...over,
});

export const place = (endpoint: string, over: Partial<Place> = {}): Place => ({
  environment: "test",
  cluster: "cluster-a",
  region: REGION,
  account: ACCOUNT,
  workloadIdentity: "Native",
  endpoints: { default: endpoint },
  credentials: { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
  ...over,
});

export const queueWant = (name: string, over: Partial<QueueWant> = {}): QueueWant => ({
  processingTimeoutSeconds: 60,
  retentionSeconds: 345_600,
  maxMessageBytes: 262_144,
  delaySeconds: 0,
  ordering: "None",
  deadLetter: null,
  subscription: null,
  encryptionKey: null,
  overrides: {},
  tags: { team: "billing", ...ownerTags(owner(name)) },
  ...over,
});

export const tableWant = (name: string, over: Partial<TableWant> = {}): TableWant => ({
  partitionKey: { name: "pk", type: "String" },
  sortKey: { name: "sk", type: "Number" },
  indexes: [],
  ttlField: null,
  pointInTimeRecoveryDays: null,
  deletionProtection: false,
  encryptionKey: null,
  overrides: {},
  tags: { team: "billing", ...ownerTags(owner(name, { kind: "Table" })) },
  ...over,
});

/** An item of the table of `tableWant`. */
export const itemWant = (table: string, over: Partial<ItemWant> = {}): ItemWant => ({
  table,
  key: [
    { name: "pk", value: "one" },
    { name: "sk", value: 1 },
  ],
  place: { collection: "rows", ttlField: null },
  attributes: { state: "new" },
  from: {},
  tags: { team: "billing", ...ownerTags(owner("one", { kind: "TableItem" })) },
  ...over,
});

export const bucketWant = (name: string, over: Partial<BucketWant> = {}): BucketWant => ({
  private: true,
  versioning: false,
  storageClass: "Hot",
  lifecycle: [],
  softDeleteDays: 0,
  retention: null,
  cors: [],
  notifications: [],
  replicateTo: null,
  replicaKey: null,
  encryptionKey: null,
  deliverers: [],
  overrides: {},
  tags: { team: "billing", ...ownerTags(owner(name, { kind: "Bucket" })) },
  ...over,
});

export const secretWant = (name: string, over: Partial<SecretWant> = {}): SecretWant => ({
  value: { from: "Generated", revision: "32-Alphanumeric-1" },
  rotation: null,
  recoveryDays: 0,
  encryptionKey: null,
  overrides: {},
  tags: { team: "billing", ...ownerTags(owner(name, { kind: "ManagedSecret" })) },
  ...over,
});

export const eventRuleWant = (name: string, over: Partial<EventRuleWant> = {}): EventRuleWant => ({
  schedule: { cron: "0 6 * * 1-5", timezone: "Europe/Berlin" },
  pattern: null,
  target: { id: `arn:aws:sqs:${REGION}:${ACCOUNT}:test-jobs`, via: [] },
  targetIs: { kind: "Queue", ordered: false, encryptionKey: null },
  input: '{"report":"daily"}',
  suspended: false,
  overrides: {},
  tags: { team: "billing", ...ownerTags(owner(name, { kind: "EventRule" })) },
  ...over,
});

export const topicWant = (name: string, over: Partial<TopicWant> = {}): TopicWant => ({
  ordering: "None",
  maxMessageBytes: 262_144,
  encryptionKey: null,
  overrides: {},
  tags: { team: "billing", ...ownerTags(owner(name, { kind: "Topic" })) },
  ...over,
});

const JOBS = {
  kind: "Queue",
  name: "jobs",
  outputs: {
    QUEUE_ID: `arn:aws:sqs:${REGION}:${ACCOUNT}:test-jobs`,
    QUEUE_URL: `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/test-jobs`,
  },
  access: ["Produce"],
  encryptionKey: null,
  schema: null,
} as const;

/** One that sends its input to the queue `jobs`. */
export const workflowWant = (name: string, over: Partial<WorkflowWant> = {}): WorkflowWant => ({
  source: {
    definition: { do: [{ send: { call: "queue.send", with: { queue: "jobs", body: "${input}" } } }] },
    targets: [JOBS],
  },
  program: "",
  permissions: [],
  logLevel: "Errors",
  overrides: {},
  tags: { team: "billing", ...ownerTags(owner(name, { kind: "Workflow" })) },
  ...over,
});

export const identityWant = (name: string, over: Partial<IdentityWant> = {}): IdentityWant => ({
  serviceAccount: { namespace: "team-a", name: "api" },
  grants: [],
  permissions: [],
  trust: [],
  overrides: {},
  tags: { team: "billing", ...ownerTags(owner(name, { kind: "WorkloadIdentity" })) },
  ...over,
});
