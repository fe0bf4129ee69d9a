import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { kinds } from "../../crds/index.ts";
import { type Cluster, startCluster } from "../../hack/testbed/cluster.ts";
import { waitUntil } from "../../hack/testbed/wait.ts";
import { createHelm, type Helm, objectsOf, type Rendered, type Values } from "../support/helm.ts";

const root = resolve(import.meta.dirname, "../..");
const CRDS = join(root, "charts/onyx-crds");
const OPERATOR = join(root, "charts/onyx-operator");
const NAMESPACE = "onyx-system";
const FINALIZER = "onyx.onelens.io/cloud-resource";
/** The first run on a machine builds the control plane. */
const COLD_BUILD_MS = 30 * 60_000;

/** As GKE has it: pods of these classes need a quota that names the class. */
const CRITICAL_NEEDS_QUOTA = {
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "AdmissionConfiguration",
  plugins: [
    {
      name: "ResourceQuota",
      configuration: {
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "ResourceQuotaConfiguration",
        limitedResources: [
          {
            resource: "pods",
            matchScopes: [
              {
                scopeName: "PriorityClass",
                operator: "In",
                values: ["system-node-critical", "system-cluster-critical"],
              },
            ],
          },
        ],
      },
    },
  ],
};

/** Enough of a kind of the Prometheus Operator for an API server to take objects of it. */
const monitoring = (kind: string) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${kind.toLowerCase()}s.monitoring.coreos.com` },
  spec: {
    group: "monitoring.coreos.com",
    scope: "Namespaced",
    names: { kind, listKind: `${kind}List`, plural: `${kind.toLowerCase()}s` },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
});

let cluster: Cluster;
let helm: Helm;
let folder: string;

const kubectl = (args: readonly string[], input?: string) => cluster.kubectl(args, input);
const namespace = (name: string, labels: Readonly<Record<string, string>> = {}) =>
  kubectl(["apply", "-f", "-"], stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } }));
const rendered = async (values: Values = {}) => objectsOf(await helm.template("onyx", OPERATOR, NAMESPACE, values));
const ofKind = (objects: readonly Rendered[], kind: string) => objects.filter((object) => object.kind === kind);

/** The finalizers that an API server gives a Queue when it is made. */
async function finalizersOfNew(
  name: string,
  { spec = {}, finalizers = [] as string[], in: where = "default" } = {},
): Promise<readonly string[]> {
  const queue = {
    apiVersion: "onyx.onelens.io/v1alpha1",
    kind: "Queue",
    metadata: { name, namespace: where, finalizers },
    spec,
  };
  const made = JSON.parse(await kubectl(["create", "--dry-run=server", "-o=json", "-f=-"], stringify(queue)));
  return made.metadata.finalizers ?? [];
}

const admissionIs = (on: boolean, where = "default") =>
  waitUntil(async () => (await finalizersOfNew("probe", { in: where })).includes(FINALIZER) === on, {
    what: `The admission policy in namespace ${where}`,
    timeoutMs: 30_000,
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "onyx-chart-"));
  const admission = join(folder, "admission.yaml");
  writeFileSync(admission, stringify(CRITICAL_NEEDS_QUOTA));
  cluster = await startCluster({
    name: "chart",
    parts: ["controllers"],
    extraArgs: [`--admission-control-config-file=${admission}`],
  });
  helm = createHelm(cluster);
  await namespace(NAMESPACE, { "pod-security.kubernetes.io/enforce": "restricted" });
  await namespace("shop");
  for (const kind of ["ServiceMonitor", "PrometheusRule"])
    await kubectl(["apply", "-f", "-"], stringify(monitoring(kind)));
  await helm.install("onyx-crds", CRDS, NAMESPACE);
  await kubectl([
    "wait",
    "--for=condition=Established",
    "--timeout=60s",
    "crd/servicemonitors.monitoring.coreos.com",
    "crd/prometheusrules.monitoring.coreos.com",
    ...kinds.map((kind) => `crd/${kind.plural}.${kind.group}`),
  ]);
  await helm.install("onyx", OPERATOR, NAMESPACE);
}, COLD_BUILD_MS);

afterAll(async () => {
  helm?.close();
  await cluster?.stop();
  if (folder) rmSync(folder, { recursive: true });
});

test("a new object gets the finalizer with its first write; an observed one doesn't", async () => {
  await admissionIs(true);
  expect(await finalizersOfNew("plain")).toEqual([FINALIZER]);
  expect(await finalizersOfNew("others", { finalizers: ["example.com/theirs"] })).toEqual([
    "example.com/theirs",
    FINALIZER,
  ]);
  expect(await finalizersOfNew("restored", { finalizers: [FINALIZER] })).toEqual([FINALIZER]);
  expect(await finalizersOfNew("observed", { spec: { managementPolicy: "Observe" } })).toEqual([]);
  expect(await finalizersOfNew("managed", { spec: { managementPolicy: "Manage" } })).toEqual([FINALIZER]);
});

test("pods come up where PodSecurity is restricted and critical pods need a quota, as on GKE", async () => {
  await waitUntil(
    async () => (await kubectl(["get", "pods", "-n", NAMESPACE, "-o", "name"])).trim().split("\n").length === 2,
    { what: "Two pods of the operator", timeoutMs: 30_000 },
  );
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "critical", namespace: "shop" },
    spec: { priorityClassName: "system-cluster-critical", containers: [{ name: "c", image: "c" }] },
  };
  await expect(kubectl(["create", "-f", "-"], stringify(pod))).rejects.toThrow(/insufficient quota/);
});

describe("what is rendered is taken by the API server, field by field", () => {
  const variants: Readonly<Record<string, Values>> = {
    defaults: {},
    "one namespace": { watchNamespace: "shop" },
    "the default namespace": { watchNamespace: "default" },
    "Secrets by name": {
      credentialSecrets: [
        { namespace: NAMESPACE, name: "aws" },
        { namespace: "shop", name: "lease" },
      ],
    },
    "identities of tenants": {
      tenantIdentities: [
        { namespace: "shop", name: "cloud" },
        { namespace: NAMESPACE, name: "cloud" },
      ],
    },
    "Secrets of namespaces": { secretNamespaces: ["shop"] },
    "one process": { replicas: 1 },
    "no process": { replicas: 0 },
    "a ServiceMonitor": { "metrics.serviceMonitor": true },
    "what is recorded of tenants": { "metrics.tenantRules": true, "metrics.tenantDashboard": true },
    "metrics for one namespace": {
      "networkPolicy.from": [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
    },
    "no companions": {
      "networkPolicy.enabled": false,
      "podDisruptionBudget.enabled": false,
      finalizerAtAdmission: false,
      priorityClassName: "",
    },
    "all that pods can be given": {
      image: { repository: "registry.example.com/onyx", digest: `sha256:${"0".repeat(64)}` },
      imagePullSecrets: [{ name: "registry" }],
      "serviceAccount.annotations": { "eks.amazonaws.com/role-arn": "arn:aws:iam::000000000000:role/onyx" },
      "tracing.otlpEndpoint": "http://collector:4318",
      extraEnv: [{ name: "HTTPS_PROXY", value: "http://proxy:3128" }],
      nodeSelector: { "kubernetes.io/arch": "arm64" },
      tolerations: [{ key: "dedicated", operator: "Exists" }],
      affinity: { nodeAffinity: {} },
      resources: { limits: { cpu: 1, memory: "1Gi" } },
    },
  };

  test.each(Object.entries(variants))("%s", async (_, values) => {
    const text = await helm.template("other", OPERATOR, NAMESPACE, values);
    const applied = await kubectl(
      ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-o=name", "-f=-"],
      text,
    );
    expect(applied.trim().split("\n")).toHaveLength(objectsOf(text).length);
  });
});

test("what is recorded of tenants, and the dashboard, come when they are asked for, and with tenants alone", async () => {
  const kinds = async (values: Values) => {
    const objects = await rendered({ "metrics.tenantRules": true, "metrics.tenantDashboard": true, ...values });
    return [...ofKind(objects, "PrometheusRule"), ...ofKind(objects, "ConfigMap")];
  };
  const [rules, dashboard] = await kinds({});
  expect(rules?.spec.groups[0].rules[0]).toMatchObject({ record: "tenant:http_requests:rate5m" });
  expect(JSON.parse(dashboard?.data["onyx-tenants.json"])).toMatchObject({ uid: "onyx-tenants" });
  expect(await kinds({ "tenants.enabled": false })).toEqual([]);
  expect(await kinds({ "metrics.tenantRules": false, "metrics.tenantDashboard": false })).toEqual([]);
});

describe("values", () => {
  test("one process has no budget, and asks for none", async () => {
    expect(ofKind(await rendered({ replicas: 1 }), "PodDisruptionBudget")).toEqual([]);
    expect(ofKind(await rendered(), "PodDisruptionBudget")).toHaveLength(1);
  });

  test("a digest goes before the tag, the tag before the chart's version", async () => {
    const image = async (values: Values) =>
      ofKind(await rendered(values), "Deployment")[0]?.spec.template.spec.containers[0].image;
    const digest = `sha256:${"a".repeat(64)}`;
    expect(await image({ "image.repository": "r/onyx" })).toMatch(/^r\/onyx:\d+\.\d+\.\d+$/);
    expect(await image({ "image.repository": "r/onyx", "image.tag": "edge" })).toBe("r/onyx:edge");
    expect(await image({ "image.repository": "r/onyx", "image.tag": "edge", "image.digest": digest })).toBe(
      `r/onyx@${digest}`,
    );
  });

  test("what they can't be is said with its path", async () => {
    const wrong: readonly (readonly [Values, RegExp])[] = [
      [{ replicaCount: 1 }, /additional properties 'replicaCount' not allowed/],
      [{ replicas: "two" }, /at '\/replicas': got string, want integer/],
      [{ "image.digest": "abc" }, /at '\/image\/digest': 'abc' does not match pattern/],
      [{ logLevel: "trace" }, /at '\/logLevel': value must be one of 'debug', 'info', 'warn', 'error'/],
      [{ resyncInterval: "5s" }, /at '\/resyncInterval': '5s' does not match pattern/],
      [{ watchNamespace: "Shop" }, /at '\/watchNamespace': 'Shop' does not match pattern/],
      [{ credentialSecrets: [{ name: "aws" }] }, /at '\/credentialSecrets\/0': missing property 'namespace'/],
      [{ tenantIdentities: [{ name: "cloud" }] }, /at '\/tenantIdentities\/0': missing property 'namespace'/],
      [{ finalizerAtAdmission: "yes" }, /at '\/finalizerAtAdmission': value must be one of 'auto', true, false/],
    ];
    for (const [values, message] of wrong) await expect(rendered(values)).rejects.toThrow(message);
  });
});

describe("rights", () => {
  const rolesOf = (objects: readonly Rendered[]) => [...ofKind(objects, "Role"), ...ofKind(objects, "ClusterRole")];
  const can = async (verb: string, resource: string, ...where: string[]) =>
    (
      await kubectl(["auth", "can-i", verb, resource, `--as=system:serviceaccount:${NAMESPACE}:onyx`, ...where]).catch(
        (error: Error) => error.message,
      )
    ).trim();

  test("Secrets are read by name only, and nothing is granted with a wildcard", async () => {
    const values = {
      credentialSecrets: [{ namespace: "shop", name: "aws" }],
      secretNamespaces: ["team"],
      secretSyncNamespaces: ["team"],
    };
    for (const role of rolesOf(await rendered(values))) {
      for (const rule of role.rules) {
        const named = [...rule.apiGroups, ...rule.resources, ...rule.verbs];
        expect(named, role.metadata.name).not.toContain("*");
        if (rule.resources.includes("secrets") && role.metadata.namespace === "team") {
          const written = role.metadata.name === "onyx-secret-sync";
          expect(rule.verbs).toEqual(written ? ["get", "create", "patch", "delete"] : ["get"]);
        } else if (rule.resources.includes("secrets")) {
          expect(rule).toMatchObject({ resourceNames: ["aws"], verbs: ["get"] });
          expect(role.metadata.namespace).toBe("shop");
        }
      }
    }
  });

  test("tokens are made of named ServiceAccounts only", async () => {
    const about = (objects: readonly Rendered[]) =>
      rolesOf(objects).filter(({ rules }) =>
        rules.some(({ resources }: { resources: readonly string[] }) => resources.includes("serviceaccounts/token")),
      );
    expect(about(await rendered())).toEqual([]);
    const granted = about(await rendered({ tenantIdentities: [{ namespace: "shop", name: "cloud" }] }));
    expect(granted.map(({ metadata, rules }) => [metadata.namespace, rules])).toEqual([
      [
        "shop",
        [{ apiGroups: [""], resources: ["serviceaccounts/token"], resourceNames: ["cloud"], verbs: ["create"] }],
      ],
    ]);
  });

  test("with one namespace to watch there are no rights in others", async () => {
    expect(await can("patch", "queues.onyx.onelens.io", "-n", "default")).toBe("yes");
    await namespace("second");
    try {
      await helm.install("onyx", OPERATOR, NAMESPACE, { watchNamespace: "shop" });
      await waitUntil(async () => (await can("patch", "queues.onyx.onelens.io", "-n", "default")) !== "yes", {
        what: "The end of the rights in namespace default",
        timeoutMs: 10_000,
      });
      expect(await can("create", "deployments.apps", "-n", "shop")).toBe("yes");
      expect(await can("create", "deployments.apps", "-n", "second")).toMatch(/^no/m);
      expect(await can("list", "environments.onyx.onelens.io")).toBe("yes");
      expect(await can("create", "events.events.k8s.io", "-n", "default")).toBe("yes");
      expect(await can("create", "events.events.k8s.io", "-n", "second")).toMatch(/^no/m);
      expect(await can("patch", "leases.coordination.k8s.io/onyx", "-n", NAMESPACE)).toBe("yes");
      expect(await can("patch", "leases.coordination.k8s.io/other", "-n", NAMESPACE)).toMatch(/^no/m);
      await admissionIs(true, "shop");
      await admissionIs(false, "second");
    } finally {
      await helm.install("onyx", OPERATOR, NAMESPACE);
    }
  });
});

test("an upgrade with the same values writes nothing", async () => {
  const versions = async () => {
    const manifest = await helm.manifest("onyx", NAMESPACE);
    const list = JSON.parse(await kubectl(["get", "-o=json", "-f=-"], manifest));
    return Object.fromEntries(
      list.items.map(({ kind, metadata }: Rendered) => [
        `${kind}/${metadata.namespace ?? ""}/${metadata.name}`,
        // The status of policies, which checks their types, is written by Kubernetes at any time.
        kind === "ValidatingAdmissionPolicy"
          ? (metadata as { generation?: number }).generation
          : (metadata as { resourceVersion?: string }).resourceVersion,
      ]),
    );
  };
  let before = await versions();
  await waitUntil(
    async () => {
      const now = await versions();
      const quiet = JSON.stringify(now) === JSON.stringify(before);
      before = now;
      return quiet;
    },
    { what: "The end of the controllers' writes", timeoutMs: 30_000, everyMs: 1_000 },
  );
  await helm.install("onyx", OPERATOR, NAMESPACE);
  expect(await versions()).toEqual(before);
  await helm.install("onyx", OPERATOR, NAMESPACE, { logLevel: "debug" });
  expect(await versions()).not.toEqual(before);
});

test("the CRDs and their objects outlive their chart, and a new install takes them over", async () => {
  const queue = { apiVersion: "onyx.onelens.io/v1alpha1", kind: "Queue", metadata: { name: "kept" }, spec: {} };
  await kubectl(["create", "-f", "-"], stringify(queue));
  const uid = () => kubectl(["get", "queues.onyx.onelens.io", "kept", "-o=jsonpath={.metadata.uid}"]);
  const before = await uid();
  await helm.uninstall("onyx-crds", NAMESPACE);
  expect(await uid()).toBe(before);
  await helm.install("onyx-crds", CRDS, NAMESPACE);
  expect(await uid()).toBe(before);
});

test("uninstalling the operator leaves nothing behind", async () => {
  const manifest = await helm.manifest("onyx", NAMESPACE);
  await helm.uninstall("onyx", NAMESPACE);
  const left = await kubectl(["get", "--ignore-not-found", "-o=name", "-f=-"], manifest);
  expect(left.trim()).toBe("");
  await admissionIs(false);
});
