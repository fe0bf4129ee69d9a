import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uses } from "../../controllers/composite/onyxservice/uses.ts";
import { findBinaries } from "../../hack/testbed/binaries.ts";
import { type Cluster, startCluster, thisHost } from "../../hack/testbed/index.ts";
import { decideChild, type Parent } from "../../operator/reconcile/children.ts";
import { typeOfChild } from "../../operator/reconcile/composite-controller.ts";
import { kindOf, type Manifest, refOf } from "../../operator/reconcile/composite-object.ts";
import { refusal } from "../../operator/reconcile/composite-refusal.ts";
import type { KubeObject } from "../../operator/reconcile/object.ts";
import type { ResourceType, KubeObject as Served } from "../../operator/runtime/resource.ts";
import { type Api, apiOf } from "../support/api.ts";
import { objectsOf } from "../support/composing.ts";
import { exampleServices } from "../support/examples.ts";
import { applyTo, installKinds } from "../support/managed.ts";
import { MANY } from "../support/many-services.ts";

/** What an OnyxService is made of, before a real API server: no controllers, so nothing but it changes anything. */
const NAMESPACE = "restricted";
const MANAGER = "onyx-operator/onyxservice";
const CLOUDS = ["aws", "gcp"] as const;

const services = [
  ...exampleServices().map(({ file, name, spec }) => ({ title: file, name, spec })),
  ...Object.entries(MANY).map(([name, spec]) => ({ title: name, name, spec })),
];
const cases = CLOUDS.flatMap((cloud) => services.map((one) => ({ ...one, cloud, title: `${one.title} on ${cloud}` })));

const parent: Parent = {
  apiVersion: "onyx.onelens.io/v1alpha1",
  kind: "OnyxService",
  namespace: NAMESPACE,
  name: "parent",
  uid: "00000000-0000-0000-0000-000000000001",
};

let cluster: Cluster;
let api: Api;

beforeAll(async () => {
  cluster = await startCluster({ name: "composite" });
  api = apiOf(cluster);
  const { keda } = await findBinaries(thisHost(), new Set(["keda"]), undefined);
  await installKinds(cluster, join(keda, "crds"));
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  await applyTo(cluster, { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE, labels } });
}, 300_000);

afterAll(async () => {
  await api?.transport.close();
  await cluster?.stop();
});

function typeOf(object: Manifest): ResourceType {
  const kind = kindOf(uses, refOf(object));
  if (!kind) throw new Error(`${object.kind} is not declared`);
  return typeOfChild(kind);
}

const apply = (object: Manifest, over: { fieldManager?: string; dryRun?: boolean } = {}): Promise<Served> =>
  api.client.patch(typeOf(object), { namespace: NAMESPACE, name: object.metadata.name }, object, {
    as: "apply",
    force: true,
    fieldManager: MANAGER,
    fieldValidation: "Strict",
    ...over,
  });
const get = (object: Manifest): Promise<Served> =>
  api.client.get(typeOf(object), { namespace: NAMESPACE, name: object.metadata.name });
const made = (title: (typeof cases)[number]) =>
  objectsOf(title.cloud, title.name, title.spec, { ...parent, name: title.name });

interface Pods {
  readonly template?: { readonly metadata: object; readonly spec: object };
  readonly jobTemplate?: { readonly spec: Pods };
}
const podOf = (spec: Pods | undefined): { metadata: object; spec: object } | undefined =>
  spec?.template ?? (spec?.jobTemplate && podOf(spec.jobTemplate.spec));

describe.each(cases)("$title", (one) => {
  const objects = made(one);

  it("is taken by the API server, no field unknown, in a restricted namespace", async () => {
    for (const object of objects) {
      await apply(object, { dryRun: true });
      const pod = podOf(object.spec as Pods | undefined);
      if (!pod) continue;
      const metadata = { ...pod.metadata, name: "pod" };
      await api.client.create(POD, NAMESPACE, { metadata, spec: pod.spec } as never, {
        dryRun: true,
        fieldValidation: "Strict",
      });
    }
  });

  it("is as it should be once it is applied, whatever the API server filled in, and stays untouched the second time", async () => {
    for (const object of objects) {
      const first = await apply(object);
      expect(decideChild(object, (await get(object)) as KubeObject, { ...parent, name: one.name })).toEqual({
        do: "none",
      });
      const second = await apply(object);
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    }
    await Promise.all(
      objects.map((object) =>
        api.client.delete(
          typeOf(object),
          { namespace: NAMESPACE, name: object.metadata.name },
          { propagationPolicy: "Background" },
        ),
      ),
    );
  });
});

const POD: ResourceType = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };

describe("server-side apply, as the composite counts on it", () => {
  const deployment = (name: string, replicas?: number): Manifest => {
    const [found] = objectsOf("aws", name, MANY["by-number"]!, { ...parent, name }).filter(
      (object) => object.kind === "Deployment",
    );
    const { replicas: _replicas, ...spec } = found!.spec as { replicas: number };
    return { ...found!, spec: replicas === undefined ? spec : { ...spec, replicas } };
  };
  const replicasOf = (object: unknown) => (object as { spec: { replicas: number } }).spec.replicas;

  it("with a uid never makes an object anew, nor touches another one", async () => {
    const object = deployment("with-uid", 1);
    const withUid = (uid: string): Manifest => ({ ...object, metadata: { ...object.metadata, uid } });
    await expect(apply(withUid(parent.uid))).rejects.toMatchObject({ status: 409 });
    const { uid } = (await apply(object)).metadata;
    const other = await apply(withUid(parent.uid)).catch((error: unknown) => error);
    expect(refusal(other, kindOf(uses, refOf(object))!)).toMatchObject({
      reason: "Conflict",
      next: { when: "backoff" },
    });
    await expect(apply(withUid(uid))).resolves.toMatchObject({ metadata: { uid } });
  });

  it("resets replicas that only we own and no longer say, unless they are handed over first", async () => {
    await apply(deployment("dropped", 5));
    expect(replicasOf(await apply(deployment("dropped")))).toBe(1);

    const { metadata } = await apply(deployment("handed-over", 5));
    const { apiVersion, kind } = deployment("handed-over");
    const left: Manifest = {
      apiVersion,
      kind,
      metadata: { name: "handed-over", namespace: NAMESPACE, uid: metadata.uid },
      spec: { replicas: 5 },
    };
    await apply(left, { fieldManager: `${MANAGER}/handover` });
    expect(replicasOf(await apply(deployment("handed-over")))).toBe(5);
  });

  it("refuses a second controller, so that nobody's child is taken", async () => {
    const object = deployment("taken", 1);
    await apply(object);
    const ownerReferences = object.metadata.ownerReferences!.map((one) => ({ ...one, name: "other", uid: NAMESPACE }));
    const stranger = { ...object, metadata: { ...object.metadata, ownerReferences } };
    await expect(apply(stranger, { fieldManager: "stranger" })).rejects.toMatchObject({ status: 422 });
  });
});
