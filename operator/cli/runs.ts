import { randomUUID } from "node:crypto";
import { workflowRun } from "../../crds/index.ts";
import type { WorkflowRunObject, WorkflowRunStatus } from "../../crds/workflowrun.ts";
import { jsonIn } from "../provider/json.ts";
import { ApiError } from "../runtime/errors.ts";
import type { KubeObject as ServerObject } from "../runtime/resource.ts";
import { ClusterError, openCluster, typeOf } from "./cluster.ts";
import type { Result } from "./onyx.ts";
import { type Paint, table } from "./output.ts";

/** Options of `onyx run`. */
export interface RunOptions {
  readonly namespace: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Wait for the end, and show each step as it comes. */
  readonly follow?: boolean;
  /** Name of the object that runs it again. */
  readonly as?: string;
}

const TYPE = typeOf(workflowRun);
/** How often a run that is followed is looked at, in ms. */
const LOOK_MS = 1_000;
const ENDS: readonly (string | undefined)[] = ["Succeeded", "Failed", "Cancelled"];

/** `onyx run logs`: what a run did and what came of it. Exit code 0 it succeeded, 2 it did not, or not yet. */
export async function showRun(
  name: string,
  options: RunOptions,
  paint: Paint,
  print: (line: string) => void = console.error,
): Promise<Result> {
  const cluster = clusterOf(options);
  let run = await cluster.get(name);
  for (let shown = ""; options.follow && !ENDS.includes(run.status?.phase); run = await cluster.get(name)) {
    const now = stateText(run);
    if (now !== shown) print(paint("dim", now));
    shown = now;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
  return { value: run.status ?? {}, text: runText(run, paint), exitCode: run.status?.phase === "Succeeded" ? 0 : 2 };
}

/** `onyx run cancel`: asks for its end. */
export async function cancelRun(name: string, options: RunOptions): Promise<Result> {
  const cluster = clusterOf(options);
  const run = await cluster.get(name);
  const what = `WorkflowRun ${options.namespace}/${name}`;
  if (ENDS.includes(run.status?.phase))
    return { value: run.status, text: `${what} is over: ${run.status?.phase}.`, exitCode: 0 };
  await cluster.patch(name, { metadata: { uid: run.metadata.uid }, spec: { cancel: true } });
  return { value: { cancelled: true }, text: `${what} is being ended.`, exitCode: 0 };
}

/**
 * `onyx run signal`: brings a run what one of its tasks waits for, now or later.
 * @param value JSON text
 */
export async function signalRun(name: string, signal: string, value: string, options: RunOptions): Promise<Result> {
  const cluster = clusterOf(options);
  const what = `WorkflowRun ${options.namespace}/${name}`;
  if (jsonIn(value) === undefined)
    throw new ClusterError(`--value ${value} is no JSON: a text is written '"…"', quotes included.`);
  const id = `${signal
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 50)}-${randomUUID().slice(0, 8)}`;
  for (let tries = 1; ; tries++) {
    const run = await cluster.get(name);
    if (ENDS.includes(run.status?.phase)) throw new ClusterError(`${what} is over: ${run.status?.phase}.`);
    const { uid, resourceVersion } = run.metadata;
    const signals = [...(run.spec.signals ?? []), { id, name: signal, value }];
    // The list is written as a whole, so only as it was read.
    const written = await cluster.patchIfUnchanged(name, { metadata: { uid, resourceVersion }, spec: { signals } });
    if (written) break;
    if (tries === SIGNAL_TRIES) throw new ClusterError(`${what} is being changed all the time. Try it again.`);
  }
  return { value: { id, name: signal }, text: `${what} gets the signal ${signal} (${id}).`, exitCode: 0 };
}

const SIGNAL_TRIES = 5;

/** `onyx run retry`: another object with the same Workflow and input. The old one stays as it is. */
export async function retryRun(name: string, options: RunOptions): Promise<Result> {
  const cluster = clusterOf(options);
  const run = await cluster.get(name);
  if (!ENDS.includes(run.status?.phase))
    throw new ClusterError(`WorkflowRun ${options.namespace}/${name} is not over: end it with onyx run cancel first.`);
  const { workflowRef, input, ttlAfterFinished } = run.spec;
  const made = await cluster.create({
    apiVersion: run.apiVersion,
    kind: run.kind,
    metadata: options.as === undefined ? { generateName: `${baseOf(name)}-retry-` } : { name: options.as },
    spec: { workflowRef, input, ...(ttlAfterFinished && { ttlAfterFinished }) },
  });
  const { name: another } = made.metadata;
  const follow = `onyx run logs ${another} -n ${options.namespace} --follow`;
  return {
    value: { name: another },
    text: `WorkflowRun ${options.namespace}/${another} runs it again: ${follow}`,
    exitCode: 0,
  };
}

/** A retry of a retry does not grow. */
const baseOf = (name: string): string => name.replace(/-retry-[a-z0-9]{5}$/, "").slice(0, 50);

function clusterOf({ kubeconfig, context, namespace }: RunOptions) {
  const { client, context: cluster } = openCluster(kubeconfig, context);
  const asked = async <T>(doing: string, reply: Promise<T>): Promise<T> => {
    try {
      return await reply;
    } catch (error) {
      const why = error instanceof ApiError ? error.message : `it can't be reached: ${(error as Error).message}`;
      throw new ClusterError(`Cluster ${cluster}: ${doing}: ${why}`);
    }
  };
  const write = { fieldManager: "onyx-run" };
  return {
    async get(name: string): Promise<WorkflowRunObject> {
      const found = await asked("reading it", client.find<ServerObject>(TYPE, { namespace, name }));
      if (!found) throw new ClusterError(`Cluster ${cluster} has no WorkflowRun ${namespace}/${name}.`);
      return found as unknown as WorkflowRunObject;
    },
    patch: (name: string, patch: object) =>
      asked("changing it", client.patch(TYPE, { namespace, name }, patch, { ...write, as: "merge" })),
    /** With a resourceVersion in the patch. @returns false: somebody else wrote it meanwhile */
    async patchIfUnchanged(name: string, patch: object): Promise<boolean> {
      const reply = client.patch(TYPE, { namespace, name }, patch, { ...write, as: "merge" });
      const written = reply.then(
        () => true,
        (error: unknown) => {
          if (error instanceof ApiError && error.status === 409) return false;
          throw error;
        },
      );
      return asked("changing it", written);
    },
    create: (object: object) =>
      asked("making it", client.create<ServerObject>(TYPE, namespace, object as never, write)),
  };
}

function stateText({ status }: WorkflowRunObject): string {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return `${status?.phase ?? "Pending"}: ${ready?.message ?? "the operator has not looked at it yet"}`;
}

const STYLES = { Succeeded: "green", Failed: "red", Cancelled: "yellow", Running: "cyan", Pending: "dim" } as const;
const MARKS = { Succeeded: "✓", Failed: "✗", Running: "·" } as const;

/** What a person reads of a run. */
export function runText(run: WorkflowRunObject, paint: Paint): string {
  const { metadata, spec, status = {} } = run;
  const { phase = "Pending", startedAt, finishedAt, steps = [], output, error, externalId } = status;
  const took = startedAt && finishedAt ? `, ${seconds(startedAt, finishedAt)}` : "";
  const head = `${paint("bold", `${metadata.namespace}/${metadata.name}`)} of ${spec.workflowRef.name}: ${paint(STYLES[phase], phase)}${took}`;
  const rows = steps.map(({ task, state, ...step }) => [
    paint(STYLES[state], `${MARKS[state]} ${task}`),
    step.startedAt,
    step.finishedAt ? seconds(step.startedAt, step.finishedAt) : "",
  ]);
  return [
    head,
    ...(rows.length > 0 ? [table(["TASK", "BEGAN", "TOOK"], rows)] : []),
    ...outcome(run, output, error, paint),
    ...(externalId ? [paint("dim", externalId)] : []),
  ].join("\n");
}

function outcome(
  run: WorkflowRunObject,
  output: string | undefined,
  error: WorkflowRunStatus["error"],
  paint: Paint,
): readonly string[] {
  if (error) return [paint("red", `${error.class}${error.code && ` ${error.code}`}: ${error.message}`)];
  if (output !== undefined) return [`output: ${output}`];
  return run.status?.phase === "Succeeded" ? ["output: longer than 8 KiB; the cloud has it"] : [stateText(run)];
}

const seconds = (from: string, to: string): string => `${(Date.parse(to) - Date.parse(from)) / 1000} s`;
