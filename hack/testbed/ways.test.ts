import { describe, expect, it } from "vitest";
import { chooseWay, contextFor } from "./ways.ts";

describe("chooseWay", () => {
  it.each([
    [{}, { way: "local", assets: undefined }],
    [{ CLUSTER: "" }, { way: "local", assets: undefined }],
    [{ CLUSTER: "local" }, { way: "local", assets: undefined }],
    [{ KUBEBUILDER_ASSETS: "/assets" }, { way: "local", assets: "/assets" }],
    [{ KUBEBUILDER_ASSETS: "" }, { way: "local", assets: undefined }],
    [{ CLUSTER: "kind", KUBEBUILDER_ASSETS: "/assets" }, { way: "kind" }],
    [{ CLUSTER: "existing", KUBECONFIG: "/config" }, { way: "existing" }],
  ])("%j", (env, way) => {
    expect(chooseWay(env).way).toEqual(way);
  });

  it("never turns to a cluster only because KUBECONFIG is set, and says so", () => {
    const { way, says } = chooseWay({ KUBECONFIG: "/home/me/.kube/production" });
    expect(way.way).toBe("local");
    expect(says).toContain("KUBECONFIG is set, and left alone");
  });

  it("says what was taken and what else there is", () => {
    expect(chooseWay({}).says).toMatch(/built from source.*CLUSTER=kind.*CLUSTER=existing/);
    expect(chooseWay({ KUBEBUILDER_ASSETS: "/assets" }).says).toContain("KUBEBUILDER_ASSETS (/assets)");
    expect(chooseWay({ CLUSTER: "existing", KUBECONFIG: "/config" }).says).toContain("KUBECONFIG (/config)");
  });

  it("refuses what it does not know, naming what it does", () => {
    expect(() => chooseWay({ CLUSTER: "minikube" })).toThrow(/"minikube".*local, kind, existing/);
    expect(() => chooseWay({ CLUSTER: "constructor" })).toThrow(/"constructor"/);
  });
});

describe("contextFor", () => {
  it("takes the context of the cluster's name", () => {
    expect(contextFor("eks", ["gke", "eks"], {})).toBe("eks");
  });

  it("takes the context that the environment names", () => {
    expect(contextFor("gke", ["eks", "staging"], { CONTEXT_GKE: "staging" })).toBe("staging");
  });

  it("never falls back to another one", () => {
    expect(() => contextFor("gke", ["production"], {})).toThrow(/no context "gke"; it has production. Set CONTEXT_GKE/);
    expect(() => contextFor("eks", [], {})).toThrow(/it has none/);
  });
});
