import { describe, expect, it } from "vitest";
import { neededArtifacts, requireAssets } from "./binaries.ts";
import { certificatePlan } from "./certificates.ts";
import { apiserver, type ClusterPorts } from "./components.ts";
import { pointWebhooksAt } from "./keda.ts";
import { firstIPv4, kindCommands } from "./kind.ts";
import { type Flavor, fakeNodes } from "./nodes.ts";

const ports: ClusterPorts = {
  etcd: 1,
  etcdPeer: 2,
  apiserver: 3,
  controllerManager: 4,
  scheduler: 5,
  kwok: 6,
  metricsServer: 7,
};

describe("kube-apiserver's arguments", () => {
  const plain = { serviceAccounts: true, featureGates: {}, enableAdmission: [], disableAdmission: [], extraArgs: [] };
  const args = (options: Partial<typeof plain>) => apiserver(ports, { ...plain, ...options })("kube-apiserver").args;

  it("leave the ServiceAccount admission out where no controller makes ServiceAccounts", () => {
    expect(args({ serviceAccounts: false })).toContain("--disable-admission-plugins=ServiceAccount");
    expect(args({}).join(" ")).not.toContain("--disable-admission-plugins");
  });

  it("carry what a test asks for, its own arguments last so that they win", () => {
    const asked = args({
      featureGates: { A: true, B: false } as Record<string, boolean>,
      disableAdmission: ["X"] as never[],
      extraArgs: ["--profiling=true"] as never[],
    });
    expect(asked).toContain("--feature-gates=A=true,B=false");
    expect(asked).toContain("--disable-admission-plugins=X");
    expect(asked.at(-1)).toBe("--profiling=true");
  });
});

describe("neededArtifacts", () => {
  it("builds no control plane for a light cluster from KUBEBUILDER_ASSETS", () => {
    expect(neededArtifacts(new Set(), "/assets")).toEqual(["pki"]);
    expect(neededArtifacts(new Set(["nodes"]), "/assets")).toEqual(["pki", "controlplane"]);
  });

  it("builds KEDA only where it is asked for", () => {
    expect(neededArtifacts(new Set(), undefined)).toEqual(["pki", "controlplane"]);
    expect(neededArtifacts(new Set(["keda"]), undefined)).toEqual(["pki", "controlplane", "keda"]);
  });
});

describe("requireAssets", () => {
  it("names what KUBEBUILDER_ASSETS lacks", () => {
    const check = () => requireAssets("/assets", (path) => path === "/assets/etcd");
    expect(check).toThrow(/no kube-apiserver, no kubectl.*setup-envtest/);
    expect(() => requireAssets("/assets", () => true)).not.toThrow();
  });
});

describe("certificatePlan", () => {
  it("signs every leaf by an authority of the plan, each under a name of its own", () => {
    const plan = certificatePlan("eks");
    const authorities = plan.authorities.map(({ name }) => name);
    expect(plan.leaves.filter(({ authority }) => !authorities.includes(authority))).toEqual([]);
    expect(new Set(plan.leaves.map(({ name }) => name)).size).toBe(plan.leaves.length);
  });
});

interface Node {
  metadata: { name: string; labels: Record<string, string> };
  spec: { providerID: string };
}

describe("fakeNodes", () => {
  const nodes = (flavor: Flavor) => fakeNodes(flavor, "c", 4, "v1.37.2") as Node[];
  const ZONE = "topology.kubernetes.io/zone";

  it.each([
    ["eks", ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1a"], /^aws:\/\/\/us-east-1[abc]\/i-[0-9a-f]{17}$/],
    [
      "gke",
      ["us-central1-a", "us-central1-b", "us-central1-c", "us-central1-a"],
      /^gce:\/\/[a-z-]+\/us-central1-[abc]\/gke-/,
    ],
  ] as const)("of %s lie in three zones and have ids of their own", (flavor, zones, id) => {
    expect(nodes(flavor).map(({ metadata }) => metadata.labels[ZONE])).toEqual(zones);
    expect(new Set(nodes(flavor).map(({ spec }) => spec.providerID)).size).toBe(4);
    expect(new Set(nodes(flavor).map(({ metadata }) => metadata.name)).size).toBe(4);
    for (const { spec } of nodes(flavor)) expect(spec.providerID).toMatch(id);
  });
});

describe("pointWebhooksAt", () => {
  it("sets port and authority, and keeps the path", () => {
    const service = { name: "keda-admission-webhooks", namespace: "keda", path: "/validate" };
    const before = { apiVersion: "v1", kind: "K", metadata: { name: "n" }, webhooks: [{ clientConfig: { service } }] };
    expect(pointWebhooksAt(before, 9443, "PEM").webhooks[0]?.clientConfig).toEqual({
      caBundle: Buffer.from("PEM").toString("base64"),
      service: { ...service, port: 9443 },
    });
  });
});

describe("kind", () => {
  const commands = kindCommands("onyx-eks", "/run/eks", { kwok: "v0.8.0", keda: "v2.21.0" }, { A: "1" });
  const indexOf = (text: string): number => commands.findIndex((command) => command.join(" ").includes(text));

  it("lets KEDA start before the only real node is closed to pods", () => {
    expect(indexOf("keda-2.21.0.yaml")).toBeLessThan(indexOf("set env deployment/keda-operator A=1"));
    expect(indexOf("set env")).toBeLessThan(indexOf("--for=condition=Available"));
    expect(indexOf("--for=condition=Available")).toBeLessThan(indexOf("taint nodes"));
    expect(indexOf("taint nodes")).toBeLessThan(indexOf("/run/eks/nodes.yaml"));
  });

  it("finds the IPv4 gateway of its network", () => {
    expect(firstIPv4("fc00:f853:ccd:e793::1\n172.18.0.1\n\n")).toBe("172.18.0.1");
    expect(() => firstIPv4("fc00::1\n")).toThrow(/no IPv4 gateway/);
  });
});
