import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type OnyxServiceSpec, type OnyxServiceSpecInput, onyxService } from "../../crds/onyxservice.ts";
import { arbitraryOf } from "../../crds/testing/arbitrary.ts";
import {
  apiVersionOf,
  type Child,
  type Composed,
  kindOf,
  refOf,
  type Seen,
} from "../../operator/reconcile/composite-object.ts";
import type { KubeObject } from "../../operator/reconcile/object.ts";
import { onyxservice } from "./onyxservice.ts";
import { outputsOf, seenWith } from "./testing/seen.ts";

const specOf = (over: Partial<OnyxServiceSpecInput> = {}): OnyxServiceSpec =>
  onyxService.spec.parse({ image: "orders:1.4.2", ...over });

function compose(over: Partial<OnyxServiceSpecInput> = {}, seen: Seen = seenWith()): Composed {
  const composed = onyxservice.compose(specOf(over), seen);
  if ("invalid" in composed) throw new Error(composed.invalid.message);
  return composed;
}

const idsOf = (composed: Composed) => composed.children.map((child) => child.id);
function childOf(composed: Composed, id: string): Child {
  const child = composed.children.find((one) => one.id === id);
  if (!child || "pending" in child) throw new Error(`There is no child ${id}, or it is pending.`);
  return child;
}
// biome-ignore lint/suspicious/noExplicitAny: tests look into manifests of many kinds
const manifest = (composed: Composed, id: string): any => childOf(composed, id).object;
const podOf = (composed: Composed) => manifest(composed, "workload").spec.template.spec;
const containerOf = (composed: Composed) => podOf(composed).containers[0];

const queue = { queue: "orders", access: "Consume" } as const;
const backlog = { min: 1, max: 20, queueBacklog: { queue: "orders", perReplica: 10 } };

describe("what it is made of", () => {
  it.each<[string, Partial<OnyxServiceSpecInput>, string[]]>([
    ["the least", {}, ["serviceaccount", "network", "workload"]],
    ["with config", { config: { data: { A: "1" } } }, ["serviceaccount", "config", "network", "workload"]],
    ["with a ConfigMap of somebody's", { config: { name: "shared" } }, ["serviceaccount", "network", "workload"]],
    ["with ports", { ports: [{ name: "http", port: 80 }] }, ["serviceaccount", "network", "service", "workload"]],
    ["with replicas", { replicas: 2 }, ["serviceaccount", "network", "workload", "disruption"]],
    [
      "scaled by processors",
      { scaling: { min: 1, max: 2, cpu: 70 } },
      ["serviceaccount", "network", "workload", "disruption", "scaler"],
    ],
    [
      "scaled by a queue",
      { bindings: [queue], scaling: backlog },
      ["serviceaccount", "identity", "bindings", "network", "workload", "disruption", "scaler-auth", "scaler"],
    ],
    ["a StatefulSet", { workload: "StatefulSet" }, ["serviceaccount", "network", "pods", "workload"]],
    ["a Job", { workload: "Job" }, ["serviceaccount", "network", "workload"]],
    ["with another's ServiceAccount", { serviceAccountName: "shared" }, ["network", "workload"]],
    [
      "switched off",
      { enabled: false, disabledReason: "quiet", bindings: [queue], scaling: backlog, replicas: 3 },
      ["serviceaccount", "identity", "bindings", "network"],
    ],
  ])("%s", (_, over, ids) => expect(idsOf(compose(over))).toEqual(ids));

  it.each([
    ["Deployment", "apps/v1"],
    ["StatefulSet", "apps/v1"],
    ["Job", "batch/v1"],
    ["CronJob", "batch/v1"],
  ] as const)("%s of %s", (workload, apiVersion) => {
    const schedule = workload === "CronJob" ? { schedule: { cron: "0 1 * * *" } } : {};
    expect(manifest(compose({ workload, ...schedule }), "workload")).toMatchObject({ apiVersion, kind: workload });
  });

  it("makes another Job of another spec, as a Job can't be changed", () => {
    const name = (image: string) => manifest(compose({ workload: "Job", image }), "workload").metadata.name;
    expect(name("a:1")).toMatch(/^orders-[0-9a-f]{8}$/);
    expect(name("a:1")).toBe(name("a:1"));
    expect(name("a:1")).not.toBe(name("a:2"));
  });

  it("gives a CronJob explicit defaults", () => {
    const { spec } = manifest(compose({ workload: "CronJob", schedule: { cron: "0 1 * * *" } }), "workload");
    expect(spec).toMatchObject({ timeZone: "Etc/UTC", concurrencyPolicy: "Forbid", startingDeadlineSeconds: 300 });
  });
});

describe("pods", () => {
  const composed = compose();

  it("are restricted", () => {
    expect(podOf(composed)).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(containerOf(composed).securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(containerOf(composed).volumeMounts).toEqual([{ name: "tmp", mountPath: "/tmp" }]);
  });

  it("spread over zones and nodes without being kept from running", () => {
    expect(podOf(composed).topologySpreadConstraints).toMatchObject(
      ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
        topologyKey,
        whenUnsatisfiable: "ScheduleAnyway",
        matchLabelKeys: ["pod-template-hash"],
      })),
    );
  });

  it.each([
    ["orders:1", "registry.example/p", "registry.example/p/orders:1"],
    ["team/orders:1", "registry.example/p", "registry.example/p/team/orders:1"],
    ["ghcr.io/team/orders:1", "registry.example/p", "ghcr.io/team/orders:1"],
    ["localhost/orders:1", "registry.example/p", "localhost/orders:1"],
    ["host:5000/orders", "registry.example/p", "host:5000/orders"],
    ["orders:1", undefined, "orders:1"],
  ])("image %s of registry %s is %s", (image, imageRegistry, expected) => {
    const made = compose({ image }, seenWith({ imageRegistry }));
    expect(containerOf(made).image).toBe(expected);
    expect(made.summary(() => undefined)).toMatchObject({ image: expected });
  });

  it.each([
    ["orders", "Always", undefined],
    ["orders:latest", "Always", "latest"],
    ["orders:1.2", "IfNotPresent", "1.2"],
    ["host:5000/orders", "Always", undefined],
    ["orders@sha256:abc", "IfNotPresent", undefined],
    ["orders:1.2@sha256:abc", "IfNotPresent", "1.2"],
  ])("image %s is pulled %s and has version %s", (image, policy, version) => {
    const made = compose({ image });
    expect(containerOf(made).imagePullPolicy).toBe(policy);
    expect(manifest(made, "workload").metadata.labels["app.kubernetes.io/version"]).toBe(version);
  });

  it("take variables from config, secrets, bindings and env, the later before the earlier", () => {
    const made = compose({
      config: { data: { A: "1" } },
      secrets: ["token"],
      bindings: [queue],
      env: { B: "", A: "2" },
    });
    expect(containerOf(made).envFrom).toEqual([
      { configMapRef: { name: "orders" } },
      { secretRef: { name: "token" } },
      { configMapRef: { name: "orders-bindings" } },
    ]);
    expect(containerOf(made).env).toEqual([{ name: "A", value: "2" }, { name: "B" }]);
  });

  it("have config as files where a path is given", () => {
    const made = compose({ config: { name: "shared", mountPath: "/etc/orders" } });
    expect(containerOf(made).envFrom).toBeUndefined();
    expect(containerOf(made).volumeMounts).toContainEqual({ name: "config", mountPath: "/etc/orders", readOnly: true });
    expect(podOf(made).volumes).toContainEqual({ name: "config", configMap: { name: "shared", defaultMode: 0o444 } });
  });

  it("start anew when a ManagedSecret writes another version into a Secret that they read, and only then", () => {
    const hash = (secretVersions: Record<string, string>) =>
      manifest(compose({ secrets: ["token", "theirs"] }, seenWith({ secretVersions })), "workload").spec.template
        .metadata.annotations["onyx.onelens.io/config-hash"];
    expect(hash({ token: "1" })).not.toBe(hash({ token: "2" }));
    expect(hash({ token: "1", other: "1" })).toBe(hash({ token: "1", other: "2" }));
    expect(hash({})).toBe(
      manifest(compose({}), "workload").spec.template.metadata.annotations["onyx.onelens.io/config-hash"],
    );
  });

  it("start anew when config or a bound resource changes, and only then", () => {
    const hash = (over: Partial<OnyxServiceSpecInput>, url = "u") =>
      manifest(
        compose(
          { bindings: [queue], ...over },
          seenWith({ references: { "bindings[0].queue": { outputs: { QUEUE_URL: url } } } }),
        ),
        "workload",
      ).spec.template.metadata.annotations["onyx.onelens.io/config-hash"];
    expect(hash({ config: { data: { A: "1" } } })).toBe(hash({ config: { data: { A: "1" } }, replicas: 3 }));
    expect(hash({ config: { data: { A: "1" } } })).not.toBe(hash({ config: { data: { A: "2" } } }));
    expect(hash({}, "u")).not.toBe(hash({}, "v"));
  });

  it("have the probes of spec.health, with time-outs written out", () => {
    const made = compose({
      health: { liveness: { http: { path: "/healthz", port: 8080 } }, startup: { tcp: { port: 80 }, interval: "2s" } },
    });
    expect(containerOf(made).livenessProbe).toEqual({
      httpGet: { path: "/healthz", port: 8080, scheme: "HTTP" },
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 3,
      successThreshold: 1,
    });
    expect(containerOf(made).startupProbe).toMatchObject({ tcpSocket: { port: 80 }, periodSeconds: 2 });
    expect(containerOf(made).readinessProbe).toBeUndefined();
  });
});

describe("bindings", () => {
  it("with access Produce to a queue that gets its messages from a topic: refused; Consume is what it is for", () => {
    const subscription = { topic: "t", filter: [], via: [] };
    const seen = seenWith({
      references: { "bindings[0].queue": { outputs: outputsOf("Queue", "q"), effective: { subscription } } },
    });
    const bound = (access: "Produce" | "Consume") =>
      onyxservice.compose(specOf({ bindings: [{ queue: "q", access }] }), seen);
    expect(bound("Produce")).toEqual({
      invalid: { field: "bindings[0].queue", message: expect.stringContaining("bind to that Topic") },
    });
    expect(bound("Consume")).not.toHaveProperty("invalid");
  });

  const bindings = [
    { table: "orders.v2", access: "ReadWrite" },
    { queue: "order-events", access: "Produce" },
    { queue: "order-events", access: "Consume" },
    { bucket: "media", access: "ReadWrite" },
    { workflow: "fulfil-order", access: "Start" },
  ] as const;
  const references = {
    "bindings[0].table": { outputs: outputsOf("Table", "t") },
    "bindings[1].queue": { outputs: outputsOf("Queue", "q") },
    "bindings[2].queue": { outputs: outputsOf("Queue", "q") },
    "bindings[3].bucket": { outputs: outputsOf("Bucket", "b") },
    "bindings[4].workflow": { outputs: outputsOf("Workflow", "w") },
  };
  const composed = compose({ bindings: [...bindings] }, seenWith({ references }));

  it("refer to the bound objects", () => {
    expect(onyxservice.references(specOf({ bindings: [...bindings] }))).toEqual([
      { field: "bindings[0].table", kind: "Table", name: "orders.v2" },
      { field: "bindings[1].queue", kind: "Queue", name: "order-events" },
      { field: "bindings[2].queue", kind: "Queue", name: "order-events" },
      { field: "bindings[3].bucket", kind: "Bucket", name: "media" },
      { field: "bindings[4].workflow", kind: "Workflow", name: "fulfil-order" },
    ]);
  });

  it("reach the container under names that tell the kind and the object", () => {
    expect(manifest(composed, "bindings").data).toEqual({
      BUCKET_MEDIA: "b",
      BUCKET_MEDIA_ID: "id/b",
      BUCKET_MEDIA_REGION: "eu-west-1",
      BUCKET_MEDIA_URL: "s3://b",
      ONYX_CLOUD: "test",
      QUEUE_ORDER_EVENTS_ID: "id/q",
      QUEUE_ORDER_EVENTS_REGION: "eu-west-1",
      QUEUE_ORDER_EVENTS_URL: "https://queue.example/q",
      TABLE_ORDERS_V2_COLLECTION: "t",
      TABLE_ORDERS_V2_ID: "id/t",
      TABLE_ORDERS_V2_NAME: "t",
      TABLE_ORDERS_V2_REGION: "eu-west-1",
      WORKFLOW_FULFIL_ORDER_ID: "id/w",
      WORKFLOW_FULFIL_ORDER_REGION: "eu-west-1",
    });
  });

  it("give just the rights that they name, sorted", () => {
    expect(manifest(composed, "identity").spec).toEqual({
      serviceAccountRef: { name: "orders" },
      grants: [
        { kind: "Bucket", name: "media", access: "ReadWrite" },
        { kind: "Queue", name: "order-events", access: "Consume" },
        { kind: "Queue", name: "order-events", access: "Produce" },
        { kind: "Table", name: "orders.v2", access: "ReadWrite" },
        { kind: "Workflow", name: "fulfil-order", access: "Start" },
      ],
    });
  });

  it("that would give one variable two values are refused", () => {
    const spec = specOf({
      bindings: [
        { queue: "a-b", access: "Consume" },
        { queue: "a.b", access: "Consume" },
      ],
    });
    const seen = seenWith({
      references: {
        "bindings[0].queue": { outputs: { QUEUE_ID: "1" } },
        "bindings[1].queue": { outputs: { QUEUE_ID: "2" } },
      },
    });
    expect(onyxservice.compose(spec, seen)).toEqual({
      invalid: {
        field: "bindings[1].queue",
        message:
          "Queue a.b and Queue a-b (spec.bindings[0].queue) would both give the environment variable QUEUE_A_B_ID. Rename one of them.",
      },
    });
  });

  it("that aren't known yet hold up what needs them, and nothing else", () => {
    const why = { reason: "DependencyNotReady", message: "not Ready yet" } as const;
    const waiting = compose(
      { bindings: [queue], scaling: backlog },
      seenWith({ references: { "bindings[0].queue": { pending: why } } }),
    );
    const pending = waiting.children.filter((child) => "pending" in child);
    expect(pending.map((child) => [child.id, child.ref.kind, child.pending.reason])).toEqual([
      ["bindings", "ConfigMap", "DependencyNotReady"],
      ["scaler", "ScaledObject", "DependencyNotReady"],
    ]);
    expect(childOf(waiting, "workload").after).toContain("bindings");
    expect(childOf(waiting, "identity").after).toBeUndefined();
  });

  it("let the workload wait until the identity is in force", () => {
    expect(childOf(composed, "workload").afterHealthy).toEqual(["identity"]);
  });

  it("annotate the ServiceAccount as soon as the identity is known, where the platform asks for it", () => {
    const identity: KubeObject = {
      apiVersion: "onyx.onelens.io/v1alpha1",
      kind: "WorkloadIdentity",
      metadata: { name: "orders" },
      status: { outputs: { IDENTITY: "role" } },
    };
    const annotations = (live: KubeObject[]) =>
      manifest(compose({ bindings: [queue] }, seenWith({ live })), "serviceaccount").metadata.annotations;
    expect(annotations([])).toBeUndefined();
    expect(annotations([identity])).toEqual({ "test.example/identity": "role" });
  });

  it("pass team and cost center on to what the identity is in the cloud", () => {
    expect(manifest(compose({ bindings: [queue], team: "a", costCenter: "b" }), "identity").spec.tags).toEqual({
      team: "a",
      "cost-center": "b",
    });
  });
});

describe("scaling", () => {
  const cpu = { scaling: { min: 2, max: 8, cpu: 70, memory: 80 } };

  it("by processors and memory alone is a HorizontalPodAutoscaler of the one container", () => {
    expect(manifest(compose(cpu), "scaler")).toMatchObject({
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "orders" },
        minReplicas: 2,
        maxReplicas: 8,
        metrics: ["cpu", "memory"].map((name) => ({
          type: "ContainerResource",
          containerResource: { name, container: "app" },
        })),
      },
    });
  });

  it("by a queue is a ScaledObject that takes processors along, every default written out", () => {
    const made = compose({ bindings: [queue], scaling: { ...backlog, cpu: 70 } });
    expect(manifest(made, "scaler")).toMatchObject({
      kind: "ScaledObject",
      spec: {
        pollingInterval: 15,
        cooldownPeriod: 300,
        initialCooldownPeriod: 120,
        minReplicaCount: 1,
        maxReplicaCount: 20,
        triggers: [
          {
            type: "test-queue",
            name: "backlog",
            metricType: "AverageValue",
            metadata: { target: "10", activation: "0" },
            authenticationRef: { name: "orders", kind: "TriggerAuthentication" },
          },
          { type: "cpu", metricType: "Utilization", metadata: { value: "70", containerName: "app" } },
        ],
      },
    });
    expect(manifest(made, "scaler").spec).not.toHaveProperty("fallback");
    expect(manifest(made, "scaler").spec).not.toHaveProperty("idleReplicaCount");
    expect(manifest(made, "scaler-auth").spec).toEqual({ podIdentity: { provider: "test" } });
  });

  it.each([
    ["toZero idles at none and wakes up to min", { min: 2, toZero: true }, { idleReplicaCount: 0, minReplicaCount: 2 }],
    ["cooldown", { cooldown: "1m" }, { cooldownPeriod: 60 }],
    [
      "onMetricFailure",
      { onMetricFailure: 3 },
      { fallback: { failureThreshold: 3, replicas: 3, behavior: "currentReplicasIfHigher" } },
    ],
  ] as const)("%s", (_, over, spec) => {
    expect(manifest(compose({ bindings: [queue], scaling: { ...backlog, ...over } }), "scaler").spec).toMatchObject(
      spec,
    );
  });

  it("never has both: each scaler waits until the other one is gone", () => {
    const other = (over: Partial<OnyxServiceSpecInput>) => childOf(compose(over), "scaler").insteadOf;
    expect(other(cpu)).toEqual([{ apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject", name: "orders" }]);
    expect(other({ bindings: [queue], scaling: backlog })).toEqual([
      { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", name: "orders" },
    ]);
  });

  it("owns the number of replicas; without it we do", () => {
    expect(manifest(compose(cpu), "workload").spec).not.toHaveProperty("replicas");
    expect(manifest(compose(), "workload").spec.replicas).toBe(1);
    expect(manifest(compose({ replicas: 0 }), "workload").spec.replicas).toBe(0);
  });

  it.each([
    ["what it had", 5, { spec: { replicas: 5 } }],
    ["at least min", 0, { spec: { replicas: 2 } }],
  ])("hands the replicas of a living workload over: %s", (_, replicas, left) => {
    const fixed = manifest(compose({ replicas }), "workload") as KubeObject;
    expect(childOf(compose(cpu), "workload").handOver?.(fixed)).toEqual(left);
  });

  it("hands nothing over that it has not", () => {
    const scaled = manifest(compose(cpu), "workload") as KubeObject;
    expect(childOf(compose(cpu), "workload").handOver?.(scaled)).toBeUndefined();
    expect(childOf(compose({ replicas: 4 }), "workload").handOver?.(scaled)).toBeUndefined();
  });
});

describe("network", () => {
  const policy = (over: Partial<OnyxServiceSpecInput> = {}) => manifest(compose(over), "network").spec;
  const ports = [{ name: "http", port: 8080 }];

  it("is closed both ways but for DNS", () => {
    expect(policy({ ports })).toMatchObject({ policyTypes: ["Ingress", "Egress"] });
    expect(policy({ ports })).not.toHaveProperty("ingress");
    expect(policy({ ports }).egress).toHaveLength(1);
    expect(policy({ ports }).egress[0].ports).toEqual([
      { protocol: "UDP", port: 53 },
      { protocol: "TCP", port: 53 },
    ]);
  });

  it("opens the cloud's APIs and the credentials for bindings, never a private network", () => {
    const [, api, credentials] = policy({ bindings: [queue] }).egress;
    expect(api.ports).toEqual([{ protocol: "TCP", port: 443 }]);
    expect(api.to[0].ipBlock).toEqual({
      cidr: "0.0.0.0/0",
      except: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"],
    });
    expect(credentials.to).toEqual([{ ipBlock: { cidr: "169.254.170.23/32" } }]);
  });

  it.each([
    ["a service", { service: "web" }, { podSelector: { matchLabels: { "onyx.onelens.io/service": "web" } } }],
    [
      "a namespace",
      { namespace: "edge" },
      { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "edge" } } },
    ],
  ])("lets %s in, to the ports only", (_, peer, from) => {
    expect(policy({ ports, network: { allowFrom: [peer] } }).ingress).toEqual([
      { from: [from], ports: [{ protocol: "TCP", port: 8080 }] },
    ]);
  });

  it("lets nobody in where there is no port", () =>
    expect(policy({ network: { allowFrom: [{ namespace: "edge" }] } })).not.toHaveProperty("ingress"));

  it("lets out to what is named", () => {
    const allowTo = [{ cidr: "10.1.0.0/16", ports: [5432, 443] }, { service: "web" }];
    expect(policy({ network: { allowTo } }).egress.slice(1)).toEqual([
      {
        to: [{ ipBlock: { cidr: "10.1.0.0/16" } }],
        ports: [
          { protocol: "TCP", port: 443 },
          { protocol: "TCP", port: 5432 },
        ],
      },
      { to: [{ podSelector: { matchLabels: { "onyx.onelens.io/service": "web" } } }] },
    ]);
  });
});

describe("summary", () => {
  const live = (status: object): KubeObject => ({ apiVersion: "apps/v1", kind: "X", metadata: { name: "x" }, status });
  it.each([
    ["a Deployment", { replicas: 3, readyReplicas: 2 }, { replicas: 3, readyReplicas: 2 }],
    ["a Job", { active: 1, ready: 1 }, { replicas: 1, readyReplicas: 1 }],
    ["a CronJob", { active: [{}, {}] }, { replicas: 2, readyReplicas: 0 }],
    ["nothing yet", {}, { replicas: 0, readyReplicas: 0 }],
  ])("of %s", (_, status, counted) =>
    expect(compose().summary(() => live(status))).toMatchObject({
      ...counted,
      selector: "onyx.onelens.io/service=orders",
    }),
  );
});

describe("for every spec that is taken", () => {
  const specs = arbitraryOf(onyxService.spec).map((input) => onyxService.spec.parse(input));
  const name = "a".repeat(52);
  const children = (spec: OnyxServiceSpec, seen = seenWith({ name })) => {
    const composed = onyxservice.compose(spec, seen);
    return "invalid" in composed ? [] : composed.children;
  };
  const refs = (spec: OnyxServiceSpec) => children(spec).map((one) => ("pending" in one ? one.ref : refOf(one.object)));

  it("the same spec gives the same children, and stays as it is", () => {
    fc.assert(
      fc.property(specs, (spec) => {
        const before = structuredClone(spec);
        const first = JSON.stringify(children(frozen(spec)));
        expect(JSON.stringify(children(spec))).toBe(first);
        expect(spec).toEqual(before);
      }),
    );
  });

  it("names fit into 63 characters, and no two children are the same object or have the same id", () => {
    fc.assert(
      fc.property(specs, (spec) => {
        fc.pre(spec.config?.name === undefined);
        const all = refs(spec);
        for (const ref of all) expect(ref.name.length).toBeLessThanOrEqual(63);
        expect(new Set(all.map((ref) => JSON.stringify(ref))).size).toBe(all.length);
        expect(new Set(children(spec).map((child) => child.id)).size).toBe(all.length);
      }),
    );
  });

  it("children are of declared kinds, come after what they wait for, and carry no label of another tool", () => {
    fc.assert(
      fc.property(specs, (spec) => {
        const known = new Set<string>();
        for (const child of children(spec)) {
          if ("object" in child) {
            expect(kindOf(onyxservice.uses, refOf(child.object))).toBeDefined();
            expect(child.object.metadata.labels).not.toHaveProperty("app.kubernetes.io/instance");
            const later = children(spec).flatMap((one) => (known.has(one.id) ? [] : [one.id]));
            for (const id of [...(child.after ?? []), ...(child.afterHealthy ?? [])]) expect(later).not.toContain(id);
          }
          known.add(child.id);
        }
      }),
    );
  });

  it("what is never deleted is part of each, under the name of the service", () => {
    const permanent = onyxservice.uses.filter((kind) => kind.permanent).map(({ kind }) => kind);
    expect(permanent).not.toEqual([]);
    fc.assert(
      fc.property(specs, (spec) => {
        fc.pre(children(spec).length > 0);
        const kept = refs(spec).filter((ref) => permanent.includes(ref.kind));
        expect(kept.map((ref) => [ref.kind, ref.name])).toEqual(permanent.map((kind) => [kind, name]));
      }),
    );
  });

  it("switched off leaves nothing that runs", () => {
    fc.assert(
      fc.property(specs, (spec) => {
        const kinds = refs({ ...spec, enabled: false, disabledReason: "off" }).map((ref) => ref.kind);
        for (const kind of [...onyxservice.stopFirst, "ScaledObject", "HorizontalPodAutoscaler"])
          expect(kinds).not.toContain(kind);
      }),
    );
  });
});

it("declares each kind once, and says what to install for what Kubernetes lacks", () => {
  const named = onyxservice.uses.map((kind) => `${apiVersionOf(kind)}/${kind.kind}`);
  expect(new Set(named).size).toBe(named.length);
  for (const kind of onyxservice.uses) if (kind.group === "keda.sh") expect(kind.install).toContain("KEDA");
});

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) for (const one of Object.values(value)) frozen(one);
  return Object.freeze(value);
}
