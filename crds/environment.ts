import { z } from "zod";
import { boundaryArn } from "./aws-arn.ts";
import { ageColumn, readyColumn, whyColumns } from "./columns.ts";
import { conditions } from "./conditions.ts";
import type { ObjectOf, SpecOf, StatusOf } from "./define.ts";
import { defineKind } from "./define.ts";
import { deletionPolicy } from "./leaf.ts";
import { exactlyOne, immutable, type Rule, withRules } from "./rules.ts";
import { tags } from "./tags.ts";
import { formed, label, map, mapList, objectName, set, text } from "./text.ts";

const serviceName = {
  key: /^[a-z][a-z0-9-]{0,31}$/,
  maxProperties: 32,
};

const clusterName = () =>
  formed(
    /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
    100,
    "must be the name of a cluster: a letter or digit, then letters, digits, '_' and '-'",
  );

const roleArn = () =>
  formed(
    /^arn:[a-z-]+:iam::[0-9]{12}:role\/[A-Za-z0-9+=,.@_/-]+$/,
    512,
    "roleArn must be the ARN of an IAM role: arn:aws:iam::ACCOUNT:role/NAME",
  );

const workloadIdentityProvider = () =>
  formed(
    /^projects\/[0-9]+\/locations\/global\/workloadIdentityPools\/[a-z0-9-]{4,32}\/providers\/[a-z0-9-]{4,32}$/,
    256,
    "workloadIdentityProvider must be projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER, with the project's number",
  );

const serviceAccountEmail = () =>
  formed(
    /^[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z0-9.-]+\.iam\.gserviceaccount\.com$/,
    128,
    "serviceAccount must be the email of a service account: NAME@PROJECT.iam.gserviceaccount.com",
  );

const onlyWithServiceAccount = (field: string): Rule => ({
  rule: `!has(self.${field}) || has(self.serviceAccountRef)`,
  message: `${field} says what tokens of a ServiceAccount are exchanged for: it goes with serviceAccountRef`,
  fieldPath: `.${field}`,
});

/** CEL: that the operator acts as a ServiceAccount. */
const ACTS = "(has(self.credentials) && has(self.credentials.serviceAccountRef))";
/** CEL: the project as emails have it. One of a domain, `example.com:p`, has the domain last. */
const PROJECT =
  "(self.account.contains(':') ? self.account.substring(self.account.indexOf(':') + 1) + '.' + self.account.substring(0, self.account.indexOf(':')) : self.account)";

const tenancyTable = () =>
  z.strictObject({
    name: objectName().describe("Name of the Table."),
    sort: text(255).optional().describe("The sort key of every row, where the Table has one."),
  });

const spec = withRules(
  z.strictObject({
    cloud: z.enum(["aws", "gcp"]).describe("The cloud that this cluster stands in. It can't be changed."),
    region: formed(
      /^[a-z]+(-[a-z]+)+-?[0-9]+$/,
      63,
      "region must be the name of a region, such as us-east-1 on AWS or us-central1 on GCP; zones and multi-regions are none",
    ).describe("Region of everything that is made. It can't be changed."),
    account: z
      .string()
      .min(1)
      .max(63)
      .describe("AWS: the account's 12 digits, in quotes. GCP: the project id. It can't be changed."),
    clusterName: clusterName().describe(
      "Name of the cluster, as EKS or GKE knows it. Resources in the cloud are marked with it.",
    ),
    oidcIssuer: formed(/^https:\/\/[^\s?#]+$/, 255, "oidcIssuer must be an https:// URL")
      .optional()
      .describe("Issuer of the cluster's ServiceAccount tokens. Needed for workloadIdentity: Irsa."),
    workloadIdentity: z
      .enum(["Native", "Irsa"])
      .default("Native")
      .describe(
        "How pods get their cloud identity. Native: EKS Pod Identity, or Workload Identity Federation for GKE. Irsa: IAM roles for service accounts, on AWS.",
      ),
    aws: z
      .strictObject({
        permissionsBoundary: boundaryArn()
          .optional()
          .describe(
            "ARN of the IAM policy that bounds every role that is made: those of workloads and those of schedules. Roles that stand already get it too.",
          ),
      })
      .optional()
      .describe("What only AWS has."),
    credentials: withRules(
      z.strictObject({
        secretRef: z
          .strictObject({
            namespace: label().describe("Its namespace."),
            name: objectName().describe("Its name."),
          })
          .optional()
          .describe("A Secret with the keys that the cloud's SDK knows, such as AWS_ACCESS_KEY_ID. For development."),
        serviceAccountRef: z
          .strictObject({
            namespace: label().describe("Its namespace, one of spec.namespaces."),
            name: objectName().describe("Its name."),
            audience: text(256)
              .optional()
              .describe(
                "Who its tokens are for. Absent: sts.amazonaws.com on AWS, //iam.googleapis.com/ and the provider on Google Cloud.",
              ),
          })
          .optional()
          .describe(
            "A ServiceAccount that the operator acts as in the cloud, instead of as itself: the identity of a tenant.",
          ),
        aws: z
          .strictObject({
            roleArn: roleArn().describe("ARN of the IAM role that the ServiceAccount assumes. In spec.account."),
          })
          .optional()
          .describe("AWS: what the ServiceAccount's token is exchanged for."),
        gcp: z
          .strictObject({
            workloadIdentityProvider: workloadIdentityProvider().describe(
              "Name of the provider of a workload identity pool that trusts the cluster's tokens.",
            ),
            serviceAccount: serviceAccountEmail().describe(
              "Email of the Google service account that is impersonated. In the project spec.account.",
            ),
          })
          .optional()
          .describe("Google Cloud: what the ServiceAccount's token is exchanged for."),
      }),
      exactlyOne("secretRef", "serviceAccountRef"),
      onlyWithServiceAccount("aws"),
      onlyWithServiceAccount("gcp"),
    )
      .optional()
      .describe("Whom the operator acts as. Absent: its own workload identity."),
    endpoints: map(
      formed(/^https?:\/\/[^\s?#]+$/, 255, "an endpoint must be an http:// or https:// URL").describe("URL."),
      { ...serviceName, what: "keys of endpoints are names of cloud services, such as sqs, or default" },
    )
      .optional()
      .describe("Where to call the cloud's services: private endpoints, or emulators."),
    stage: z.enum(["dev", "qa", "prod"]).optional().describe("What the environment is for."),
    namePrefix: formed(
      /^[a-z][a-z0-9-]*$/,
      20,
      "namePrefix must be at most 20 characters of a-z, 0-9 and '-', and begin with a letter",
    )
      .optional()
      .describe("First part of every name in the cloud. Absent: the name of this object. It can't be changed."),
    imageRegistry: formed(
      /^[a-z0-9][a-z0-9.:-]*(\/[a-z0-9][a-z0-9._-]*)*$/,
      255,
      "imageRegistry must be a host and path without scheme and trailing slash, such as 123456789012.dkr.ecr.us-east-1.amazonaws.com",
    )
      .optional()
      .describe("Registry that images without a host are taken from."),
    defaultTags: tags().optional().describe("Tags that every resource gets; its own win."),
    defaultDeletionPolicies: map(deletionPolicy().describe("Policy."), {
      key: /^[A-Z][A-Za-z]{0,62}$/,
      what: "keys of defaultDeletionPolicies are kinds, such as Table",
      maxProperties: 32,
    })
      .optional()
      .describe("By kind: what happens in the cloud when an object is deleted that doesn't say so itself."),
    apiBudget: map(z.int().min(1).max(10_000).describe("Verbs a second: a look at an object, its making, a change."), {
      ...serviceName,
      what: "keys of apiBudget are names of cloud services, such as sqs, or default",
    })
      .optional()
      .describe(
        "By cloud service: the most verbs a second. A verb looks at an object, makes, changes or deletes it, by one call to the cloud or a few.",
      ),
    successorOf: set(clusterName().describe("Name of a cluster that is gone."), 16)
      .optional()
      .describe(
        "Clusters that were lost and whose resources this one takes over. Without it what another cluster made is refused.",
      ),
    namespaces: set(label().describe("Name of a namespace."), 256)
      .optional()
      .describe(
        "The namespaces whose objects may stand in it. Absent: all. What stands in it from another one stays as it is in the cloud, and is neither changed nor deleted.",
      ),
    tenancy: z
      .strictObject({
        namespace: label().describe(
          "The namespace of these tables, and of the blueprints that tenants are copied from.",
        ),
        tenantTable: tenancyTable()
          .optional()
          .describe("The Table with a row a tenant. Its partition key is the tenant's name."),
        ssoTable: tenancyTable()
          .optional()
          .describe("The Table with a row a domain: whose people are which tenant's. Its partition key is the domain."),
        auditTable: z
          .strictObject({ name: objectName().describe("Name of the Table.") })
          .optional()
          .describe(
            "The Table that a row stays in of each tenant that has left. Its partition key is the tenant's name, its sort key a text: the time.",
          ),
      })
      .optional()
      .describe("Where the platform keeps what it knows of its Tenants. Absent: nowhere."),
    default: z
      .boolean()
      .default(false)
      .describe("Objects that name no Environment stand in this one. One per cluster."),
  }),
  immutable("cloud", "everything that stands in this Environment is there; make a new one"),
  immutable("region", "everything that stands in this Environment is there; make a new one"),
  immutable("account", "everything that stands in this Environment is there; make a new one"),
  immutable("namePrefix", "the names of resources in the cloud are made of it; make a new Environment"),
  {
    rule: "self.cloud != 'aws' || self.account.matches('^[0-9]{12}$')",
    message: "account must be the 12 digits of an AWS account, in quotes",
    fieldPath: ".account",
  },
  {
    rule: "self.cloud != 'gcp' || self.account.matches('^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$')",
    message: "account must be the id of a GCP project: 6 to 30 characters of a-z, 0-9 and '-', beginning with a letter",
    fieldPath: ".account",
  },
  {
    rule: "self.cloud == 'aws' || !has(self.aws)",
    message: "aws is for an Environment on AWS; Google Cloud has no permissions boundaries: leave it out",
    fieldPath: ".aws",
  },
  {
    rule: "self.cloud == 'aws' || !has(self.credentials) || !has(self.credentials.aws)",
    message: "credentials.aws is for an Environment on AWS; on Google Cloud give credentials.gcp",
    fieldPath: ".credentials.aws",
  },
  {
    rule: "self.cloud == 'gcp' || !has(self.credentials) || !has(self.credentials.gcp)",
    message: "credentials.gcp is for an Environment on Google Cloud; on AWS give credentials.aws",
    fieldPath: ".credentials.gcp",
  },
  {
    rule: `self.cloud != 'aws' || !${ACTS} || has(self.credentials.aws)`,
    message: "credentials.serviceAccountRef needs credentials.aws.roleArn: the role that the ServiceAccount assumes",
    reason: "FieldValueRequired",
    fieldPath: ".credentials.aws",
  },
  {
    rule: `self.cloud != 'gcp' || !${ACTS} || has(self.credentials.gcp)`,
    message:
      "credentials.serviceAccountRef needs credentials.gcp: the provider that takes the ServiceAccount's tokens, and the service account that is impersonated",
    reason: "FieldValueRequired",
    fieldPath: ".credentials.gcp",
  },
  {
    rule: "self.cloud != 'aws' || !has(self.credentials) || !has(self.credentials.aws) || self.credentials.aws.roleArn.contains(':iam::' + self.account + ':')",
    message: "credentials.aws.roleArn must be a role of the account that spec.account names",
    fieldPath: ".credentials.aws.roleArn",
  },
  {
    rule: `self.cloud != 'gcp' || !has(self.credentials) || !has(self.credentials.gcp) || self.credentials.gcp.serviceAccount.endsWith('@' + ${PROJECT} + '.iam.gserviceaccount.com')`,
    message: "credentials.gcp.serviceAccount must be a service account of the project that spec.account names",
    fieldPath: ".credentials.gcp.serviceAccount",
  },
  {
    rule: `!${ACTS} || (has(self.namespaces) && self.credentials.serviceAccountRef.namespace in self.namespaces)`,
    message:
      "credentials.serviceAccountRef must be of a namespace that spec.namespaces lists: whose identity it is must be whom the Environment serves, and nobody else",
    fieldPath: ".credentials.serviceAccountRef.namespace",
  },
  {
    rule: "self.cloud == 'aws' || self.workloadIdentity != 'Irsa'",
    message: "workloadIdentity: Irsa is for AWS; on GCP use Native",
    fieldPath: ".workloadIdentity",
  },
  {
    rule: "self.workloadIdentity != 'Irsa' || has(self.oidcIssuer)",
    message: "workloadIdentity: Irsa needs oidcIssuer: the OpenID Connect provider URL of the EKS cluster",
    reason: "FieldValueRequired",
    fieldPath: ".oidcIssuer",
  },
);

const count = (what: string) => z.int().min(0).optional().describe(what);

const status = z.strictObject({
  observedGeneration: z.int().min(0).optional().describe("The generation of spec that this status speaks of."),
  conditions: conditions().optional(),
  account: z.string().max(63).optional().describe("AWS account or GCP project that the cloud says we are in."),
  accountNumber: z.string().max(63).optional().describe("GCP: number of the project."),
  principal: z.string().max(2048).optional().describe("Who we are in the cloud: ARN or service account."),
  counts: z
    .strictObject({
      managed: count("All of them."),
      ready: count("Those that are ready."),
      failed: count("Those that need a person."),
      disabled: count("Those that are switched off."),
    })
    .optional()
    .describe("How many objects stand in this Environment."),
  cost: z
    .strictObject({
      monthlyEstimate: text(64).describe("With the currency: 12.40 USD."),
    })
    .optional()
    .describe("What the objects in it cost a month by list prices, whether they are used or not: the sum of theirs."),
  apiBudget: mapList(
    z.strictObject({
      service: text(63).describe("The cloud service, such as sqs."),
      perSecond: z.int().min(1).describe("The most verbs a second."),
      use: z
        .enum(["Low", "High", "Waiting", "Throttled"])
        .describe(
          "High: half of a minute's budget or more was used. Waiting: objects waited for it for a second or more. Throttled: the cloud asked us to slow down.",
        ),
    }),
    64,
    "service",
  )
    .optional()
    .describe(
      "Cloud services that much was asked of in the last minute, looked at once a minute. Those that were not are left out.",
    ),
  lastHandledReconcileAt: z
    .string()
    .max(256)
    .optional()
    .describe("Value of the annotation onyx.onelens.io/reconcile-requested-at that was last acted on."),
});

export const environment = defineKind({
  kind: "Environment",
  plural: "environments",
  shortNames: ["oxenv"],
  scope: "Cluster",
  role: "platform",
  maxNameLength: 40,
  doc: `Where a cluster stands: its cloud, region and account, and what holds for everything that is made there.

It is the one object that differs between clusters: all others are the same YAML on EKS and on GKE.`,
  spec,
  status,
  columns: [
    readyColumn,
    { name: "Cloud", type: "string", jsonPath: ".spec.cloud", description: "Its cloud." },
    { name: "Region", type: "string", jsonPath: ".spec.region", description: "Its region." },
    { name: "Stage", type: "string", jsonPath: ".spec.stage", description: "What it is for." },
    { name: "Managed", type: "integer", jsonPath: ".status.counts.managed", description: "Objects that stand in it." },
    { name: "Failed", type: "integer", jsonPath: ".status.counts.failed", description: "Those that need a person." },
    ageColumn,
    ...whyColumns,
    {
      name: "Cost/Mo",
      type: "string",
      jsonPath: ".status.cost.monthlyEstimate",
      description: "What the objects in it cost a month whether they are used or not.",
      priority: 1,
    },
    { name: "Account", type: "string", jsonPath: ".spec.account", description: "Account or project.", priority: 1 },
    { name: "Default", type: "boolean", jsonPath: ".spec.default", description: "The cluster's default.", priority: 1 },
    { name: "Principal", type: "string", jsonPath: ".status.principal", description: "Who we are there.", priority: 1 },
  ],
  selectableFields: [".spec.cloud", ".spec.region", ".spec.stage", ".spec.default"],
});

export type EnvironmentSpec = SpecOf<typeof environment>;
export type EnvironmentStatus = StatusOf<typeof environment>;
export type EnvironmentObject = ObjectOf<typeof environment>;
