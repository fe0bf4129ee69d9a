import type { Access, GrantableKind } from "../../crds/access.ts";
import type { Filter } from "../../crds/filter.ts";
import type { Neutral, Wanted } from "../../operator/provider/provider.ts";
import type { TableSchema, TargetAccess, TargetKind } from "../../operator/workflow/index.ts";

/** What a Queue should be, whatever the cloud. Times in seconds, sizes in bytes. */
export interface QueueWant extends Wanted {
  readonly processingTimeoutSeconds: number;
  readonly retentionSeconds: number;
  readonly maxMessageBytes: number;
  readonly delaySeconds: number;
  readonly ordering: "None" | "PerKey";
  /** `target` is the QUEUE_ID of the dead-letter Queue. */
  readonly deadLetter: { readonly target: string; readonly maxReceives: number } | null;
  /** Where its messages come from; null: it is sent to. */
  readonly subscription: QueueSubscription | null;
  /** KEY_ID of an EncryptionKey or the cloud's own id of a key; null: the cloud's default key. */
  readonly encryptionKey: string | null;
  /** Cloud-only settings from `spec.overrides.<cloud>`, as given. */
  readonly overrides: { readonly [field: string]: Neutral };
  /** As in TopicWant, of a queue that has a topic of its own. */
  readonly messageStorage?: { readonly regions: readonly string[]; readonly enforceInTransit: boolean } | null;
}

/** The one Topic that a Queue gets its messages of. */
export interface QueueSubscription {
  /** TOPIC_ID. */
  readonly topic: string;
  /** In its one form (crds/filter.ts); as text, one that spec can't ask for, in the cloud's own words. Empty: all messages. */
  readonly filter: Filter | string;
  /**
   * What brings a message of the topic into the queue, in the cloud's own words, one thing a line, sorted. Filled by the
   * adapter's `fit`, reported by `observe`.
   */
  readonly via: readonly string[];
}

/**
 * - `QUEUE_ID`  AWS: ARN. GCP: `projects/P/subscriptions/N` (what a consumer pulls from)
 * - `QUEUE_URL` AWS: queue URL. GCP: `projects/P/topics/N` (what a producer publishes to); of a Queue that subscribes to a
 *               Topic its QUEUE_ID again, since nothing can be published to it
 * - `DLQ_ID`    QUEUE_ID of the dead-letter Queue, when there is one
 */
export type QueueOutputs = {
  readonly QUEUE_ID: string;
  readonly QUEUE_URL: string;
  readonly REGION: string;
  readonly DLQ_ID?: string;
};

/** What a Topic should be, whatever the cloud. */
export interface TopicWant extends Wanted {
  readonly ordering: "None" | "PerKey";
  readonly maxMessageBytes: number;
  /** As in QueueWant. */
  readonly encryptionKey: string | null;
  readonly overrides: { readonly [field: string]: Neutral };
  /**
   * GCP: the regions in which messages may lie, sorted. Filled by the adapter's `fit` where spec asks for it; absent, it
   * is the organization's policy that says so, and nothing is compared.
   */
  readonly messageStorage?: { readonly regions: readonly string[]; readonly enforceInTransit: boolean } | null;
}

/** `TOPIC_ID` AWS: ARN. GCP: `projects/P/topics/T`. What a producer publishes to. */
export type TopicOutputs = {
  readonly TOPIC_ID: string;
  readonly REGION: string;
};

/** An attribute that is part of a key. */
export interface KeyAttribute {
  readonly name: string;
  readonly type: "String" | "Number";
}

/** What a Table should be, whatever the cloud. Indexes sorted by name. */
export interface TableWant extends Wanted {
  readonly partitionKey: KeyAttribute;
  readonly sortKey: KeyAttribute | null;
  readonly indexes: readonly {
    readonly name: string;
    readonly partitionKey: KeyAttribute;
    readonly sortKey: KeyAttribute | null;
  }[];
  /** Attribute that holds the expiry, epoch seconds on AWS and a timestamp on GCP; null: nothing expires. */
  readonly ttlField: string | null;
  /** Days back to which the table can be restored; null: off. */
  readonly pointInTimeRecoveryDays: number | null;
  readonly deletionProtection: boolean;
  readonly encryptionKey: string | null;
  readonly overrides: { readonly [field: string]: Neutral };
}

/**
 * - `TABLE_ID`   AWS: table ARN. GCP: `projects/P/databases/D`
 * - `TABLE_NAME` AWS: table name. GCP: database id
 * - `COLLECTION` GCP: the collection that holds the items; AWS: the table name again
 * - `STREAM_ID`  AWS, with a stream: its ARN
 */
export type TableOutputs = {
  readonly TABLE_ID: string;
  readonly TABLE_NAME: string;
  readonly COLLECTION: string;
  readonly REGION: string;
  readonly STREAM_ID?: string;
};

/** What a TableItem should be, whatever the cloud. */
export interface ItemWant extends Wanted {
  /** TABLE_ID of the Table that it is in. */
  readonly table: string;
  /** Each key attribute with its value, the partition key first. */
  readonly key: readonly { readonly name: string; readonly value: string | number }[];
  /** How it lies there: COLLECTION of the Table, and the attribute that holds the expiry. No cloud reports it back. */
  readonly place: { readonly collection: string; readonly ttlField: string | null };
  /** Those that spec has, without the key. */
  readonly attributes: { readonly [name: string]: Neutral };
  /** Those that are outputs of other objects. */
  readonly from: { readonly [name: string]: string };
}

/** `ITEM_ID` AWS: ARN of the table, `/item/` and the key as text. GCP: name of the document. */
export type ItemOutputs = { readonly ITEM_ID: string };

/** What becomes of objects of a Bucket as they grow old. */
export interface BucketLifecycleRule {
  readonly name: string;
  /** "" for all objects. */
  readonly prefix: string;
  readonly action: "Expire" | "Transition" | "AbortMultipart" | "ExpireNoncurrent" | "TransitionNoncurrent";
  /** Days since the object was made, the upload was begun or the version became an old one. */
  readonly days: number;
  /** Of a transition only. */
  readonly to: "Cool" | "Cold" | "Archive" | null;
  /** ExpireNoncurrent only: so many of the newest old versions stay; null: none. */
  readonly versionsKept: number | null;
}

/** Which web pages may use a Bucket. Lists sorted. */
export interface BucketCorsRule {
  readonly name: string;
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  /** 0: the browser's own default. */
  readonly maxAgeSeconds: number;
}

/** Who is told of objects of a Bucket that come and go. Events sorted. */
export interface BucketNotification {
  readonly name: string;
  readonly events: readonly ("ObjectCreated" | "ObjectDeleted")[];
  /** "" for all objects. */
  readonly prefix: string;
  /** QUEUE_ID or TOPIC_ID. `observe` says "" where it can't tell. */
  readonly target: string;
  /** Always true. `observe` says false where anything is missing without which nothing arrives, or arrives otherwise. */
  readonly delivers: boolean;
}

/** Where what is written to a Bucket is copied to. */
export interface BucketReplication {
  /** BUCKET_ID. `observe` says "" where it can't tell. */
  readonly target: string;
  /** "" for all objects. */
  readonly prefix: string;
  /** Always true. `observe` says false where anything is missing without which nothing is copied, or is copied otherwise. */
  readonly copies: boolean;
}

/** Who outside the platform may put objects into a Bucket, and nothing else. */
export interface BucketDeliverer {
  /** AWS: an account. GCP: the e-mail of a service account. */
  readonly who: string;
  /** "" for all objects. */
  readonly prefix: string;
  /** Always true. `observe` says false where what lets it in is missing, or lets in more or otherwise. */
  readonly delivers: boolean;
}

/** What a Bucket should be, whatever the cloud. Rules and notifications sorted by name, deliverers by who they are. */
export interface BucketWant extends Wanted {
  /** Always true. `observe` says false where anything that keeps the public, ACLs or plain HTTP out is missing. */
  readonly private: boolean;
  readonly versioning: boolean;
  readonly storageClass: "Hot" | "Auto";
  readonly lifecycle: readonly BucketLifecycleRule[];
  /** 0: none. */
  readonly softDeleteDays: number;
  /** `lock`: it can't be shortened or taken away any more. */
  readonly retention: { readonly days: number; readonly lock: boolean } | null;
  readonly cors: readonly BucketCorsRule[];
  readonly notifications: readonly BucketNotification[];
  readonly replicateTo: BucketReplication | null;
  /** Key of the bucket that copies go to, when it is a customer's. A cloud that is not told it doesn't report it back. */
  readonly replicaKey: string | null;
  readonly encryptionKey: string | null;
  /** From `spec.overrides.<cloud>.deliverers`. */
  readonly deliverers: readonly BucketDeliverer[];
  /** All but the deliverers. */
  readonly overrides: { readonly [field: string]: Neutral };
}

/**
 * - `BUCKET_ID`  AWS: ARN. GCP: `projects/_/buckets/N`
 * - `BUCKET`     its name
 * - `BUCKET_URL` AWS: `s3://N`. GCP: `gs://N`
 * - `REGION`     AWS: region. GCP: location in lower case
 */
export type BucketOutputs = {
  readonly BUCKET_ID: string;
  readonly BUCKET: string;
  readonly BUCKET_URL: string;
  readonly REGION: string;
};

/** What an EncryptionKey should be, whatever the cloud: symmetric, its material made by the cloud. */
export interface EncryptionKeyWant extends Wanted {
  /** 0: never. */
  readonly rotationDays: number;
  readonly deletionWindowDays: number;
  /**
   * Spec asks for Enabled or Disabled. Observe also tells PendingDeletion (it can be brought back) and Unnamed (the name
   * by which it is found does not lead to it).
   */
  readonly state: "Enabled" | "Disabled" | "PendingDeletion" | "Unnamed";
  /** Who may use it by its own policy, in the cloud's words, one a line, sorted. Filled by `fit`, reported by `observe`. */
  readonly access: readonly string[];
  readonly overrides: { readonly [field: string]: Neutral };
}

/** `KEY_ID` AWS: ARN of the key. GCP: `projects/P/locations/L/keyRings/R/cryptoKeys/K`. */
export type EncryptionKeyOutputs = { readonly KEY_ID: string; readonly REGION: string };
/** What a ManagedSecret should be. The value itself is no part of it: it comes by `Call.value`. */
export interface SecretWant extends Wanted {
  /**
   * Where the value comes from, and a token that is another one whenever another value is wished for. It tells nothing
   * of the value: it is made of what names it.
   */
  readonly value: { readonly from: "Secret" | "Generated" | "External" | "Other"; readonly revision: string };
  readonly rotation: { readonly everySeconds: number; readonly overlapSeconds: number } | null;
  /** Days in which it can be restored after its deletion; 0: none. */
  readonly recoveryDays: number;
  readonly encryptionKey: string | null;
  readonly overrides: { readonly [field: string]: Neutral };
}

/**
 * - `SECRET_ID` AWS: ARN. GCP: `projects/P/secrets/S`
 * - `VERSION`   AWS: version id. GCP: number of the version. Reads by it are consistent at once on both clouds
 */
export type SecretOutputs = { readonly SECRET_ID: string; readonly VERSION: string };

/** One right on one resource. */
export interface Grant {
  readonly kind: GrantableKind;
  /** Its QUEUE_ID, TABLE_ID, KEY_ID, … */
  readonly id: string;
  readonly access: Access;
  /** Key that encrypts it, when it is a customer's. */
  readonly encryptionKey: string | null;
  /** Where its messages come from under keys of their own: the queues whose dead letters it holds. Absent: nowhere. */
  readonly from?: readonly { readonly id: string; readonly encryptionKey: string }[];
}

/** What a WorkloadIdentity should be. */
export interface IdentityWant extends Wanted {
  readonly serviceAccount: { readonly namespace: string; readonly name: string };
  /** Sorted, without doubles. Input of `permissions`; no cloud reports it back. */
  readonly grants: readonly Grant[];
  /**
   * The rights in the cloud's own words, one a line, sorted: `allow sqs:SendMessage on arn:…`,
   * `roles/pubsub.publisher on projects/P/topics/T`. Filled by the adapter's `fit`, reported by `observe`.
   */
  readonly permissions: readonly string[];
  /** Who may use it, in the cloud's own words. Filled by `fit`. */
  readonly trust: readonly string[];
  readonly overrides: { readonly [field: string]: Neutral };
}

/** `IDENTITY` AWS: role ARN. GCP: the `principal://…` of the ServiceAccount. */
export type IdentityOutputs = { readonly IDENTITY: string };

/** What one context attribute of an event must be: a Match of crds/pattern.ts. */
export interface EventMatch {
  readonly [field: string]: Neutral;
  readonly attribute: string;
  readonly anyOf?: readonly string[] | undefined;
  readonly prefix?: string | undefined;
  readonly exists?: boolean | undefined;
}

/** What an EventRule should be, whatever the cloud. */
export interface EventRuleWant extends Wanted {
  /** `cron` in the one text of its times (crds/cron.ts); null: it has no schedule. */
  readonly schedule: { readonly cron: string; readonly timezone: string } | null;
  /** In its canonical form (crds/pattern.ts); null: it has none. A text is what a cloud has that spec can't ask for. */
  readonly pattern: readonly EventMatch[] | string | null;
  readonly target: {
    /** QUEUE_ID of a Queue, TOPIC_ID of a Topic, which on GCP, once fitted, is the Pub/Sub topic of either; or WORKFLOW_ID. */
    readonly id: string;
    /**
     * What lets the message reach it, in the cloud's own words, one right a line, sorted. Filled by the adapter's `fit`,
     * reported by `observe`.
     */
    readonly via: readonly string[];
  };
  /** What the target is, as far as its id doesn't tell. No cloud reports it back. */
  readonly targetIs: {
    readonly kind: "Queue" | "Topic" | "Workflow";
    readonly ordered: boolean;
    /** Key that encrypts it, when it is a customer's. */
    readonly encryptionKey: string | null;
  };
  /** JSON text. */
  readonly input: string;
  readonly suspended: boolean;
  readonly overrides: { readonly [field: string]: Neutral };
}

/** `RULE_ID` AWS: ARN of the schedule. GCP: `projects/P/locations/L/jobs/N` */
export type EventRuleOutputs = { readonly RULE_ID: string; readonly REGION: string };

/** What a Workflow should be. */
export interface WorkflowWant extends Wanted {
  /** What it is compiled of. Input of `program` and `permissions`; no cloud reports it back. */
  readonly source: {
    /** As spec has it: sound, by `parseWorkflow`. */
    readonly definition: { readonly [field: string]: Neutral };
    /** What its tasks name, sorted by kind and name, once each. */
    readonly targets: readonly WorkflowTarget[];
  };
  /** `sha256:<hex>` of the compiled program. Filled by the adapter's `fit`, reported by `observe`. */
  readonly program: string;
  /** What its runs may do, as IdentityWant has it. Filled by `fit`, reported by `observe`. */
  readonly permissions: readonly string[];
  readonly logLevel: "None" | "Errors";
  readonly overrides: { readonly [field: string]: Neutral };
}

/** An object that a task of a workflow names. */
export interface WorkflowTarget {
  readonly [field: string]: Neutral;
  readonly kind: TargetKind | "Workflow";
  readonly name: string;
  readonly outputs: { readonly [output: string]: string };
  /** What the tasks do with it, sorted. */
  readonly access: readonly (TargetAccess | "Start")[];
  /** Key that encrypts it, when it is a customer's. */
  readonly encryptionKey: string | null;
  /** Of a Table that is there. */
  readonly schema: TableSchema | null;
}

/** `WORKFLOW_ID` AWS: ARN of the state machine. GCP: `projects/P/locations/L/workflows/N` */
export type WorkflowOutputs = { readonly WORKFLOW_ID: string; readonly REGION: string };

/** Every leaf kind with what it wants and what it gives. The adapters' lists are typed by it. */
export interface Leaves {
  readonly Queue: { want: QueueWant; outputs: QueueOutputs };
  readonly EncryptionKey: { want: EncryptionKeyWant; outputs: EncryptionKeyOutputs };
  readonly Table: { want: TableWant; outputs: TableOutputs };
  readonly TableItem: { want: ItemWant; outputs: ItemOutputs };
  readonly Bucket: { want: BucketWant; outputs: BucketOutputs };
  readonly ManagedSecret: { want: SecretWant; outputs: SecretOutputs };
  readonly EventRule: { want: EventRuleWant; outputs: EventRuleOutputs };
  readonly Topic: { want: TopicWant; outputs: TopicOutputs };
  readonly Workflow: { want: WorkflowWant; outputs: WorkflowOutputs };
  readonly WorkloadIdentity: { want: IdentityWant; outputs: IdentityOutputs };
}
export type LeafKind = keyof Leaves;
