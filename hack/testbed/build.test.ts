import { describe, expect, it } from "vitest";
import { controlplaneVersions } from "./artifacts.ts";
import { contentKey } from "./build.ts";
import { requiredVersion } from "./gobuild.ts";
import { cacheFolder } from "./host.ts";

const files = new Map([
  ["go.mod", "module a"],
  ["main.go", "package main"],
]);

describe("contentKey", () => {
  it("is the same for the same files in another order", () => {
    expect(contentKey(new Map([...files].reverse()), "go1.26")).toBe(contentKey(files, "go1.26"));
  });

  it.each([
    ["a file's content", new Map(files).set("main.go", "package other"), "go1.26"],
    ["a new file", new Map(files).set("new.go", ""), "go1.26"],
    [
      "a file's name",
      new Map([
        ["go.mod", "module a"],
        ["x.go", "package main"],
      ]),
      "go1.26",
    ],
    ["the compiler", files, "go1.27"],
  ])("changes with %s", (_what, changed, identity) => {
    expect(contentKey(changed, identity)).not.toBe(contentKey(files, "go1.26"));
  });

  it("is not fooled by text that moves from one file to the next", () => {
    expect(contentKey(new Map([["a", "bc"]]), "")).not.toBe(contentKey(new Map([["ab", "c"]]), ""));
  });
});

describe("requiredVersion", () => {
  const goMod =
    "require (\n\tk8s.io/kubernetes v1.37.2\n\tk8s.io/kubernetes-not v9.9.9 // indirect\n)\nrequire one.io/x v0.1.0\n";

  it("reads a version from a block and from a line of its own", () => {
    expect(requiredVersion(goMod, "k8s.io/kubernetes")).toBe("v1.37.2");
    expect(requiredVersion(goMod, "one.io/x")).toBe("v0.1.0");
  });

  it("says which module is not there", () => {
    expect(() => requiredVersion(goMod, "k8s.io/kube")).toThrow("go.mod requires no k8s.io/kube");
  });
});

describe("controlplaneVersions", () => {
  it("tells each program its version", () => {
    const goMod = "\tk8s.io/kubernetes v1.37.2\n\thelm.sh/helm/v4 v4.3.1\n\tsigs.k8s.io/metrics-server v0.9.0\n";
    const flags = controlplaneVersions(goMod);
    expect(flags).toContain("-X k8s.io/component-base/version.gitVersion=v1.37.2");
    expect(flags).toContain("-X k8s.io/component-base/version.gitMinor=37");
    expect(flags).toContain("-X helm.sh/helm/v4/internal/version.version=v4.3.1");
  });
});

describe("cacheFolder", () => {
  it.each([
    [{}, "/home/me/.cache/onyx"],
    [{ XDG_CACHE_HOME: "/cache" }, "/cache/onyx"],
    [{ XDG_CACHE_HOME: "" }, "/home/me/.cache/onyx"],
    [{ XDG_CACHE_HOME: "relative" }, "/home/me/.cache/onyx"],
  ])("with %j is %s", (env, folder) => {
    expect(cacheFolder(env, "/home/me")).toBe(folder);
  });
});
