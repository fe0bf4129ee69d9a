import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KubeObject } from "../reconcile/object.ts";
import { compareObjects } from "./compare.ts";
import { PARITY_RULES, type ParityRule } from "./rules.ts";

const queue = (over: Record<string, unknown> = {}, status: Record<string, unknown> = {}): KubeObject =>
  ({
    apiVersion: "onyx.onelens.io/v1alpha1",
    kind: "Queue",
    metadata: { name: "orders", namespace: "shop", uid: "1", resourceVersion: "7" },
    spec: { retention: "96h", ...over },
    status: {
      observedGeneration: 3,
      conditions: [{ type: "Ready", status: "True", reason: "Available" }],
      outputs: { QUEUE_ID: "a" },
      effective: { retentionSeconds: 345600, tags: { team: "shop" } },
      ...status,
    },
  }) as KubeObject;

const differences = (a: KubeObject, b: KubeObject, rules: readonly ParityRule[] = PARITY_RULES) =>
  compareObjects([a], [b], rules).objects[0]!.differences.map(({ path, rule }) => [path.join("."), rule]);

describe("compareObjects", () => {
  it.each<[string, KubeObject, unknown[]]>([
    ["the same", queue(), []],
    [
      "what each cluster gives its objects",
      { ...queue(), metadata: { name: "orders", namespace: "shop", uid: "2" } },
      [],
    ],
    [
      "another value of an output",
      queue({}, { outputs: { QUEUE_ID: "b" } }),
      [["status.outputs.QUEUE_ID", "cloud-ids"]],
    ],
    ["an output less", queue({}, { outputs: {} }), [["status.outputs.QUEUE_ID", undefined]]],
    ["another spec", queue({ retention: "1h" }), [["spec.retention", undefined]]],
    [
      "another effective value",
      queue({}, { effective: { retentionSeconds: 60, tags: { team: "shop" } } }),
      [["status.effective.retentionSeconds", undefined]],
    ],
    [
      "another effective value that the cloud says is a deviation",
      queue({}, { effective: { retentionSeconds: 60, tags: { team: "shop" } }, deviations: [{ field: "retention" }] }),
      [["status.effective.retentionSeconds", "deviation"]],
    ],
    [
      "not Ready",
      queue({}, { conditions: [{ type: "Ready", status: "False", reason: "Throttled" }] }),
      [["status.ready", undefined]],
    ],
    [
      "a default tag",
      queue({}, { effective: { retentionSeconds: 345600, tags: { team: "shop", env: "x" } } }),
      [["status.effective.tags.env", "default-tags"]],
    ],
  ])("%s", (_, other, found) => expect(differences(queue(), other)).toEqual(found));

  it("tells an object that is on one side only", () => {
    const parity = compareObjects([queue()], [], PARITY_RULES);
    expect(parity.equal).toBe(false);
    expect(parity.objects).toMatchObject([
      { kind: "Queue", name: "orders", verdict: "different", differences: [{ path: [], a: "there", b: undefined }] },
    ]);
  });

  it("counts what each rule allowed, those that never did as well", () => {
    const { equal, rules } = compareObjects([queue()], [queue({}, { outputs: { QUEUE_ID: "b" } })], PARITY_RULES);
    expect(equal).toBe(true);
    expect(rules.filter((rule) => rule.used > 0).map((rule) => [rule.name, rule.used])).toEqual([["cloud-ids", 1]]);
    expect(rules.map((rule) => rule.name)).toEqual([...new Set(PARITY_RULES.map((rule) => rule.name))]);
  });

  it("knows a Job by its service, as its name ends in a hash over pods that differ", () => {
    const job = (name: string): KubeObject => ({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name, namespace: "shop", labels: { "onyx.onelens.io/service": "load" } },
    });
    expect(compareObjects([job("load-0a1b2c3d")], [job("load-ffffffff")], []).objects).toMatchObject([
      { name: "load-*", verdict: "same" },
    ]);
    expect(compareObjects([job("load-0a1b2c3d")], [job("other-ffffffff")], []).equal).toBe(false);
  });

  it("takes equal quantities and lists by name in another order as the same", () => {
    const deployment = (cpu: string, ...names: string[]): KubeObject => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "a" },
      spec: { resources: { requests: { cpu } }, env: names.map((name) => ({ name })) },
    });
    expect(differences(deployment("1", "A", "B"), deployment("1000m", "B", "A"))).toEqual([]);
    expect(differences(deployment("1", "A"), deployment("2", "A", "B"))).toEqual([
      ["spec.env.B", undefined],
      ["spec.resources.requests.cpu", undefined],
    ]);
  });

  it("compares only what we applied where the API server says so", () => {
    const live = (extra: object): KubeObject =>
      ({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: {
          name: "a",
          namespace: "shop",
          labels: { mine: "1", theirs: String(Object.keys(extra).length) },
          managedFields: [
            { manager: "kubectl", operation: "Update", fieldsV1: { "f:spec": { "f:paused": {} } } },
            {
              manager: "onyx-operator/onyxservice",
              operation: "Apply",
              fieldsV1: {
                "f:metadata": { "f:labels": { "f:mine": {} } },
                "f:spec": {
                  "f:containers": { 'k:{"name":"app"}': { ".": {}, "f:name": {}, "f:args": {}, "f:resources": {} } },
                  "f:finalizers": { 'v:"mine"': {} },
                },
              },
            },
          ],
        },
        spec: {
          containers: [{ name: "app", args: ["x"], resources: { limits: { cpu: "1" } }, ...extra }, { name: "mesh" }],
          finalizers: ["mine", "theirs"],
          ...extra,
        },
      }) as unknown as KubeObject;
    expect(differences(live({ replicas: 3, paused: true }), live({}))).toEqual([]);
    expect(differences(live({ args: ["y"] }), live({}))).toEqual([["spec.containers.app.args", undefined]]);
  });

  it("is the same with the sides swapped", () => {
    const objects = fc.array(
      fc.record({
        apiVersion: fc.constant("v1"),
        kind: fc.constantFrom("ConfigMap", "ServiceAccount"),
        metadata: fc.record({ name: fc.constantFrom("a", "b-bindings") }),
        data: fc.dictionary(fc.constantFrom("A", "B", "constructor"), fc.constantFrom("1", "2")),
      }),
      { maxLength: 3 },
    ) as unknown as fc.Arbitrary<KubeObject[]>;
    fc.assert(
      fc.property(objects, objects, (a, b) => {
        const [there, back] = [compareObjects(a, b, PARITY_RULES), compareObjects(b, a, PARITY_RULES)];
        expect(back.equal).toBe(there.equal);
        expect(back.rules).toEqual(there.rules);
        expect(back.objects.map((one) => one.differences.map((found) => [found.path, found.b, found.a]))).toEqual(
          there.objects.map((one) => one.differences.map((found) => [found.path, found.a, found.b])),
        );
        expect(compareObjects(a, structuredClone(a), []).equal).toBe(true);
      }),
    );
  });
});

describe("the rules", () => {
  it("have a reason that people can read, and kinds", () => {
    for (const { name, kinds, reason } of PARITY_RULES) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(kinds.length).toBeGreaterThan(0);
      expect(reason).toMatch(/^[A-Z].*\.$/);
    }
  });

  it.each([
    ["exact", ["data", "A"], ["data.A"]],
    ["any text in a segment", ["data", "*"], ["data.A", "data.AB"]],
    ["text around it", ["data", "A*"], ["data.A", "data.AB"]],
    ["everything below", ["**"], ["data.A", "data.AB"]],
    ["too short", ["data"], []],
  ])("path: %s", (_, path, allowed) => {
    const config = (data: object): KubeObject =>
      ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data }) as unknown as KubeObject;
    const rule: ParityRule = { name: "r", kinds: ["ConfigMap"], path, reason: "" };
    const found = differences(config({ A: "1", AB: "1" }), config({ A: "2", AB: "2" }), [rule]);
    expect(found.flatMap(([where, by]) => (by ? [where] : []))).toEqual(allowed);
  });
});

describe("what spec.overrides asks of one cloud", () => {
  const topic = (effective: object, gcp: object = { messageStorage: { regions: ["europe-west1"] } }) =>
    ({
      apiVersion: "onyx.onelens.io/v1alpha1",
      kind: "Topic",
      metadata: { name: "audit", namespace: "shop", uid: "1" },
      spec: { overrides: { gcp } },
      status: { effective },
    }) as unknown as KubeObject;
  it.each([
    ["is allowed to be on one side only", { messageStorage: { regions: ["europe-west1"] } }, "allowed"],
    ["allows nothing else", { ordered: true }, "different"],
  ])("%s", (_, effective, verdict) => {
    const parity = compareObjects([topic({})], [topic(effective)], PARITY_RULES);
    expect(parity.objects.map((one) => one.verdict)).toEqual([verdict]);
  });
  it("allows nothing where spec does not ask it", () => {
    const effective = { messageStorage: { regions: ["europe-west1"] } };
    expect(compareObjects([topic({}, {})], [topic(effective, {})], PARITY_RULES).equal).toBe(false);
  });
});
