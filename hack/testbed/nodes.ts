export type Flavor = "eks" | "gke";

/** Nodes that look like those of the managed service: labels, names, provider ids, three zones. Numbered from 1. */
export function fakeNodes(flavor: Flavor, cluster: string, count: number, kubelet: string): object[] {
  return Array.from({ length: count }, (_, index) => fakeNode(flavor, cluster, index, kubelet));
}

interface Look {
  readonly name: string;
  readonly region: string;
  readonly zone: string;
  readonly instanceType: string;
  readonly providerID: string;
  readonly labels: Readonly<Record<string, string>>;
}

const looks: Record<Flavor, (cluster: string, index: number, letter: string) => Look> = {
  eks(_cluster, index, letter) {
    const region = "us-east-1";
    const zone = `${region}${letter}`;
    const instance = `i-${(0x0123456789abc000n + BigInt(index)).toString(16).padStart(17, "0")}`;
    return {
      name: `ip-10-0-${index + 1}-10.ec2.internal`,
      region,
      zone,
      instanceType: "m5.xlarge",
      providerID: `aws:///${zone}/${instance}`,
      labels: { "eks.amazonaws.com/nodegroup": "default", "eks.amazonaws.com/capacityType": "ON_DEMAND" },
    };
  },
  gke(cluster, index, letter) {
    const region = "us-central1";
    const zone = `${region}-${letter}`;
    const name = `gke-${cluster}-default-pool-${index + 1}`;
    return {
      name,
      region,
      zone,
      instanceType: "e2-standard-4",
      providerID: `gce://onyx-test/${zone}/${name}`,
      labels: { "cloud.google.com/gke-nodepool": "default-pool" },
    };
  },
};

function fakeNode(flavor: Flavor, cluster: string, index: number, kubelet: string): object {
  const look = looks[flavor](cluster, index, "abc".charAt(index % 3));
  const resources = { cpu: "4", memory: "16Gi", pods: "110", "ephemeral-storage": "100Gi" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: look.name,
      annotations: {
        "kwok.x-k8s.io/node": "fake",
        "metrics.k8s.io/resource-metrics-path": `/metrics/nodes/${look.name}/metrics/resource`,
      },
      labels: {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": look.name,
        "node.kubernetes.io/instance-type": look.instanceType,
        "topology.kubernetes.io/region": look.region,
        "topology.kubernetes.io/zone": look.zone,
        ...look.labels,
      },
    },
    spec: { providerID: look.providerID },
    status: {
      capacity: resources,
      allocatable: resources,
      nodeInfo: {
        architecture: "amd64",
        operatingSystem: "linux",
        kubeletVersion: kubelet,
        kubeProxyVersion: "",
        containerRuntimeVersion: "kwok",
        kernelVersion: "fake",
        osImage: "fake",
        bootID: "",
        machineID: "",
        systemUUID: "",
      },
    },
  };
}
