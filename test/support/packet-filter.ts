import { BlockList } from "node:net";

/** A pod, or an address outside of the cluster. */
export type End =
  | { readonly namespace: string; readonly labels: Readonly<Record<string, string>> }
  | { readonly address: string };

/** A connection that somebody tries to open. */
export interface Packet {
  readonly from: End;
  readonly to: End;
  readonly protocol: "TCP" | "UDP";
  readonly port: number;
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}
interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}
interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly protocol?: string; readonly port?: number }[];
}

/** A NetworkPolicy of networking.k8s.io/v1, as far as it decides. */
export interface Policy {
  readonly metadata: { readonly namespace?: string | undefined };
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly ("Ingress" | "Egress")[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}

/**
 * Whether policies let a connection through, as Kubernetes documents it: a pod that no policy of a direction selects is
 * open in that direction; else what any of them allows is allowed; both ends have to allow it. Namespaces carry the label
 * kubernetes.io/metadata.name.
 *
 * Source: https://kubernetes.io/docs/concepts/services-networking/network-policies
 */
export function passes(policies: readonly Policy[], packet: Packet): boolean {
  return (
    isAllowed(policies, "Egress", packet.from, packet.to, packet) &&
    isAllowed(policies, "Ingress", packet.to, packet.from, packet)
  );
}

function isAllowed(
  policies: readonly Policy[],
  direction: "Ingress" | "Egress",
  subject: End,
  other: End,
  packet: Packet,
): boolean {
  if ("address" in subject) return true;
  const selecting = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === subject.namespace &&
      spec.policyTypes.includes(direction) &&
      selects(spec.podSelector, subject.labels),
  );
  if (selecting.length === 0) return true;
  return selecting.some(({ metadata, spec }) =>
    (direction === "Ingress" ? spec.ingress : spec.egress)?.some((rule) => {
      const peers = direction === "Ingress" ? rule.from : rule.to;
      const isOpen = rule.ports === undefined || rule.ports.some((one) => isPort(one, packet));
      return isOpen && (peers === undefined || peers.some((peer) => isPeer(peer, metadata.namespace ?? "", other)));
    }),
  );
}

const isPort = ({ protocol = "TCP", port }: { protocol?: string; port?: number }, packet: Packet): boolean =>
  protocol === packet.protocol && (port === undefined || port === packet.port);

function isPeer({ podSelector, namespaceSelector, ipBlock }: Peer, home: string, end: End): boolean {
  if (ipBlock) return "address" in end && isWithin(end.address, ipBlock);
  if ("address" in end) return false;
  const isThere = namespaceSelector
    ? selects(namespaceSelector, { "kubernetes.io/metadata.name": end.namespace })
    : end.namespace === home;
  return isThere && (podSelector === undefined || selects(podSelector, end.labels));
}

function isWithin(address: string, { cidr, except = [] }: NonNullable<Peer["ipBlock"]>): boolean {
  const holds = (range: string) => {
    const [network = "", prefix = ""] = range.split("/");
    const family = network.includes(":") ? "ipv6" : "ipv4";
    const list = new BlockList();
    list.addSubnet(network, Number(prefix), family);
    return family === (address.includes(":") ? "ipv6" : "ipv4") && list.check(address, family);
  };
  return holds(cidr) && !except.some(holds);
}

function selects(
  { matchLabels = {}, matchExpressions = [] }: Selector,
  labels: Readonly<Record<string, string>>,
): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      if (operator !== "In") throw new Error(`The filter does not know the operator ${operator}.`);
      return values.includes(labels[key] ?? "");
    })
  );
}
