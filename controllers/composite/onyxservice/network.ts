import type { OnyxServiceSpec } from "../../../crds/onyxservice.ts";
import type { Child, Seen } from "../../../operator/reconcile/composite-object.ts";
import { dns, ipBlock, namespace, PRIVATE_V4, PRIVATE_V6, ports } from "../network.ts";
import { labelsOf, selectorOf } from "./names.ts";

type Network = NonNullable<OnyxServiceSpec["network"]>;
type Caller = NonNullable<Network["allowFrom"]>[number];
type Callee = NonNullable<Network["allowTo"]>[number];

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
