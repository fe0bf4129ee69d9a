/**
 * The bench's peer on the informer of \@kubernetes/client-node: the least that a hand-written controller does for a
 * Queue with it. Finalizer, one call to the cloud, status; on deletion the queue and then the finalizer go. It looks at nothing
 * else. The informer has no work queue, so there is a small one here: a key at a time, ten at once, no retries.
 *
 * `KUBECONFIG=… node bench/peers/client-node/main.ts URL-OF-THE-CLOUD`
 */
import {
  CustomObjectsApi,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
} from "@kubernetes/client-node";
import { fetchTo, isDone, type Queue, readyStatus, sqs } from "../sqs.ts";

type Informed = KubernetesObject & Queue;

const FINALIZER = "bench.onyx.onelens.io/queue";
const WORKERS = 10;
const QUEUES = { group: "onyx.onelens.io", version: "v1alpha1", plural: "queues" };
const MERGE = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);

const cloud = sqs(fetchTo(process.argv[2] ?? ""));
const config = new KubeConfig();
config.loadFromDefault();
const api = config.makeApiClient(CustomObjectsApi);
const informer = makeInformer<Informed>(
  config,
  `/apis/${QUEUES.group}/${QUEUES.version}/${QUEUES.plural}`,
  () => api.listClusterCustomObject(QUEUES) as Promise<KubernetesListObject<Informed>>,
);

async function reconcile(queue: Queue): Promise<void> {
  const { name, namespace, generation, finalizers = [], deletionTimestamp } = queue.metadata;
  const at = { ...QUEUES, namespace, name };
  if (deletionTimestamp) {
    if (!finalizers.includes(FINALIZER)) return;
    await cloud.delete(queue);
    const kept = finalizers.filter((one) => one !== FINALIZER);
    await api.patchNamespacedCustomObject({ ...at, body: { metadata: { finalizers: kept } } }, MERGE);
    return;
  }
  if (!finalizers.includes(FINALIZER))
    await api.patchNamespacedCustomObject(
      { ...at, body: { metadata: { finalizers: [...finalizers, FINALIZER] } } },
      MERGE,
    );
  if (isDone(queue)) return;
  const url = await cloud.put(queue);
  await api.patchNamespacedCustomObjectStatus({ ...at, body: { status: readyStatus(generation, url) } }, MERGE);
}

const waiting = new Set<string>();
const running = new Set<string>();

function pump(): void {
  for (const key of waiting) {
    if (running.size >= WORKERS) return;
    if (running.has(key)) continue;
    waiting.delete(key);
    const [namespace, name = ""] = key.split("/");
    const queue = informer.get(name, namespace);
    if (!queue) continue;
    running.add(key);
    reconcile(queue)
      .catch((error: Error) => console.error(`${key}: ${error.message}`))
      .finally(() => {
        running.delete(key);
        pump();
      });
  }
}

/** Generation by key: as the usual predicate does, what only changes status or finalizers is no reason. */
const generations = new Map<string, number>();

function seen({ metadata }: Queue): void {
  const { namespace, name, generation } = metadata;
  const key = `${namespace}/${name}`;
  if (generations.get(key) === generation) return;
  generations.set(key, generation);
  waiting.add(key);
  // The informer tells of an object before its cache has it.
  setImmediate(pump);
}

informer.on("add", seen);
informer.on("update", seen);
informer.on("delete", ({ metadata }) => void generations.delete(`${metadata.namespace}/${metadata.name}`));
informer.on("error", (error) => console.error(`The informer has ended: ${error}`));
await informer.start();
process.once("SIGTERM", () => process.exit(0));
