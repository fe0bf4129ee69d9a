import { exec } from "./exec.ts";

/** Host processes serve webhooks and aggregated APIs under the names of their Services. */
const KEDA_HOSTS = ["keda-operator", "keda-metrics-apiserver", "keda-admission-webhooks"].map(
  (name) => `${name}.keda.svc`,
);

/** The first address of the Service network: what `kubernetes.default` resolves to. */
export const KUBERNETES_SERVICE_IP = "10.96.0.1";

/** Issues every certificate of a cluster into `folder`, by the program that `pki` names. */
export async function issueCertificates(pki: string, name: string, folder: string): Promise<void> {
  await exec(pki, [folder], { input: JSON.stringify(certificatePlan(name)) });
}

/** What the certificate issuer (hack/testbed/pki) is asked for. */
export function certificatePlan(cluster: string) {
  const local = ["localhost", "127.0.0.1"];
  const kubernetes = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
  ];
  const client = (name: string, commonName: string, organization?: string) => ({
    name,
    authority: "ca",
    commonName,
    ...(organization ? { organization } : {}),
    usages: ["client"],
  });
  const server = (name: string, hosts: readonly string[]) => ({
    name,
    authority: "ca",
    commonName: name,
    usages: ["server"],
    hosts: [...local, ...hosts],
  });
  return {
    authorities: [
      { name: "ca", commonName: `kubernetes-ca-${cluster}` },
      { name: "front-proxy-ca", commonName: `front-proxy-ca-${cluster}` },
    ],
    leaves: [
      server("apiserver", [...kubernetes, KUBERNETES_SERVICE_IP]),
      server("kubelet", []),
      server("metrics-server", ["metrics-server.kube-system.svc"]),
      { ...server("keda", KEDA_HOSTS), usages: ["server", "client"] },
      { ...client("front-proxy-client", "front-proxy-client"), authority: "front-proxy-ca" },
      client("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
      client("admin", "kubernetes-admin", "system:masters"),
      client("kwok", "kwok-controller", "system:masters"),
      client("controller-manager", "system:kube-controller-manager"),
      client("scheduler", "system:kube-scheduler"),
    ],
    keyPairs: ["service-account"],
  };
}
