import type { Launch } from "./run.ts";

/** The ports of a cluster's programs on 127.0.0.1. */
export interface ClusterPorts {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly apiserver: number;
  readonly controllerManager: number;
  readonly scheduler: number;
  readonly kwok: number;
  readonly metricsServer: number;
}

/** A program of the control plane, given the path of its binary. Paths in arguments are relative to the run's folder. */
type Program = (binary: string) => Launch;

/** State is thrown away with the cluster, so nothing waits for the disk. */
export function etcd(ports: ClusterPorts): Program {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return (command) => ({
    name: "etcd",
    command,
    args: [
      "--name=default",
      "--data-dir=etcd",
      "--unsafe-no-fsync",
      "--log-level=warn",
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      `--quota-backend-bytes=${4 * 2 ** 30}`,
      "--snapshot-count=5000",
      "--max-wals=1",
      "--max-snapshots=1",
    ],
  });
}

export interface ApiserverOptions {
  /** Off where no controller makes ServiceAccounts, or no Pod could ever be created. */
  readonly serviceAccounts: boolean;
  readonly featureGates: Readonly<Record<string, boolean>>;
  readonly enableAdmission: readonly string[];
  readonly disableAdmission: readonly string[];
  readonly extraArgs: readonly string[];
}

const ISSUER = "https://kubernetes.default.svc.cluster.local";

/** No endpoint reconciler: 127.0.0.1 is no address that an Endpoints object may hold. */
export function apiserver(ports: ClusterPorts, options: ApiserverOptions): Program {
  const disabled = [...options.disableAdmission, ...(options.serviceAccounts ? [] : ["ServiceAccount"])];
  const gates = Object.entries(options.featureGates).map(([gate, on]) => `${gate}=${on}`);
  return (command) => ({
    name: "kube-apiserver",
    command,
    args: [
      `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      `--secure-port=${ports.apiserver}`,
      "--endpoint-reconciler-type=none",
      "--service-cluster-ip-range=10.96.0.0/16",
      "--allow-privileged=true",
      "--authorization-mode=Node,RBAC",
      "--client-ca-file=pki/ca.crt",
      "--tls-cert-file=pki/apiserver.crt",
      "--tls-private-key-file=pki/apiserver.key",
      "--service-account-key-file=pki/service-account.pub",
      "--service-account-signing-key-file=pki/service-account.key",
      `--service-account-issuer=${ISSUER}`,
      `--api-audiences=${ISSUER}`,
      "--requestheader-client-ca-file=pki/front-proxy-ca.crt",
      "--requestheader-allowed-names=front-proxy-client",
      "--requestheader-username-headers=X-Remote-User",
      "--requestheader-group-headers=X-Remote-Group",
      "--requestheader-extra-headers-prefix=X-Remote-Extra-",
      "--proxy-client-cert-file=pki/front-proxy-client.crt",
      "--proxy-client-key-file=pki/front-proxy-client.key",
      "--kubelet-client-certificate=pki/apiserver-kubelet-client.crt",
      "--kubelet-client-key=pki/apiserver-kubelet-client.key",
      "--kubelet-certificate-authority=pki/ca.crt",
      "--kubelet-preferred-address-types=InternalIP,Hostname",
      "--audit-policy-file=audit-policy.yaml",
      "--audit-log-path=log/audit.log",
      "--audit-log-maxsize=1000",
      "--audit-log-maxbackup=1",
      "--profiling=false",
      ...list("--feature-gates", gates),
      ...list("--enable-admission-plugins", options.enableAdmission),
      ...list("--disable-admission-plugins", disabled),
      ...options.extraArgs,
    ],
  });
}

/** The default rate limit alone costs five seconds at boot. */
const FAST_CLIENT = ["--kube-api-qps=500", "--kube-api-burst=1000"];

export function controllerManager(ports: ClusterPorts, cluster: string): Program {
  return (command) => ({
    name: "kube-controller-manager",
    command,
    args: [
      ...authenticated("controller-manager.kubeconfig"),
      "--bind-address=127.0.0.1",
      `--secure-port=${ports.controllerManager}`,
      "--leader-elect=false",
      ...FAST_CLIENT,
      "--use-service-account-credentials=true",
      "--service-account-private-key-file=pki/service-account.key",
      "--root-ca-file=pki/ca.crt",
      `--cluster-name=${cluster}`,
      "--cluster-signing-cert-file=pki/ca.crt",
      "--cluster-signing-key-file=pki/ca.key",
      "--allocate-node-cidrs=false",
      "--horizontal-pod-autoscaler-sync-period=2s",
      "--horizontal-pod-autoscaler-downscale-stabilization=15s",
      "--horizontal-pod-autoscaler-cpu-initialization-period=10s",
      "--horizontal-pod-autoscaler-initial-readiness-delay=2s",
      // What a quota counts of our kinds it learns within half a minute, and then tells at the next round: after five minutes.
      "--resource-quota-sync-period=5s",
      "--profiling=false",
    ],
  });
}

export function scheduler(ports: ClusterPorts): Program {
  return (command) => ({
    name: "kube-scheduler",
    command,
    args: [
      ...authenticated("scheduler.kubeconfig"),
      "--bind-address=127.0.0.1",
      `--secure-port=${ports.scheduler}`,
      "--leader-elect=false",
      ...FAST_CLIENT,
      "--profiling=false",
    ],
  });
}

/** KWOK plays the kubelets: nodes are ready, pods run, jobs succeed. */
export function kwok(ports: ClusterPorts, configs: readonly string[]): Program {
  return (command) => ({
    name: "kwok",
    command,
    args: [
      "--kubeconfig=kwok.kubeconfig",
      ...configs.map((path) => `--config=${path}`),
      "--manage-all-nodes=true",
      "--node-ip=127.0.0.1",
      `--node-port=${ports.kwok}`,
      `--server-address=127.0.0.1:${ports.kwok}`,
      "--tls-cert-file=pki/kubelet.crt",
      "--tls-private-key-file=pki/kubelet.key",
      "--node-lease-duration-seconds=40",
      "--cidr=10.244.0.0/16",
    ],
  });
}

export function metricsServer(ports: ClusterPorts): Program {
  return (command) => ({
    name: "metrics-server",
    command,
    args: [
      ...authenticated("kubeconfig"),
      "--bind-address=127.0.0.1",
      `--secure-port=${ports.metricsServer}`,
      "--tls-cert-file=pki/metrics-server.crt",
      "--tls-private-key-file=pki/metrics-server.key",
      "--kubelet-preferred-address-types=InternalIP",
      "--kubelet-use-node-status-port",
      "--kubelet-certificate-authority=pki/ca.crt",
      "--metric-resolution=10s",
      "--kubelet-request-timeout=5s",
    ],
  });
}

function authenticated(file: string): string[] {
  return [`--kubeconfig=${file}`, `--authentication-kubeconfig=${file}`, `--authorization-kubeconfig=${file}`];
}

function list(flag: string, values: readonly string[]): string[] {
  return values.length === 0 ? [] : [`${flag}=${values.join(",")}`];
}
