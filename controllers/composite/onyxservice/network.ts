import type { OnyxServiceSpec } from "../../../crds/onyxservice.ts";
import type { Child, Seen } from "../../../operator/reconcile/composite-object.ts";
import { labelsOf, selectorOf } from "./names.ts";

type Network = NonNullable<OnyxServiceSpec["network"]>;
type Caller = NonNullable<Network["allowFrom"]>[number];
type Callee = NonNullable<Network["allowTo"]>[number];

/** What no cloud's API has as an address: private and link-local networks. */
const PRIVATE_V4 = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"];
const PRIVATE_V6 = ["fc00::/7", "fe80::/10"];

/**
 * Where pods ask for names on either cloud, as one list for both: the DNS pods; NodeLocal DNSCache; Cloud DNS for GKE;
 * the cluster's DNS address in the two service ranges that EKS gives, for Auto Mode, where DNS is no pod.
 */
const DNS_ADDRESSES = ["169.254.20.10/32", "169.254.169.254/32", "10.100.0.10/32", "172.20.0.10/32"];

const ipBlock = (cidr: string, except?: readonly string[]) => ({ ipBlock: { cidr, ...(except ? { except } : {}) } });
const ports = (protocol: string, ...numbers: readonly number[]) => numbers.map((port) => ({ protocol, port }));
const namespace = (name: string) => ({ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } });

/** Closed but for DNS, what bindings need, and what spec.network opens. */
export function networkPolicy(spec: OnyxServiceSpec, seen: Seen): Child {
  const ingress = incoming(spec);
  return {
    id: "network",
    object: {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: seen.name, labels: labelsOf(seen.name, spec) },
      spec: {
        podSelector: { matchLabels: selectorOf(seen.name) },
        policyTypes: ["Ingress", "Egress"],
        ...(ingress.length > 0 ? { ingress } : {}),
        egress: [dns(), ...((spec.bindings ?? []).length > 0 ? cloud(seen) : []), ...outgoing(spec)],
      },
    },
  };
}

const dns = () => ({
  to: [
    {
      ...namespace("kube-system"),
      podSelector: { matchExpressions: [{ key: "k8s-app", operator: "In", values: ["kube-dns", "node-local-dns"] }] },
    },
    ...DNS_ADDRESSES.map((cidr) => ipBlock(cidr)),
  ],
  ports: [...ports("UDP", 53), ...ports("TCP", 53)],
});

/** The cloud's APIs, which have no fixed addresses, and the endpoint that hands out credentials. */
const cloud = (seen: Seen) => [
  { to: [ipBlock("0.0.0.0/0", PRIVATE_V4), ipBlock("::/0", PRIVATE_V6)], ports: ports("TCP", 443) },
  ...seen.environment.platform.credentialEgress(),
];

function incoming(spec: OnyxServiceSpec) {
  const from = (spec.network?.allowFrom ?? []).map(peer);
  const open = (spec.ports ?? []).flatMap(({ port, protocol }) => ports(protocol ?? "TCP", port));
  return from.length > 0 && open.length > 0 ? [{ from, ports: open }] : [];
}

const outgoing = (spec: OnyxServiceSpec) =>
  (spec.network?.allowTo ?? []).map((callee: Callee) => ({
    to: [callee.cidr === undefined ? peer(callee) : ipBlock(callee.cidr)],
    ...(callee.ports && callee.ports.length > 0
      ? { ports: ports("TCP", ...callee.ports.toSorted((a, b) => a - b)) }
      : {}),
  }));

const peer = (one: Pick<Caller, "service" | "namespace">) => ({
  ...(one.namespace === undefined ? {} : namespace(one.namespace)),
  ...(one.service === undefined ? {} : { podSelector: { matchLabels: selectorOf(one.service) } }),
});
