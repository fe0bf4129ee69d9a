import { type OnyxServiceSpec, type OnyxServiceSpecInput, onyxService } from "../../crds/onyxservice.ts";

const probe = {
  http: { path: "/healthz", port: 8080 },
  initialDelay: "5s",
  interval: "20s",
  timeout: "3s",
  failureThreshold: 5,
};

/** OnyxServices that between them use every field: what the examples leave out. By name. */
export const MANY: Readonly<Record<string, OnyxServiceSpec>> = Object.fromEntries(
  Object.entries<OnyxServiceSpecInput>({
    least: { image: "least" },
    everything: {
      image: "team/everything:2.0.1",
      command: ["/bin/app"],
      args: ["--port", "8080"],
      env: { LOG_LEVEL: "debug", EMPTY: "" },
      config: { data: { "app.yaml": "a: 1\n", EMPTY: "" }, mountPath: "/etc/app" },
      secrets: ["token", "other"],
      ports: [
        { name: "http", port: 8080 },
        { name: "dns", port: 5353, protocol: "UDP" },
      ],
      resources: { requests: { cpu: "1.5", memory: "0.5Gi" }, limits: { cpu: 2, memory: 1073741824 } },
      health: { startup: { tcp: { port: 8080 } }, liveness: probe, readiness: { exec: { command: ["/bin/ok"] } } },
      bindings: [
        { queue: "orders", access: "Consume" },
        { queue: "orders", access: "Produce" },
        { table: "orders", access: "ReadWrite" },
      ],
      scaling: {
        min: 2,
        max: 30,
        cpu: 70,
        memory: 80,
        queueBacklog: { queue: "orders", perReplica: 5, activation: 2 },
        toZero: true,
        cooldown: "1m",
        onMetricFailure: 3,
      },
      disruption: { maxUnavailable: 2 },
      network: {
        allowFrom: [{ service: "web" }, { namespace: "edge" }, { service: "web", namespace: "edge" }],
        allowTo: [{ cidr: "10.1.0.0/16", ports: [5432, 443] }, { service: "web" }, { namespace: "edge", ports: [80] }],
      },
      team: "shop",
      costCenter: "shop",
      tier: "Critical",
    },
    "by-processors": {
      image: "a:1",
      resources: { requests: { cpu: "1000m", memory: "512Mi" } },
      scaling: { min: 1, max: 4, cpu: 60, memory: 70 },
    },
    "by-number": { image: "a:1", replicas: 3 },
    none: { image: "a:1", replicas: 0 },
    stateful: {
      image: "a:1",
      workload: "StatefulSet",
      ports: [{ name: "tcp", port: 7000 }],
      replicas: 2,
      health: { none: "x" },
    },
    "stateful-no-ports": { image: "a:1", workload: "StatefulSet" },
    once: { image: "a:1", workload: "Job", bindings: [{ table: "orders", access: "Read" }] },
    nightly: {
      image: "a:1",
      workload: "CronJob",
      schedule: { cron: "30 2 * * 1-5", timeZone: "Europe/Berlin", concurrency: "Replace" },
    },
    "others-account": { image: "a:1", serviceAccountName: "shared", config: { name: "shared" } },
    off: {
      image: "a:1",
      enabled: false,
      disabledReason: "x",
      ports: [{ name: "http", port: 80 }],
      health: { none: "x" },
    },
  }).map(([name, input]) => [name, onyxService.spec.parse(input)]),
);
