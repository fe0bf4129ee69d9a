import { uses } from "../../controllers/composite/onyxservice/uses.ts";
import type { OnyxServiceSpecInput } from "../../crds/onyxservice.ts";
import type { Over } from "../../operator/provider/conformance/kind-under-test.ts";
import { byKind } from "../../operator/provider/conformance/tried.ts";
import { CHILD_MARKS, MANAGED_BY } from "../../operator/reconcile/children.ts";
import { typeOfChild } from "../../operator/reconcile/composite-controller.ts";
import type { ChildKind, CompositeObject } from "../../operator/reconcile/composite-object.ts";
import { condition } from "../../operator/reconcile/conditions.ts";
import { isNotFound } from "../../operator/runtime/errors.ts";
import type { KubeObject } from "../../operator/runtime/resource.ts";
import { ours } from "../support/managed.ts";
import { CONFIG_MAPS } from "../support/runtime.ts";
import { ownType } from "./collections.ts";
import type { Lane } from "./lane.ts";
import type { Living } from "./life.ts";
import { conditionsInWords, FIELD_MANAGER, liveSubject } from "./subject.ts";

/** A composite in a lane. */
export interface LiveComposite extends Living {
  /** What it is made of, as kind and name with what the operator says of each; whether status knows of it or not. */
  children(): Promise<ReadonlyMap<string, unknown>>;
}

/** An OnyxService in a lane, whose Deployment gets no pods: it is at rest once all that it is made of was applied. */
export interface LiveService extends LiveComposite {
  /** The ConfigMap of its configuration; without a uid where there is none. */
  configMap(): Promise<{ readonly uid?: string | undefined }>;
  deleteConfigMap(): Promise<void>;
}

/** Of every kind of child that needs nothing else in the namespace. */
const SPEC: OnyxServiceSpecInput = {
  image: "team/shop:1",
  config: { data: { LEVEL: "info" } },
  ports: [{ name: "http", port: 8080 }],
  health: { none: "there are no pods that could be asked" },
  resources: { requests: { cpu: "100m" } },
  scaling: { min: 2, max: 4, cpu: 70 },
};
/** One child changes, one comes and one goes. */
export const OTHER_SERVICE: Over = {
  image: "team/shop:2",
  config: { data: { LEVEL: "debug" } },
  replicas: 3,
  scaling: undefined,
  disruption: { maxUnavailable: 2 },
};

/** Makes the queue that a service is bound to: what is bound has an identity in the cloud. @returns the binding */
export async function boundQueue(lane: Lane, namespace: string): Promise<Over> {
  const queues = byKind(lane.kinds).get("Queue");
  if (!queues) throw new Error(`There is no Queue on ${lane.side.name}.`);
  const queue = liveSubject(lane, queues, namespace, "bound");
  await queue.apply();
  await lane.until("the queue that services are bound to", queue.isReady, { explain: queue.told });
  return { bindings: [{ queue: "bound", access: "Consume" }] };
}

/** @param always what its spec has besides, whatever is changed */
export function liveService(lane: Lane, namespace: string, name: string, always: Over = {}): LiveService {
  const type = ownType("OnyxService");
  const at = { namespace, name };
  const identities = byKind(lane.kinds).get("WorkloadIdentity");
  if (!identities) throw new Error(`There is no WorkloadIdentity on ${lane.side.name}.`);
  const identity = liveSubject(lane, identities, namespace, name);
  let last: CompositeObject | undefined;
  const find = async () => {
    const found = await lane.api.client.find<CompositeObject & KubeObject>(type, at);
    last = found ?? last;
    return found;
  };
  const children = () => childrenOf(lane, uses, { kind: type.kind, namespace, name });
  const configMap = { namespace, name };

  return {
    title: "OnyxService",
    async apply(over) {
      const spec = { ...SPEC, ...always, ...over, environmentRef: { name: lane.side.name } };
      await lane.api.client.patch(type, at, ours(type.kind, name, spec, namespace), {
        as: "apply",
        force: true,
        fieldManager: FIELD_MANAGER,
      });
    },
    remove: async () => void (await lane.api.client.delete(type, at)),
    async isReady() {
      const found = await find();
      const { status, metadata } = found ?? {};
      if (metadata === undefined || status?.observedGeneration !== metadata.generation) return false;
      // Where nothing is bound there is no identity.
      const bound = ((found?.spec as { readonly bindings?: readonly object[] } | undefined)?.bindings ?? []).length > 0;
      return condition(status?.conditions, "Synced")?.status === "True" && (!bound || (await identity.isReady()));
    },
    isGone: async () => (await find()) === undefined && (await children()).size === 0,
    count: () => identity.count(),
    told: () => conditionsInWords(last?.status?.conditions),
    children,
    configMap: async () => ({ uid: (await lane.api.client.find(CONFIG_MAPS, configMap))?.metadata.uid }),
    deleteConfigMap: async () => void (await lane.api.client.delete(CONFIG_MAPS, configMap)),
  };
}

/** Objects of those kinds which are controlled by a composite, or were. @param of without a namespace: in any */
export async function childrenOf(
  lane: Lane,
  uses: readonly ChildKind[],
  of: { readonly kind: string; readonly namespace?: string; readonly name: string },
): Promise<ReadonlyMap<string, unknown>> {
  const labelSelector = `${CHILD_MARKS.managedBy}=${MANAGED_BY}`;
  const listed = async (use: ChildKind): Promise<readonly KubeObject[]> => {
    try {
      const options = { namespace: of.namespace, labelSelector };
      return (await lane.api.client.list<KubeObject>(typeOfChild(use), options)).items;
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  };
  const found = (await Promise.all(uses.map(listed)))
    .flat()
    .filter(({ metadata }) =>
      (metadata.ownerReferences ?? []).some((owner) => owner.kind === of.kind && owner.name === of.name),
    );
  return new Map(found.map((one) => [`${one.kind} ${one.metadata.name}`, saidOf(one)]));
}

/** What of an object does not hang on who makes it when. */
function saidOf(object: KubeObject): unknown {
  const { spec, data } = object as { readonly spec?: object; readonly data?: object };
  const { labels: { [CHILD_MARKS.ownerUid]: _uid, ...labels } = {}, ownerReferences = [] } = object.metadata;
  return { spec, data, labels, owners: ownerReferences.map(({ kind, controller }) => ({ kind, controller })) };
}
