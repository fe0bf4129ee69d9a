import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { installCharts } from "../../hack/platform/chart.ts";
import { OPERATOR_NAME, OPERATOR_NAMESPACE } from "../../hack/platform/operator.ts";
import { type Cluster, startCluster, waitUntil } from "../../hack/testbed/index.ts";
import { applyTo, ours } from "../support/managed.ts";

/** What a tenant's people can do, tried as themselves: by RBAC, and by the chart's admission policies. */
let cluster: Cluster;

const LABEL = "onyx.onelens.io";
const ACME = "tenant-acme";
const PEOPLE = {
  owner: { user: "ann", group: "acme" },
  viewer: { user: "vic", group: "acme-viewers" },
  platform: { user: "pat", group: "platform" },
} as const;
type Person = keyof typeof PEOPLE;

const namespace = (name: string, tenant: string, more: Readonly<Record<string, string>> = {}) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: {
    name,
    labels: { [`${LABEL}/tenant`]: tenant, [`${LABEL}/environment`]: "prod", ...more },
  },
});
const binding = (kind: string, name: string, role: string, group: string, within?: string) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: within ? "RoleBinding" : "ClusterRoleBinding",
  metadata: { name, ...(within ? { namespace: within } : {}) },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: role },
  subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: group }],
});

beforeAll(async () => {
  cluster = await startCluster({ name: "tenancy", parts: ["controllers"] });
  await installCharts(cluster, []);
  const fences = [ACME, "tenant-other", "tenant-held", "tenant-own"];
  await applyTo(
    cluster,
    namespace(ACME, "acme"),
    namespace("tenant-other", "other"),
    namespace("tenant-held", "held", { [`${LABEL}/cordoned`]: "true" }),
    namespace("tenant-own", "own", { [`${LABEL}/node-pool`]: "own" }),
    binding("ClusterRole", "platform-tenants", "onyx-tenants-admin", "platform"),
    binding("ClusterRole", "platform-edit", "cluster-admin", "platform", ACME),
    ...["tenant-held", "tenant-own", ACME].flatMap((within) => [
      binding("ClusterRole", "owners", "onyx-tenant-owner", "acme", within),
      binding("ClusterRole", "viewers", "onyx-tenant-viewer", "acme-viewers", within),
    ]),
  );
  // The ServiceAccount of a namespace is made a moment later, and pods need it.
  await Promise.all(
    fences.map((within) =>
      waitUntil(
        async () =>
          (await cluster.kubectl(["get", "serviceaccount/default", `-n=${within}`, "--ignore-not-found"])) !== "",
        { what: `The ServiceAccount of ${within}`, timeoutMs: 30_000 },
      ),
    ),
  );
  // Policies work a moment after they are made.
  await waitUntil(async () => /Forbidden|forbidden/.test(await tried("owner", queue({ externalName: "x" }))), {
    what: "The chart's policies",
    timeoutMs: 60_000,
    everyMs: 250,
  });
}, 300_000);

afterAll(() => cluster?.stop());

const as = (person: Person) => [`--as=${PEOPLE[person].user}`, `--as-group=${PEOPLE[person].group}`];
/** Makes an object without keeping it. @returns "taken", or why not */
const tried = (person: Person, object: object): Promise<string> =>
  cluster.kubectl(["create", "--dry-run=server", "-f=-", ...as(person)], stringify(object)).then(
    () => "taken",
    (error: Error) => error.message,
  );
const queue = (spec: object, within = ACME) => ours("Queue", "jobs", spec, within);
const ref = (external: string) => ({ external });
const callerOf = (cidr: string) =>
  ours("OnyxService", "web", { image: "a:1", health: { none: "x" }, network: { allowTo: [{ cidr }] } }, ACME);
const pod = (within: string, spec: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "pod", namespace: within },
  spec: { containers: [{ name: "app", image: "app:1" }], ...spec },
});
const service = (spec: object) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", namespace: ACME },
  spec: { ports: [{ port: 80 }], ...spec },
});

describe("RBAC", () => {
  const can = async (person: Person, verb: string, resource: string, within: string | undefined) =>
    (await cluster
      .kubectl(["auth", "can-i", verb, resource, ...(within ? [`-n=${within}`] : []), ...as(person)])
      .catch((error: Error) => error.message)) as string;

  test.each([
    ["create", "queues.onyx.onelens.io"],
    ["delete", "onyxservices.onyx.onelens.io"],
    ["update", "deployments.apps"],
    ["patch", "onyxservices.onyx.onelens.io/scale"],
    ["get", "secrets"],
    ["get", "pods/log"],
    ["list", "resourcequotas"],
    ["list", "networkpolicies.networking.k8s.io"],
  ])("an owner can %s %s in its own namespace, and nowhere else", async (verb, resource) => {
    expect(await can("owner", verb, resource, ACME)).toMatch(/^yes/);
    for (const within of ["tenant-other", "onyx-system", "default"])
      expect(await can("owner", verb, resource, within), within).not.toMatch(/^yes/);
  });

  test.each([
    ["create", "networkpolicies.networking.k8s.io"],
    ["delete", "networkpolicies.networking.k8s.io"],
    ["update", "resourcequotas"],
    ["update", "limitranges"],
    ["create", "rolebindings.rbac.authorization.k8s.io"],
    ["create", "roles.rbac.authorization.k8s.io"],
    ["create", "serviceaccounts/token"],
    ["impersonate", "serviceaccounts"],
    ["create", "pods/exec"],
    ["create", "pods"],
    ["update", "endpointslices.discovery.k8s.io"],
    ["update", "namespaces"],
    ["get", "tenants.onyx.onelens.io"],
    ["update", "tenants.onyx.onelens.io"],
    ["get", "environments.onyx.onelens.io"],
    ["list", "nodes"],
    ["create", "scaledobjects.keda.sh"],
  ])("an owner can't %s %s, not even in its own namespace", async (verb, resource) => {
    expect(await can("owner", verb, resource, ACME)).not.toMatch(/^yes/);
  });

  test.each([
    ["get", "queues.onyx.onelens.io", true],
    ["get", "pods/log", true],
    ["get", "secrets", false],
    ["create", "queues.onyx.onelens.io", false],
    ["delete", "pods", false],
    ["update", "deployments.apps", false],
  ])("whether a viewer can %s %s: %s", async (verb, resource, expected) => {
    expect(/^yes/.test(await can("viewer", verb, resource, ACME))).toBe(expected);
  });
});

describe("objects of ours in a tenant's namespace", () => {
  test.each([
    ["a Queue", queue({})],
    ["a Queue in the tenant's Environment", queue({ environmentRef: { name: "prod" } })],
    [
      "a Queue whose dead letters stay in the namespace",
      queue({ deadLetter: { queueRef: { name: "dlq" }, maxReceives: 5 } }),
    ],
    ["a service that calls a small range", callerOf("10.1.0.0/16")],
  ])("are taken: %s", async (_, object) => {
    expect(await tried("owner", object)).toBe("taken");
  });

  test.each([
    [
      "another's name in the cloud",
      queue({ externalName: "prod-tenant-other-jobs" }),
      /spec\.externalName: in a tenant's namespace it can't be given/,
    ],
    [
      "what is there already",
      queue({ adoptionPolicy: "AdoptOrCreate" }),
      /spec\.adoptionPolicy: in a tenant's namespace nothing/,
    ],
    [
      "another Environment",
      queue({ environmentRef: { name: "other" } }),
      /spec\.environmentRef: in this namespace it can only be prod/,
    ],
    [
      "another's queue for dead letters",
      queue({ deadLetter: { queueRef: ref("arn:aws:sqs:us-east-1:000000000000:theirs"), maxReceives: 5 } }),
      /spec\.deadLetter\.queueRef\.external/,
    ],
    [
      "another's key",
      queue({ encryption: { keyRef: ref("arn:aws:kms:us-east-1:000000000000:key/x") } }),
      /spec\.encryption\.keyRef\.external/,
    ],
    [
      "another's topic",
      queue({ subscribeTo: { topicRef: ref("arn:aws:sns:us-east-1:000000000000:theirs") } }),
      /spec\.subscribeTo\.topicRef\.external/,
    ],
    [
      "another's bucket",
      ours("Bucket", "b", { versioning: true, replicateTo: { bucketRef: ref("theirs") } }, ACME),
      /spec\.replicateTo\.bucketRef\.external/,
    ],
    [
      "another's topic, in a list",
      ours(
        "Bucket",
        "b",
        { notifications: [{ name: "told", events: ["ObjectCreated"], topicRef: ref("theirs") }] },
        ACME,
      ),
      /spec\.notifications\[\]\.topicRef\.external/,
    ],
    [
      "another's workflow",
      ours(
        "EventRule",
        "e",
        {
          schedule: { cron: "0 3 * * *" },
          target: { workflowRef: ref("arn:aws:states:us-east-1:000000000000:stateMachine:theirs") },
        },
        ACME,
      ),
      /spec\.target\.workflowRef\.external/,
    ],
    [
      "a boundary of its own",
      ours(
        "WorkloadIdentity",
        "w",
        {
          serviceAccountRef: { name: "default" },
          overrides: { aws: { permissionsBoundary: "arn:aws:iam::000000000000:policy/all" } },
        },
        ACME,
      ),
      /spec\.overrides\.aws\.permissionsBoundary/,
    ],
    [
      "the machine's credentials",
      callerOf("169.254.169.254/32"),
      /can't hold the addresses at which machines tell their credentials/,
    ],
    [
      "the machine's credentials, among everything",
      callerOf("0.0.0.0/0"),
      /can't hold the addresses at which machines tell their credentials/,
    ],
  ])("can't name %s", async (_, object, message) => {
    expect(await tried("owner", object)).toMatch(message);
    expect(await tried("platform", object)).toBe("taken");
  });

  test("that the platform gave such a field can be changed otherwise, and not in that field", async () => {
    await cluster.kubectl(
      ["create", "-f=-", ...as("platform")],
      stringify(queue({ adoptionPolicy: "Adopt", externalName: "given" })),
    );
    const patch = (spec: object) =>
      cluster
        .kubectl([
          "patch",
          "queues.onyx.onelens.io/jobs",
          `-n=${ACME}`,
          "--type=merge",
          `--patch=${JSON.stringify({ spec })}`,
          ...as("owner"),
        ])
        .then(
          () => "taken",
          (error: Error) => error.message,
        );
    expect(await patch({ processingTimeout: "2m" })).toBe("taken");
    expect(await patch({ adoptionPolicy: "AdoptOrCreate" })).toMatch(/spec\.adoptionPolicy/);
  });
});

describe("Services", () => {
  test.each([
    ["ClusterIP", {}, "taken"],
    ["NodePort", { type: "NodePort" }, /spec\.type/],
    ["LoadBalancer", { type: "LoadBalancer" }, /spec\.type/],
    ["ExternalName", { type: "ExternalName", externalName: "metadata.google.internal" }, /spec\.type/],
    ["externalIPs", { externalIPs: ["192.0.2.1"] }, /spec\.externalIPs/],
  ])("%s", async (_, spec, expected) => {
    expect(await tried("owner", service(spec))).toMatch(expected);
  });
});

describe("a cordoned tenant", () => {
  test.each([
    ["Queue", queue({}, "tenant-held")],
    ["Service", { ...service({}), metadata: { name: "web", namespace: "tenant-held" } }],
    [
      "Deployment",
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "web", namespace: "tenant-held" },
        spec: {
          selector: { matchLabels: { a: "b" } },
          template: { metadata: { labels: { a: "b" } }, spec: pod("x").spec },
        },
      },
    ],
  ])("gets no new %s", async (_, object) => {
    expect(await tried("owner", object)).toMatch(/The tenant is cordoned .*: nothing new can be made/);
  });

  test("can change what is there, and its pods go on", async () => {
    const at = ["-n=tenant-held"];
    await cluster.kubectl(["label", "namespace/tenant-held", `${LABEL}/cordoned-`]);
    await waitUntil(async () => (await tried("owner", queue({}, "tenant-held"))) === "taken", {
      what: "The end of the cordon",
      timeoutMs: 30_000,
    });
    const deployment = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace: "tenant-held" },
      spec: {
        replicas: 1,
        selector: { matchLabels: { a: "b" } },
        template: { metadata: { labels: { a: "b" } }, spec: pod("x").spec },
      },
    };
    await cluster.kubectl(["create", "-f=-", ...as("owner")], stringify(deployment));
    await cluster.kubectl(["label", "namespace/tenant-held", `${LABEL}/cordoned=true`]);
    await waitUntil(async () => /cordoned/.test(await tried("owner", queue({}, "tenant-held"))), {
      what: "The cordon",
      timeoutMs: 30_000,
    });
    await cluster.kubectl(["scale", "deployment/web", "--replicas=2", ...at, ...as("owner")]);
    await waitUntil(
      async () => (await cluster.kubectl(["get", "pods", "-o=name", ...at])).split("\n").filter(Boolean).length === 2,
      {
        what: "Two pods",
        timeoutMs: 30_000,
      },
    );
  });
});

describe("pods", () => {
  const make = async (object: object) =>
    JSON.parse(await cluster.kubectl(["create", "--dry-run=server", "-o=json", "-f=-"], stringify(object))) as {
      readonly spec: { readonly nodeSelector?: object; readonly tolerations: readonly { readonly key: string }[] };
    };
  const own = { key: "onyx.onelens.io/pool", operator: "Equal", value: "own", effect: "NoSchedule" };

  test.each([
    ["that says nothing", {}],
    ["that says something else", { nodeSelector: { a: "b" }, tolerations: [{ key: "c", operator: "Exists" }] }],
    ["that says it itself", { nodeSelector: { "onyx.onelens.io/pool": "own" }, tolerations: [own] }],
  ])("of a tenant with nodes of its own run there: one %s", async (_, spec) => {
    const { nodeSelector, tolerations } = (await make(pod("tenant-own", spec))).spec;
    expect(nodeSelector).toMatchObject({
      ...("nodeSelector" in spec ? spec.nodeSelector : {}),
      "onyx.onelens.io/pool": "own",
    });
    expect(tolerations.filter(({ key }) => key === own.key)).toEqual([own]);
  });

  test.each([
    [
      "another's nodes",
      "tenant-own",
      { nodeSelector: { "onyx.onelens.io/pool": "other" } },
      /spec\.nodeSelector: pods of this namespace run on onyx.onelens.io\/pool: own/,
    ],
    [
      "a tenant's nodes without having any",
      ACME,
      { nodeSelector: { "onyx.onelens.io/pool": "own" } },
      /leave onyx.onelens.io\/pool out/,
    ],
    ["all nodes", ACME, { tolerations: [{ operator: "Exists" }] }, /a toleration has a key/],
    ["another's taint", ACME, { tolerations: [own] }, /with the value of the tenant's own pool only/],
    [
      "any taint of a pool",
      "tenant-own",
      { tolerations: [{ key: own.key, operator: "Exists" }] },
      /with the value of the tenant's own pool only/,
    ],
    ["one node by name", ACME, { nodeName: "node-1" }, /the scheduler says where a pod runs/],
  ])("can't ask for %s", async (_, within, spec, message) => {
    const refused = cluster.kubectl(["create", "--dry-run=server", "-f=-"], stringify(pod(within, spec)));
    await expect(refused).rejects.toThrow(message);
  });
});

describe("what says that a namespace is a tenant's", () => {
  test("is changed only by who may change that Tenant, and by the operator", async () => {
    await applyTo(cluster, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "namespaces" },
      rules: [{ apiGroups: [""], resources: ["namespaces"], verbs: ["*"] }],
    });
    await applyTo(cluster, binding("ClusterRole", "namespaces-of-all", "namespaces", "system:authenticated"));
    const attempt = (person: readonly string[], ...args: readonly string[]) =>
      cluster.kubectl([...args, "--dry-run=server", ...person]).then(
        () => "taken",
        (error: Error) => error.message,
      );
    const steal = ["label", "--overwrite", `namespace/${ACME}`, `${LABEL}/tenant=other`];
    const uncordon = ["label", "namespace/tenant-held", `${LABEL}/cordoned-`];
    const why = /It is the namespace of Tenant (acme|held): only who may change that Tenant/;
    expect(await attempt(as("owner"), ...steal)).toMatch(why);
    expect(await attempt(as("owner"), ...uncordon)).toMatch(why);
    expect(await attempt(as("owner"), "delete", `namespace/${ACME}`)).toMatch(why);
    expect(await attempt(as("owner"), "label", `namespace/${ACME}`, "team=x")).toBe("taken");
    expect(await attempt(as("platform"), ...uncordon)).toBe("taken");
    const operator = [`--as=system:serviceaccount:${OPERATOR_NAMESPACE}:${OPERATOR_NAME}`];
    expect(await attempt(operator, ...uncordon)).toBe("taken");
  });

  test("a Tenant that must not be deleted is not", async () => {
    await applyTo(cluster, ours("Tenant", "kept", { isolation: "Namespace", preventDeletion: true }));
    await expect(cluster.kubectl(["delete", "tenant", "kept", ...as("platform")])).rejects.toThrow(
      /spec\.preventDeletion is true: set it to false/,
    );
    await applyTo(cluster, ours("Tenant", "kept", { isolation: "Namespace", preventDeletion: false }));
    await cluster.kubectl(["delete", "tenant", "kept", ...as("platform")]);
  });
});
