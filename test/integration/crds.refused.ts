import { BINDABLE } from "../../crds/access.ts";
import { CRON_SAYS, ONE_KIND_OF_DAY_SAYS } from "../../crds/cron.ts";
import { ATTRIBUTE, FILTER_TOO_LONG, FILTER_VALUE } from "../../crds/filter.ts";
import { LOG_RETENTION_SAYS } from "../../crds/workflow.ts";
import { WORKFLOW_ID_SAYS } from "../../crds/workflow-id.ts";

/** YAML that must be refused, and the one message that says why. */
export interface Refused {
  readonly what: string;
  readonly yaml: string;
  /** The whole message, without what kubectl says around it. */
  readonly message: string;
  /** Applied before: for what may not change. */
  readonly first?: string;
}

const object = (kind: string, spec: string, metadata = "{name: bad}") =>
  `apiVersion: onyx.onelens.io/v1alpha1\nkind: ${kind}\nmetadata: ${metadata}\nspec: ${spec}\n`;

const queue = (spec: string, metadata?: string) => object("Queue", spec, metadata);
const bucket = (spec: string) => object("Bucket", spec);
const delivered = (cloud: "aws" | "gcp", deliverers: string) =>
  bucket(`{portability: Warn, overrides: {${cloud}: {deliverers: [${deliverers}]}}}`);
const table = (spec: string) => object("Table", spec);
const topic = (spec: string) => object("Topic", spec);
const secret = (spec: string) => object("ManagedSecret", spec);
const service = (spec: string, metadata?: string) => object("OnyxService", spec, metadata);
const identity = (spec: string) => object("WorkloadIdentity", spec);
const rule = (schedule: string, rest = "target: {queueRef: {name: q}}") =>
  object("EventRule", `{schedule: ${schedule}, ${rest}}`);
const environment = (spec: string) => object("Environment", spec);

const filtered = (conditions: string) => queue(`{subscribeTo: {topicRef: {name: t}, filter: [${conditions}]}}`);
/** Conditions of all kinds, in other than ASCII: 254 bytes in the language of Pub/Sub, and those of `more`. */
const ALL_KINDS = (more: string) =>
  `{attribute: k, prefix: ${"世".repeat(50)}${more}}, {attribute: l, anyOf: [${"é".repeat(16)}]}, {attribute: m, exists: true}`;
const SUBSCRIPTION_FIXED =
  "spec.subscribeTo: Forbidden: subscribeTo can't be changed: GCP can change neither topic nor filter of a subscription that exists; make a new queue and drain the old one";
const TOO_LONG = `spec.subscribeTo.filter: Invalid value: ${FILTER_TOO_LONG}`;

const KEY = "partitionKey: {name: id, type: String}";
const AWS = "cloud: aws, region: us-east-1, clusterName: c";
const ROLE = "aws: {roleArn: 'arn:aws:iam::123456789012:role/t'}";
const IMPERSONATED =
  "gcp: {workloadIdentityProvider: projects/42/locations/global/workloadIdentityPools/clusters/providers/prod, serviceAccount: tenant@my-project.iam.gserviceaccount.com}";
const credentialsOf = (more: string) => `credentials: {serviceAccountRef: {namespace: t, name: cloud}, ${more}}`;
const acting = (more: string, namespaces = "[t]") =>
  `{${AWS}, account: "123456789012", namespaces: ${namespaces}, ${credentialsOf(more)}}`;
const onGoogle = (more: string) =>
  `{cloud: gcp, region: us-central1, clusterName: c, account: my-project, namespaces: [t], ${credentialsOf(more)}}`;
const SERVES =
  "credentials.serviceAccountRef must be of a namespace that spec.namespaces lists: whose identity it is must be whom the Environment serves, and nobody else";
const PROBE = "{http: {path: /healthz, port: 8080}}";
const DURATION =
  "must be a duration in hours, minutes and seconds, such as 90s, 10m or 1h30m; there is no unit for days: 14 days are 336h";
const WARN = "choose such a value, or set portability: Warn to take what this cloud can do";
const TAG_KEY =
  "a tag's key must be of a-z, 0-9, '_' and '-', begin with a letter and have at most 63 characters; __proto__, constructor, prototype can't be used";

const item = (spec: string) => object("TableItem", `{tableRef: {name: t}, ${spec}}`);

const bill = (spec: string) => object("TenantCostSource", `{tableRef: {name: t}, image: i, ${spec}}`);
const tenant = (spec: string) => object("Tenant", `{isolation: Shared, ${spec}}`);

export const REFUSED: readonly Refused[] = [
  // Bills and budgets
  {
    what: "a bill that becomes another tenant's",
    first: bill("tenantRef: {name: acme}"),
    yaml: bill("tenantRef: {name: globex}"),
    message:
      "spec.tenantRef: Forbidden: tenantRef can't be changed: what was spent would become another's; make a new one",
  },
  {
    what: "shared cost over a tag that rows are not kept apart by",
    yaml: bill("allocations: [{name: a, from: {services: [s]}, over: Tag, tag: team, by: Even}]"),
    message:
      "spec.tagKeys: Invalid value: tag of an allocation must be one of tagKeys: rows are not kept apart by it otherwise",
  },
  {
    what: "shared cost by weights without any",
    yaml: bill("allocations: [{name: a, from: {services: [s]}, over: Account, by: Weights}]"),
    message: "spec.allocations[0].weights: Invalid value: weights goes with by: Weights, and with nothing else",
  },
  {
    what: "a bill from an account that is none",
    yaml: bill("delivery: {awsAccounts: ['12']}"),
    message: 'spec.delivery.awsAccounts[0]: Invalid value: "12": an account must be the 12 digits of an AWS account',
  },
  {
    what: "a budget of nothing",
    yaml: tenant("budget: {amount: '0.0', currency: USD}"),
    message: 'spec.budget.amount: Invalid value: "0.0": amount of a budget must be more than 0',
  },
  // Items
  {
    what: "an item that need not be there, and is made",
    yaml: item("key: {partition: a}, optional: true"),
    message:
      "spec.optional: Forbidden: optional is for an item that is only observed: it needs managementPolicy Observe",
  },
  {
    what: "an item that gets another key",
    first: item("key: {partition: a, sort: 5}"),
    yaml: item("key: {partition: a, sort: 6}"),
    message: "spec.key: Forbidden: key can't be changed: an item is what its key says; make a new TableItem",
  },
  {
    what: "an item that gets a sort key",
    first: item("key: {partition: a}"),
    yaml: item("key: {partition: a, sort: x}"),
    message: "spec.key: Forbidden: key can't be changed: an item is what its key says; make a new TableItem",
  },
  {
    what: "an item that moves",
    first: item("key: {partition: a}"),
    yaml: object("TableItem", "{tableRef: {name: u}, key: {partition: a}}"),
    message: "spec.tableRef: Forbidden: tableRef can't be changed: an item doesn't move; make a new TableItem",
  },
  {
    what: "an item with a name",
    yaml: item("key: {partition: a}, externalName: a"),
    message: "spec.externalName: Forbidden: an item has no name but its key: leave externalName out",
  },
  {
    what: "an attribute that comes from nothing",
    yaml: item("key: {partition: a}, attributesFrom: [{attribute: x, output: QUEUE_ID}]"),
    message: `spec.attributesFrom[0]: Invalid value: give exactly one of ${Object.keys(BINDABLE).join(", ")}`,
  },
  {
    what: "an attribute that comes from two objects",
    yaml: item("key: {partition: a}, attributesFrom: [{attribute: x, queue: q, topic: t, output: QUEUE_ID}]"),
    message: `spec.attributesFrom[0]: Invalid value: give exactly one of ${Object.keys(BINDABLE).join(", ")}`,
  },
  // Secrets
  {
    what: "a secret with two sources of its value",
    yaml: object("ManagedSecret", "{generate: {}, external: {}, adoptionPolicy: Adopt}"),
    message: "spec: Invalid value: give exactly one of valueFrom, generate, external",
  },
  {
    what: "somebody else's value in a secret that is to be made",
    yaml: object("ManagedSecret", "{external: {}}"),
    message:
      "spec.external: Required value: external has nothing to make a secret with: set adoptionPolicy: Adopt, and make the secret where its value comes from",
  },
  {
    what: "a copy of a secret into its own source",
    yaml: object("ManagedSecret", "{valueFrom: {secretRef: {name: a, key: k}}, syncTo: {name: a}}"),
    message:
      "spec.syncTo.name: Forbidden: syncTo must name another Secret than valueFrom: the operator never writes to the source of a value",
  },
  {
    what: "both values of a secret under one key",
    yaml: object("ManagedSecret", "{generate: {}, syncTo: {name: a, previousKey: value}}"),
    message: "spec.syncTo.previousKey: Invalid value: previousKey must be another key than key",
  },
  {
    what: "a label of ours on a copy",
    yaml: object("ManagedSecret", "{generate: {}, syncTo: {name: a, labels: {app.kubernetes.io/managed-by: me}}}"),
    message: "spec.syncTo.labels: Forbidden: these labels tell whose the Secret is: the operator sets them",
  },
  {
    what: "a copy of a secret that is only observed",
    yaml: object("ManagedSecret", "{generate: {}, managementPolicy: Observe, syncTo: {name: a}}"),
    message: "spec.syncTo: Forbidden: a secret that is only observed is not read, so it can't be synced",
  },
  // Topics
  {
    what: "a topic's message that is too large for both clouds",
    yaml: topic("{maxMessageBytes: 1048577}"),
    message: `spec.maxMessageBytes: Invalid value: maxMessageBytes means the same on both clouds only at 1024 to 1048576 (AWS takes 1024 to 1048576, GCP takes 1024 to 10000000): ${WARN}`,
  },
  {
    what: "a topic's ordering changed",
    first: topic("{}"),
    yaml: topic("{ordering: PerKey}"),
    message:
      "spec.ordering: Forbidden: ordering can't be changed: AWS can't change it on a topic that exists; make a new topic and let its publishers move",
  },
  {
    what: "tracing of an ordered topic",
    yaml: topic("{ordering: PerKey, portability: Warn, overrides: {aws: {tracing: Active}}}"),
    message:
      "spec.overrides.aws.tracing: Invalid value: SNS can't trace a topic that keeps order: leave tracing out, or use ordering None",
  },
  {
    what: "a delivery policy whose waits shrink",
    yaml: topic(
      "{portability: Warn, overrides: {aws: {deliveryPolicy: {retries: 3, minimumDelay: 1m, maximumDelay: 20s}}}}",
    ),
    message:
      "spec.overrides.aws.deliveryPolicy.maximumDelay: Invalid value: maximumDelay must not be below minimumDelay",
  },
  // Queues that subscribe
  {
    what: "a subscription without a topic",
    yaml: queue("{subscribeTo: {}}"),
    message: "spec.subscribeTo.topicRef: Required value",
  },
  {
    what: "a subscription added to a queue",
    first: queue("{}"),
    yaml: queue("{subscribeTo: {topicRef: {name: t}}}"),
    message: SUBSCRIPTION_FIXED,
  },
  {
    what: "a subscription taken from a queue",
    first: queue("{subscribeTo: {topicRef: {name: t}}}"),
    yaml: queue("{}"),
    message: SUBSCRIPTION_FIXED,
  },
  {
    what: "a subscription's topic changed",
    first: queue("{subscribeTo: {topicRef: {name: t}}}"),
    yaml: queue("{subscribeTo: {topicRef: {name: u}}}"),
    message: SUBSCRIPTION_FIXED,
  },
  {
    what: "a subscription's filter, as long as can be, changed",
    first: filtered(ALL_KINDS("cc")),
    yaml: filtered("{attribute: a, prefix: c}"),
    message: SUBSCRIPTION_FIXED,
  },
  {
    what: "a filter for what is absent",
    yaml: filtered("{attribute: a, exists: false}"),
    message:
      "spec.subscribeTo.filter[0].exists: Invalid value: exists can only be true: SNS takes a message without any attributes for one that has this attribute",
  },
  {
    what: "a condition that says nothing",
    yaml: filtered("{attribute: a}"),
    message: "spec.subscribeTo.filter[0]: Invalid value: give exactly one of anyOf, prefix, exists",
  },
  {
    what: "a filter with an operator of one cloud",
    yaml: filtered("{attribute: a, suffix: b}"),
    message: 'strict decoding error: unknown field "spec.subscribeTo.filter[0].suffix"',
  },
  {
    what: "one attribute in two conditions",
    yaml: filtered("{attribute: a, prefix: b}, {attribute: a, exists: true}"),
    message: 'spec.subscribeTo.filter[1]: Duplicate value: {"attribute":"a"}',
  },
  {
    what: "an attribute that AWS keeps to itself",
    yaml: filtered("{attribute: AWS.x, exists: true}"),
    message: `spec.subscribeTo.filter[0].attribute: Invalid value: "AWS.x": ${ATTRIBUTE}`,
  },
  {
    what: "a value with a quote",
    yaml: filtered(`{attribute: a, prefix: 'b"'}`),
    message: `spec.subscribeTo.filter[0].prefix: Invalid value: "b\\"": ${FILTER_VALUE}`,
  },
  {
    what: "a filter of one byte too much, of many values",
    yaml: filtered(`{attribute: k, anyOf: [${"w".repeat(100)}, ${"v".repeat(113)}]}`),
    message: TOO_LONG,
  },
  {
    what: "a filter of one byte too much, of all kinds, not in ASCII",
    yaml: filtered(ALL_KINDS("ccc")),
    message: TOO_LONG,
  },
  // What isn't an object of ours at all
  {
    what: "a kind that isn't there",
    yaml: object("Qeueu", "{}"),
    message: 'no matches for kind "Qeueu" in version "onyx.onelens.io/v1alpha1"',
  },
  {
    what: "an unknown field",
    yaml: queue("{retentoin: 96h}"),
    message: 'strict decoding error: unknown field "spec.retentoin"',
  },
  {
    what: "an unknown field deep inside",
    yaml: queue("{deadLetter: {maxReceives: 5, queueRef: {name: dlq, kind: Queue}}}"),
    message: 'strict decoding error: unknown field "spec.deadLetter.queueRef.kind"',
  },
  {
    what: "__proto__ as a field",
    yaml: queue("{__proto__: {polluted: true}}"),
    message: 'strict decoding error: unknown field "spec.__proto__"',
  },
  {
    what: "constructor as a field",
    yaml: service("{image: a, constructor: {prototype: {polluted: true}}}"),
    message: 'strict decoding error: unknown field "spec.constructor"',
  },
  {
    what: "no spec",
    yaml: "apiVersion: onyx.onelens.io/v1alpha1\nkind: Queue\nmetadata: {name: bad}\n",
    message: "spec: Required value",
  },
  {
    what: "1 MiB of annotations",
    yaml: queue("{}", `{name: bad, annotations: {example.com/big: "${"x".repeat(1024 * 1024)}"}}`),
    message: "metadata.annotations: Too long: may not be more than 262144 bytes",
  },
  {
    what: "a name with a dot",
    yaml: queue("{}", "{name: orders.eu}"),
    message:
      "metadata.name: Invalid value: the name must begin with a letter and have at most 63 characters of a-z, 0-9 and '-': it becomes part of labels, tags and names in the cloud",
  },
  {
    what: "a service's name that a CronJob can't have",
    yaml: service("{image: a}", `{name: ${"a".repeat(53)}}`),
    message:
      "metadata.name: Invalid value: the name must begin with a letter and have at most 52 characters of a-z, 0-9 and '-': it becomes part of labels, tags and names in the cloud",
  },

  // Wrong types and values
  {
    what: "text where a number belongs",
    yaml: queue('{maxMessageBytes: "big"}'),
    message:
      'spec.maxMessageBytes: Invalid value: "string": spec.maxMessageBytes in body must be of type integer: "string"',
  },
  {
    what: "a number where text belongs",
    yaml: environment(`{${AWS}, account: 123456789012}`),
    message: 'spec.account: Invalid value: "integer": spec.account in body must be of type string: "integer"',
  },
  {
    what: "a list where an object belongs",
    yaml: queue("{deadLetter: [dlq]}"),
    message: 'spec.deadLetter: Invalid value: "array": spec.deadLetter in body must be of type object: "array"',
  },
  {
    what: "a word that isn't one of those there are",
    yaml: queue("{ordering: Fifo}"),
    message: 'spec.ordering: Unsupported value: "Fifo": supported values: "None", "PerKey"',
  },
  {
    what: "days as a duration",
    yaml: queue("{retention: 14d}"),
    message: `spec.retention: Invalid value: "14d": ${DURATION}`,
  },
  {
    what: "something required left out",
    yaml: queue("{deadLetter: {queueRef: {name: dlq}}}"),
    message: "spec.deadLetter.maxReceives: Required value",
  },
  {
    what: "more than any cloud takes",
    yaml: queue("{maxMessageBytes: 20000000}"),
    message:
      "spec.maxMessageBytes: Invalid value: 20000000: spec.maxMessageBytes in body should be less than or equal to 10000000",
  },

  // Outside the portable range
  {
    what: "delay, which only one cloud has",
    yaml: queue("{delay: 30s}"),
    message: `spec.delay: Invalid value: delay means the same on both clouds only at 0s (AWS takes 0s to 15m, GCP has no such thing): ${WARN}`,
  },
  {
    what: "a processing timeout that Pub/Sub can't have",
    yaml: queue("{processingTimeout: 1h}"),
    message: `spec.processingTimeout: Invalid value: processingTimeout means the same on both clouds only at 10s to 10m (AWS takes 0s to 12h, GCP takes 10s to 10m): ${WARN}`,
  },
  {
    what: "a retention that SQS can't have",
    yaml: queue("{retention: 700h}"),
    message: `spec.retention: Invalid value: retention means the same on both clouds only at 10m to 336h (AWS takes 1m to 336h, GCP takes 10m to 744h): ${WARN}`,
  },
  {
    what: "a retention that no cloud can have, even with Warn",
    yaml: queue("{retention: 800h, portability: Warn}"),
    message: `spec.retention: Invalid value: retention means the same on both clouds only at 10m to 336h (AWS takes 1m to 336h, GCP takes 10m to 744h): ${WARN}`,
  },
  {
    what: "fewer receives than Pub/Sub can count",
    yaml: queue("{deadLetter: {queueRef: {name: dlq}, maxReceives: 3}}"),
    message: `spec.deadLetter.maxReceives: Invalid value: deadLetter.maxReceives means the same on both clouds only at 5 to 100 (AWS takes 1 to 1000, GCP takes 5 to 100): ${WARN}`,
  },
  {
    what: "more days of recovery than Firestore has",
    yaml: table(`{${KEY}, pointInTimeRecovery: {days: 30}}`),
    message: `spec.pointInTimeRecovery.days: Invalid value: pointInTimeRecovery.days means the same on both clouds only at 1 to 7 (AWS takes 1 to 35, GCP takes 7): ${WARN}`,
  },

  // Contradictions
  {
    what: "both forms of a reference",
    yaml: queue("{deadLetter: {maxReceives: 5, queueRef: {name: dlq, external: 'arn:aws:sqs:us-east-1:1:dlq'}}}"),
    message: "spec.deadLetter.queueRef: Invalid value: give exactly one of name, external",
  },
  {
    what: "no form of a reference",
    yaml: queue("{deadLetter: {maxReceives: 5, queueRef: {}}}"),
    message: "spec.deadLetter.queueRef: Invalid value: give exactly one of name, external",
  },
  {
    what: "a queue as its own dead-letter queue",
    yaml: queue("{deadLetter: {maxReceives: 5, queueRef: {name: bad}}}"),
    message: "spec.deadLetter.queueRef: Invalid value: a queue can't be its own dead-letter queue: name another Queue",
  },
  {
    what: "switched off without a reason",
    yaml: queue("{enabled: false}"),
    message: "spec.disabledReason: Required value: enabled is false, so disabledReason must say why",
  },
  {
    what: "an override out of its cloud's range",
    yaml: queue("{overrides: {aws: {kmsDataKeyReuse: 25h}}}"),
    message: 'spec.overrides.aws.kmsDataKeyReuse: Invalid value: "25h": kmsDataKeyReuse must be 1m to 24h',
  },
  {
    what: "__proto__ as a tag",
    yaml: queue("{tags: {__proto__: x}}"),
    message: `spec.tags: Invalid value: ${TAG_KEY}`,
  },
  {
    what: "constructor as a tag",
    yaml: queue("{tags: {constructor: x}}"),
    message: `spec.tags: Invalid value: ${TAG_KEY}`,
  },
  {
    what: "a tag of the operator's own",
    yaml: queue("{tags: {onyx-owner: me}}"),
    message: "spec.tags: Forbidden: keys that begin with onyx-, goog- or aws- belong to the operator or to a cloud",
  },
  {
    what: "a tag that GCP can't have",
    yaml: queue("{tags: {team: Shop & Co}}"),
    message:
      "spec.tags[team]: Invalid value: \"Shop & Co\": a tag's value must be of a-z, 0-9, '_' and '-': GCP takes no other characters",
  },
  {
    what: "too many tags",
    yaml: queue(`{tags: {${Array.from({ length: 21 }, (_, index) => `t${index}: x`).join(", ")}}}`),
    message: "spec.tags: Too many: 21: must have at most 20 items",
  },
  {
    what: "one attribute as both keys",
    yaml: table("{partitionKey: {name: id, type: String}, sortKey: {name: id, type: String}}"),
    message: "spec.sortKey.name: Invalid value: sortKey must be another attribute than partitionKey",
  },
  {
    what: "an attribute with two types",
    yaml: table(`{${KEY}, indexes: [{name: by-id, partitionKey: {name: id, type: Number}}]}`),
    message:
      "spec.indexes: Invalid value: an attribute has one type: an index uses the table's partitionKey with another one",
  },
  {
    what: "a bound of nothing",
    yaml: table(`{${KEY}, overrides: {aws: {onDemandMaximum: {}}}}`),
    message: "spec.overrides.aws.onDemandMaximum: Required value: give readUnits, writeUnits or both",
  },
  {
    what: "a stream of an unknown kind",
    yaml: table(`{${KEY}, overrides: {aws: {stream: Everything}}}`),
    message:
      'spec.overrides.aws.stream: Unsupported value: "Everything": supported values: "KeysOnly", "NewImage", "OldImage", "NewAndOldImages"',
  },
  {
    what: "a copy of a secret with a key that is no ARN",
    yaml: secret("{generate: {}, overrides: {aws: {replicas: [{region: eu-west-1, key: alias/mine}]}}}"),
    message:
      'spec.overrides.aws.replicas[0].key: Invalid value: "alias/mine": must be the ARN of a KMS key: arn:aws:kms:REGION:ACCOUNT:key/ID',
  },
  {
    what: "two copies of a secret in one region",
    yaml: secret("{generate: {}, overrides: {aws: {replicas: [{region: eu-west-1}, {region: eu-west-1}]}}}"),
    message: 'spec.overrides.aws.replicas[1]: Duplicate value: {"region":"eu-west-1"}',
  },
  {
    what: "settings of a FIFO topic for one without order",
    yaml: topic("{overrides: {aws: {fifo: {throughputPer: Topic}}}}"),
    message:
      "spec.overrides.aws.fifo: Forbidden: only a topic with ordering PerKey is a FIFO topic: leave fifo out, or use ordering PerKey",
  },
  {
    what: "settings of a FIFO queue for one without order",
    yaml: queue("{overrides: {aws: {fifo: {deduplicateByContent: true}}}}"),
    message:
      "spec.overrides.aws.fifo: Forbidden: only a queue with ordering PerKey is a FIFO queue: leave fifo out, or use ordering PerKey",
  },
  {
    what: "deduplication in the whole queue at the throughput of keys",
    yaml: queue("{ordering: PerKey, overrides: {aws: {fifo: {deduplicateWithin: Queue}}}}"),
    message:
      "spec.overrides.aws.fifo.throughputPer: Invalid value: with deduplicateWithin Queue, SQS takes throughputPer Queue only",
  },
  {
    what: "a place for messages that a queue doesn't hold",
    yaml: queue(
      "{subscribeTo: {topicRef: {name: news}}, overrides: {gcp: {messageStorage: {regions: [europe-west1]}}}}",
    ),
    message:
      "spec.overrides.gcp.messageStorage: Forbidden: a queue that subscribes has no messages of its own: set overrides.gcp.messageStorage of the Topic",
  },
  {
    what: "two indexes of one name",
    yaml: table(
      `{${KEY}, indexes: [{name: abc, partitionKey: {name: a, type: String}}, {name: abc, partitionKey: {name: b, type: String}}]}`,
    ),
    message: 'spec.indexes[1]: Duplicate value: {"name":"abc"}',
  },
  {
    what: "an access that the kind doesn't have",
    yaml: identity("{serviceAccountRef: {name: sa}, grants: [{kind: Queue, name: orders, access: Read}]}"),
    message: "spec.grants[0].access: Invalid value: access to a Queue is one of Consume, Produce",
  },
  {
    what: "an access to a Workflow that it doesn't have",
    yaml: identity("{serviceAccountRef: {name: sa}, grants: [{kind: Workflow, name: fulfil, access: Read}]}"),
    message: "spec.grants[0].access: Invalid value: access to a Workflow is one of Start",
  },
  {
    what: "the account of another cloud",
    yaml: environment(`{${AWS}, account: my-project}`),
    message: "spec.account: Invalid value: account must be the 12 digits of an AWS account, in quotes",
  },
  {
    what: "a zone as region",
    yaml: environment('{cloud: aws, region: us-east-1a, account: "123456789012", clusterName: c}'),
    message:
      'spec.region: Invalid value: "us-east-1a": region must be the name of a region, such as us-east-1 on AWS or us-central1 on GCP; zones and multi-regions are none',
  },
  {
    what: "AWS settings on another cloud",
    yaml: environment(
      "{cloud: gcp, region: us-central1, clusterName: c, account: my-project, aws: {permissionsBoundary: 'arn:aws:iam::123456789012:policy/b'}}",
    ),
    message:
      "spec.aws: Invalid value: aws is for an Environment on AWS; Google Cloud has no permissions boundaries: leave it out",
  },
  {
    what: "a boundary that is no policy",
    yaml: environment(
      `{${AWS}, account: "123456789012", aws: {permissionsBoundary: "arn:aws:iam::123456789012:role/b"}}`,
    ),
    message:
      'spec.aws.permissionsBoundary: Invalid value: "arn:aws:iam::123456789012:role/b": permissionsBoundary must be the ARN of an IAM policy: arn:aws:iam::ACCOUNT:policy/NAME',
  },
  {
    what: "credentials of two kinds",
    yaml: environment(acting(`secretRef: {namespace: t, name: s}, ${ROLE}`)),
    message: "spec.credentials: Invalid value: give exactly one of secretRef, serviceAccountRef",
  },
  {
    what: "no credentials at all",
    yaml: environment(`{${AWS}, account: "123456789012", credentials: {}}`),
    message: "spec.credentials: Invalid value: give exactly one of secretRef, serviceAccountRef",
  },
  {
    what: "a role for credentials of a Secret",
    yaml: environment(`{${AWS}, account: "123456789012", credentials: {secretRef: {namespace: t, name: s}, ${ROLE}}}`),
    message:
      "spec.credentials.aws: Invalid value: aws says what tokens of a ServiceAccount are exchanged for: it goes with serviceAccountRef",
  },
  {
    what: "a ServiceAccount without a role",
    yaml: environment(acting("")),
    message:
      "spec.credentials.aws: Required value: credentials.serviceAccountRef needs credentials.aws.roleArn: the role that the ServiceAccount assumes",
  },
  {
    what: "a role of another account",
    yaml: environment(acting("aws: {roleArn: 'arn:aws:iam::210987654321:role/t'}")),
    message:
      "spec.credentials.aws.roleArn: Invalid value: credentials.aws.roleArn must be a role of the account that spec.account names",
  },
  {
    what: "a role that is a policy",
    yaml: environment(acting("aws: {roleArn: 'arn:aws:iam::123456789012:policy/t'}")),
    message:
      'spec.credentials.aws.roleArn: Invalid value: "arn:aws:iam::123456789012:policy/t": roleArn must be the ARN of an IAM role: arn:aws:iam::ACCOUNT:role/NAME',
  },
  {
    what: "a ServiceAccount of a namespace that is not served",
    yaml: environment(acting(ROLE, "[other]")),
    message: `spec.credentials.serviceAccountRef.namespace: Invalid value: ${SERVES}`,
  },
  {
    what: "a ServiceAccount where all namespaces are served",
    yaml: environment(acting(ROLE).replace("namespaces: [t], ", "")),
    message: `spec.credentials.serviceAccountRef.namespace: Invalid value: ${SERVES}`,
  },
  {
    what: "what tokens are exchanged for on AWS, on Google Cloud",
    yaml: environment(onGoogle(`${ROLE.replaceAll("123456789012", "000000000000")}, ${IMPERSONATED}`)),
    message:
      "spec.credentials.aws: Invalid value: credentials.aws is for an Environment on AWS; on Google Cloud give credentials.gcp",
  },
  {
    what: "what tokens are exchanged for on Google Cloud, on AWS",
    yaml: environment(acting(`${ROLE}, ${IMPERSONATED}`)),
    message:
      "spec.credentials.gcp: Invalid value: credentials.gcp is for an Environment on Google Cloud; on AWS give credentials.aws",
  },
  {
    what: "a ServiceAccount without a service account",
    yaml: environment(onGoogle("")),
    message:
      "spec.credentials.gcp: Required value: credentials.serviceAccountRef needs credentials.gcp: the provider that takes the ServiceAccount's tokens, and the service account that is impersonated",
  },
  {
    what: "a service account of another project",
    yaml: environment(onGoogle(IMPERSONATED.replace("@my-project.", "@their-my-project."))),
    message:
      "spec.credentials.gcp.serviceAccount: Invalid value: credentials.gcp.serviceAccount must be a service account of the project that spec.account names",
  },
  {
    what: "a provider by the project's id",
    yaml: environment(onGoogle(IMPERSONATED.replace("projects/42/", "projects/my-project/"))),
    message:
      'spec.credentials.gcp.workloadIdentityProvider: Invalid value: "projects/my-project/locations/global/workloadIdentityPools/clusters/providers/prod": workloadIdentityProvider must be projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER, with the project\'s number',
  },
  {
    what: "IRSA without an issuer",
    yaml: environment(`{${AWS}, account: "123456789012", workloadIdentity: Irsa}`),
    message:
      "spec.oidcIssuer: Required value: workloadIdentity: Irsa needs oidcIssuer: the OpenID Connect provider URL of the EKS cluster",
  },

  // Services
  {
    what: "an API without health checks",
    yaml: service("{image: a, ports: [{name: http, port: 8080}]}"),
    message:
      "spec.health: Required value: a service with ports needs health.liveness and health.readiness; if it can have none, health.none must say why",
  },
  {
    what: "a probe of two forms",
    yaml: service("{image: a, health: {liveness: {http: {path: /, port: 80}, tcp: {port: 80}}}}"),
    message: "spec.health.liveness: Invalid value: give exactly one of http, tcp, exec",
  },
  {
    what: "health checks beside a reason for none",
    yaml: service(`{image: a, health: {none: it is a demo, liveness: ${PROBE}}}`),
    message:
      "spec.health.none: Forbidden: health.none says that there are no checks, so startup, liveness and readiness can't be given",
  },
  {
    what: "a binding to two things",
    yaml: service("{image: a, bindings: [{queue: q, table: t, access: Read}]}"),
    message: `spec.bindings[0]: Invalid value: give exactly one of ${Object.keys(BINDABLE).join(", ")}`,
  },
  {
    what: "copies of a bucket without versions",
    yaml: bucket("{replicateTo: {bucketRef: {name: b}}}"),
    message:
      "spec.versioning: Invalid value: replicateTo needs versioning: true, here and where the copies go: S3 copies nothing without",
  },
  {
    what: "a bucket that is copied to itself",
    yaml: bucket("{versioning: true, replicateTo: {bucketRef: {name: bad}}}"),
    message: "spec.replicateTo.bucketRef.name: Invalid value: a Bucket isn't copied to itself: name another one",
  },
  {
    what: "a prefix of copies that no job takes",
    yaml: bucket("{versioning: true, replicateTo: {bucketRef: {name: b}, prefix: /a}}"),
    message: 'spec.replicateTo.prefix: Invalid value: "/a": a prefix of what is copied must not begin with /',
  },
  {
    what: "a deliverer that is no account",
    yaml: delivered("aws", "{account: '12345678901'}"),
    message:
      'spec.overrides.aws.deliverers[0].account: Invalid value: "12345678901": an account must be the 12 digits of an AWS account',
  },
  {
    what: "a deliverer that is no service account",
    yaml: delivered("gcp", "{serviceAccount: eve@example.com}"),
    message:
      'spec.overrides.gcp.deliverers[0].serviceAccount: Invalid value: "eve@example.com": serviceAccount must be the e-mail of a service account, such as name@project.iam.gserviceaccount.com',
  },
  ...(["/reports", "re*", "$x", "a b", "a'b"] as const).flatMap((prefix) =>
    (
      [
        ["aws", "account: '123456789012'"],
        ["gcp", "serviceAccount: a@p.iam.gserviceaccount.com"],
      ] as const
    ).map(([cloud, who]) => ({
      what: `a deliverer on ${cloud} under ${prefix}`,
      yaml: delivered(cloud, `{${who}, prefix: "${prefix}"}`),
      message: `spec.overrides.${cloud}.deliverers[0].prefix: Invalid value: "${prefix}": the prefix of what is delivered must be of a-z, A-Z, 0-9, '_', '.', '=', '-' and '/', and must not begin with /`,
    })),
  ),
  {
    what: "a deliverer twice",
    yaml: delivered("aws", "{account: '123456789012'}, {account: '123456789012', prefix: a/}"),
    message: 'spec.overrides.aws.deliverers[1]: Duplicate value: {"account":"123456789012"}',
  },
  {
    what: "seventeen deliverers",
    yaml: delivered("aws", Array.from({ length: 17 }, (_, n) => `{account: '${123456789012 + n}'}`).join(", ")),
    message: "spec.overrides.aws.deliverers: Too many: 17: must have at most 16 items",
  },
  {
    what: "an access that a bucket has not",
    yaml: service("{image: a, bindings: [{bucket: b, access: Consume}]}"),
    message: "spec.bindings[0].access: Invalid value: access to a bucket is one of Read, Write, ReadWrite",
  },
  {
    what: "an access that a workflow has not",
    yaml: service("{image: a, bindings: [{workflow: w, access: Consume}]}"),
    message: "spec.bindings[0].access: Invalid value: access to a workflow is one of Start",
  },
  {
    what: "the same binding twice",
    yaml: service("{image: a, bindings: [{queue: q, access: Consume}, {queue: q, access: Consume}]}"),
    message: "spec.bindings: Invalid value: bindings has the same entry twice",
  },
  {
    what: "scaling by a queue that isn't bound",
    yaml: service("{image: a, scaling: {min: 1, max: 2, queueBacklog: {queue: q, perReplica: 5}}}"),
    message:
      "spec.scaling.queueBacklog.queue: Invalid value: scaling.queueBacklog.queue must be a queue of bindings with access: Consume",
  },
  {
    what: "fewer replicas at most than at least",
    yaml: service("{image: a, resources: {requests: {cpu: 1}}, scaling: {min: 3, max: 2, cpu: 70}}"),
    message: "spec.scaling.max: Invalid value: max must not be below min",
  },
  {
    what: "zero replicas without a queue to wake up for",
    yaml: service("{image: a, resources: {requests: {cpu: 1}}, scaling: {min: 1, max: 2, cpu: 70, toZero: true}}"),
    message:
      "spec.scaling.toZero: Invalid value: toZero needs queueBacklog: processors and memory can't wake up what doesn't run",
  },
  {
    what: "a CronJob without a schedule",
    yaml: service("{image: a, workload: CronJob}"),
    message: "spec.schedule: Invalid value: workload CronJob needs schedule, and no other workload has one",
  },
  {
    what: "a cron expression of six fields",
    yaml: service('{image: a, workload: CronJob, schedule: {cron: "0 0 2 * * *"}}'),
    message:
      'spec.schedule.cron: Invalid value: "0 0 2 * * *": cron must have five fields: minute, hour, day of month, month, day of week',
  },

  // Changes that can't be
  {
    what: "another ordering",
    first: queue("{}"),
    yaml: queue("{ordering: PerKey}"),
    message:
      "spec.ordering: Forbidden: ordering can't be changed: neither cloud can change it on a queue that exists; make a new queue and drain the old one",
  },
  {
    what: "another key",
    first: table(`{${KEY}}`),
    yaml: table("{partitionKey: {name: other, type: String}}"),
    message:
      "spec.partitionKey: Forbidden: partitionKey can't be changed: no cloud can change the keys of a table; make a new table and copy the items",
  },
  {
    what: "a sort key for a table that has none",
    first: table(`{${KEY}}`),
    yaml: table(`{${KEY}, sortKey: {name: at, type: Number}}`),
    message:
      "spec.sortKey: Forbidden: sortKey can't be changed: no cloud can change the keys of a table; make a new table and copy the items",
  },
  {
    what: "another external name",
    first: queue("{externalName: here}"),
    yaml: queue("{externalName: there}"),
    message:
      "spec.externalName: Forbidden: externalName can't be changed once it is set: it is the identity of a resource in the cloud; make a new object instead",
  },
  {
    what: "another region",
    first: environment(`{${AWS}, account: "123456789012"}`),
    yaml: environment('{cloud: aws, region: eu-west-1, clusterName: c, account: "123456789012"}'),
    message:
      "spec.region: Forbidden: region can't be changed: everything that stands in this Environment is there; make a new one",
  },
  {
    what: "another ServiceAccount",
    first: identity("{serviceAccountRef: {name: one}}"),
    yaml: identity("{serviceAccountRef: {name: two}}"),
    message:
      "spec.serviceAccountRef: Forbidden: serviceAccountRef can't be changed: it says whose identity this is; make a new WorkloadIdentity instead",
  },

  // EventRule
  {
    what: "a schedule that is none",
    yaml: rule("{cron: '@daily'}"),
    message: `spec.schedule.cron: Invalid value: "@daily": ${CRON_SAYS}`,
  },
  {
    what: "both kinds of day",
    yaml: rule("{cron: 0 6 1 * MON}"),
    message: `spec.schedule.cron: Invalid value: "0 6 1 * MON": ${ONE_KIND_OF_DAY_SAYS}`,
  },
  {
    what: "no target",
    yaml: rule("{cron: 0 6 * * *}", "target: {}"),
    message: "spec.target: Invalid value: give exactly one of queueRef, topicRef, workflowRef",
  },
  {
    what: "two targets",
    yaml: rule("{cron: 0 6 * * *}", "target: {queueRef: {name: q}, topicRef: {name: t}}"),
    message: "spec.target: Invalid value: give exactly one of queueRef, topicRef, workflowRef",
  },
  {
    what: "a workflow by name and by id",
    yaml: rule("{cron: 0 6 * * *}", "target: {workflowRef: {name: w, external: projects/p/locations/l/workflows/w}}"),
    message: "spec.target.workflowRef: Invalid value: give exactly one of name, external",
  },
  {
    what: "a workflow by no id of one",
    yaml: rule("{cron: 0 6 * * *}", "target: {workflowRef: {external: daily}}"),
    message: `spec.target.workflowRef.external: Invalid value: "daily": ${WORKFLOW_ID_SAYS}`,
  },
  {
    what: "more input than a workflow takes",
    yaml: rule(
      "{cron: 0 6 * * *}",
      `target: {workflowRef: {external: projects/p/locations/l/workflows/w}}, input: '"${"x".repeat(32_767)}"'`,
    ),
    message:
      "spec.input: Invalid value: input has at most 32768 characters where a workflow is started: Workflows on GCP takes no more",
  },
  {
    what: "what AWS would replace",
    yaml: rule(
      "{cron: 0 6 * * *}",
      'target: {queueRef: {name: q}}, input: \'{"at": "<aws.scheduler.scheduled-time>"}\'',
    ),
    message:
      "spec.input: Invalid value: input must not contain '<aws.scheduler.': AWS would put a value in its place, and GCP would not",
  },

  // Workflow
  {
    what: "a log for days that CloudWatch doesn't have",
    yaml: object("Workflow", "{definition: {do: []}, overrides: {aws: {logRetentionDays: 2}}}"),
    message: `spec.overrides.aws.logRetentionDays: Invalid value: 2: ${LOG_RETENTION_SAYS}`,
  },
  {
    what: "no definition",
    yaml: object("Workflow", "{}"),
    message: "spec.definition: Required value",
  },
];
