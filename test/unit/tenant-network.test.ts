import { describe, expect, it } from "vitest";
import { onyxservice } from "../../controllers/composite/onyxservice.ts";
import { tenant } from "../../controllers/composite/tenant.ts";
import { seenWith } from "../../controllers/composite/testing/seen.ts";
import { onyxService } from "../../crds/onyxservice.ts";
import { type TenantSpecInput, tenant as tenantKind } from "../../crds/tenant.ts";
import type { Child, Composed, InvalidSpec } from "../../operator/reconcile/composite-object.ts";
import { type End, type Packet, type Policy, passes } from "../support/packet-filter.ts";

/** Two tenants, and what a packet between their pods meets: policies read as a packet filter reads them. */
function policiesIn(composed: Composed | InvalidSpec, namespace: string): readonly Policy[] {
  if ("invalid" in composed) throw new Error(composed.invalid.message);
  return (composed.children as readonly Child[])
    .filter(({ object }) => object.kind === "NetworkPolicy")
    .map(({ object }) => ({ ...object, metadata: { namespace } }) as unknown as Policy);
}
const ofTenant = (name: string, network?: TenantSpecInput["network"]) =>
  policiesIn(
    tenant.compose(
      tenantKind.spec.parse({ isolation: "Namespace", ...(network ? { network } : {}) }),
      seenWith({ name, tenancy: { namespace: "platform" } }),
    ),
    `tenant-${name}`,
  );
const ofService = (namespace: string, name: string, spec: object) =>
  policiesIn(
    onyxservice.compose(
      onyxService.spec.parse({ image: "a:1", health: { none: "It is never run." }, ...spec }),
      seenWith({ name }),
    ),
    namespace,
  );

const pod = (namespace: string, labels: Readonly<Record<string, string>> = {}): End => ({ namespace, labels });
const service = (namespace: string, name: string): End => pod(namespace, { "onyx.onelens.io/service": name });
const at = (address: string): End => ({ address });
const tcp = (from: End, to: End, port = 8080): Packet => ({ from, to, protocol: "TCP", port });
const dnsPod = pod("kube-system", { "k8s-app": "kube-dns" });
const DNS: Omit<Packet, "from"> = { to: dnsPod, protocol: "UDP", port: 53 };

describe("pods of a tenant", () => {
  const closed = [...ofTenant("acme"), ...ofTenant("other")];

  it.each([
    ["a pod of another tenant", tcp(pod("tenant-acme"), pod("tenant-other"))],
    ["a pod of their own namespace", tcp(pod("tenant-acme"), pod("tenant-acme"))],
    ["a pod of the platform", tcp(pod("tenant-acme"), pod("platform"))],
    ["the API server", tcp(pod("tenant-acme"), at("10.100.0.1"), 443)],
    ["the internet", tcp(pod("tenant-acme"), at("192.0.2.1"), 443)],
    ["the machine's credentials", tcp(pod("tenant-acme"), at("169.254.169.254"), 80)],
    ["what listens beside DNS", tcp(pod("tenant-acme"), dnsPod, 9153)],
  ])("can't reach %s", (_, packet) => {
    expect(passes(closed, packet)).toBe(false);
  });

  it.each([
    ["another tenant", pod("tenant-other")],
    ["the platform", pod("platform")],
    ["outside", at("192.0.2.1")],
  ])("can't be reached from %s", (_, from) => {
    expect(passes(ofTenant("acme"), tcp(from, pod("tenant-acme")))).toBe(false);
  });

  it("can ask for names", () => {
    expect(passes(closed, { from: pod("tenant-acme"), ...DNS })).toBe(true);
    expect(passes(closed, { from: pod("tenant-acme"), ...DNS, protocol: "TCP" })).toBe(true);
  });
});

describe("what spec.network opens", () => {
  it("is the namespace itself", () => {
    const open = [...ofTenant("acme", { withinNamespace: "Allow" }), ...ofTenant("other")];
    expect(passes(open, tcp(pod("tenant-acme"), pod("tenant-acme")))).toBe(true);
    expect(passes(open, tcp(pod("tenant-acme"), pod("tenant-other")))).toBe(false);
    expect(passes(open, tcp(pod("tenant-other"), pod("tenant-acme")))).toBe(false);
  });

  it("is the way in from a gateway, and no way out to it", () => {
    const open = ofTenant("acme", { allowFrom: ["gateway"] });
    expect(passes(open, tcp(pod("gateway"), pod("tenant-acme")))).toBe(true);
    expect(passes(open, tcp(pod("tenant-acme"), pod("gateway")))).toBe(false);
  });
});

describe("what a service of the tenant opens", () => {
  const open = [
    ...ofTenant("acme"),
    ...ofTenant("other"),
    ...ofService("tenant-acme", "api", {
      ports: [{ name: "http", port: 8080 }],
      network: { allowFrom: [{ service: "web" }] },
    }),
    ...ofService("tenant-acme", "web", { network: { allowTo: [{ service: "api", ports: [8080] }] } }),
    ...ofService("tenant-acme", "worker", { bindings: [{ queue: "jobs", access: "Consume" }] }),
    ...ofService("tenant-other", "spy", {
      network: { allowTo: [{ namespace: "tenant-acme", service: "api" }, { namespace: "tenant-acme" }] },
    }),
  ];

  it("is what both ends say", () => {
    expect(passes(open, tcp(service("tenant-acme", "web"), service("tenant-acme", "api")))).toBe(true);
    expect(passes(open, tcp(service("tenant-acme", "web"), service("tenant-acme", "api"), 22))).toBe(false);
    expect(passes(open, tcp(service("tenant-acme", "worker"), service("tenant-acme", "api")))).toBe(false);
  });

  it("is the cloud, for one that is bound to something there, and no private address", () => {
    const worker = service("tenant-acme", "worker");
    expect(passes(open, tcp(worker, at("192.0.2.1"), 443))).toBe(true);
    expect(passes(open, tcp(worker, at("10.0.0.5"), 443))).toBe(false);
    expect(passes(open, tcp(worker, at("169.254.169.254"), 80))).toBe(false);
    expect(passes(open, tcp(service("tenant-acme", "web"), at("192.0.2.1"), 443))).toBe(false);
  });

  it("is nothing to another tenant, whatever that one opens on its side", () => {
    expect(passes(open, tcp(service("tenant-other", "spy"), service("tenant-acme", "api")))).toBe(false);
    // Nor by calling itself what the other lets in: that is a name within a namespace.
    expect(passes(open, tcp(service("tenant-other", "web"), service("tenant-acme", "api")))).toBe(false);
  });
});
