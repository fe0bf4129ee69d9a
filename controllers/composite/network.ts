/** What no cloud's API has as an address: private and link-local networks. */
export const PRIVATE_V4 = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"];
export const PRIVATE_V6 = ["fc00::/7", "fe80::/10"];

/**
 * Where pods ask for names on either cloud, as one list for both: the DNS pods; NodeLocal DNSCache; Cloud DNS for GKE;
 * the cluster's DNS address in the two service ranges that EKS gives, for Auto Mode, where DNS is no pod.
 */
const DNS_ADDRESSES = ["169.254.20.10/32", "169.254.169.254/32", "10.100.0.10/32", "172.20.0.10/32"];

/** A peer of a NetworkPolicy by its addresses. */
export const ipBlock = (cidr: string, except?: readonly string[]) => ({
  ipBlock: { cidr, ...(except ? { except } : {}) },
});

/** Ports of a NetworkPolicy. */
export const ports = (protocol: string, ...numbers: readonly number[]) => numbers.map((port) => ({ protocol, port }));

/** A peer of a NetworkPolicy: all pods of a namespace. */
export const namespace = (name: string) => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
});

/** Egress to whoever answers names. */
export const dns = () => ({
  to: [
    {
      ...namespace("kube-system"),
      podSelector: { matchExpressions: [{ key: "k8s-app", operator: "In", values: ["kube-dns", "node-local-dns"] }] },
    },
    ...DNS_ADDRESSES.map((cidr) => ipBlock(cidr)),
  ],
  ports: [...ports("UDP", 53), ...ports("TCP", 53)],
});
