/**
 * The bench's peer on @dot-i/k8s-operator: the least that a hand-written operator does for a Queue with it, after the
 * example of its README. The library hands over one event at a time and waits for each.
 *
 * `KUBECONFIG=… node bench/peers/dot-i/main.js URL-OF-THE-CLOUD`, after `npm ci --ignore-scripts` in this folder
 */
import library from "@dot-i/k8s-operator";
import { fetchTo, isDone, readyStatus, sqs } from "../sqs.ts";

const FINALIZER = "bench.onyx.onelens.io/queue";
const cloud = sqs(fetchTo(process.argv[2] ?? ""));
const quiet = () => {};

const operator = new library.default({ debug: quiet, info: quiet, warn: console.error, error: console.error });

const remove = ({ object }) => cloud.delete(object);

async function onEvent(event) {
  if (event.type === "DELETED" || (await operator.handleResourceFinalizer(event, FINALIZER, remove))) return;
  if (isDone(event.object)) return;
  const url = await cloud.put(event.object);
  await operator.patchResourceStatus(event.meta, readyStatus(event.object.metadata.generation, url));
}

await operator.watchResource("onyx.onelens.io", "v1alpha1", "queues", onEvent);
process.once("SIGTERM", () => process.exit(0));
