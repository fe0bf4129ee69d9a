import type { Cloud, Neutral } from "../provider/provider.ts";
import type { RunProblem, RunStep } from "../provider/runs.ts";
import type { Condition } from "./conditions.ts";
import type { LeafObject } from "./leaf-object.ts";
import type { KubeObject } from "./object.ts";

/** What the spec of every run has. */
export interface RunSpec {
  readonly cancel?: boolean | undefined;
  readonly ttlAfterFinished?: string | undefined;
  readonly signals?: readonly RunSignal[] | undefined;
}

/** What a run may wait for. `value` is JSON text; absent: null. */
export interface RunSignal {
  readonly id: string;
  readonly name: string;
  readonly value?: string | undefined;
}

export type RunPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Cancelled";

/** The status of every run. What identifies it in a cloud is recorded before it is started, and nothing else is used later. */
export interface RunStatus {
  readonly observedGeneration?: number | undefined;
  readonly conditions?: readonly Condition[] | undefined;
  readonly phase?: RunPhase | undefined;
  readonly environment?: string | undefined;
  readonly cloud?: Cloud | undefined;
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  /** The cloud's id of what runs. */
  readonly workflowId?: string | undefined;
  /** When it was first about to be started, RFC 3339. Present: the cloud may have it. */
  readonly attemptedAt?: string | undefined;
  /** When it was last tried to start it. */
  readonly triedAt?: string | undefined;
  readonly externalId?: string | undefined;
  readonly startedAt?: string | undefined;
  readonly finishedAt?: string | undefined;
  /** Signals that were brought to it, or are about to be, each to the wait that it answers. */
  readonly signals?: readonly { readonly id: string; readonly visit: string }[] | undefined;
  readonly steps?: readonly RunStep[] | undefined;
  readonly output?: string | undefined;
  readonly error?: RunProblem | undefined;
}

export type RunObject<Spec extends RunSpec = RunSpec> = KubeObject<Spec, RunStatus> & { readonly spec: Spec };

/** The definition of a kind that stands for one run of what a leaf stands for. */
export interface RunKind<Spec extends RunSpec> {
  readonly kind: string;
  /** What is run: an object of that leaf kind, in the same namespace, and the output that is its id in the cloud. */
  of(spec: Spec): { readonly field: string; readonly kind: string; readonly name: string; readonly idOutput: string };
  /** What the run works on, or why it can't begin, for people. Pure. */
  input(spec: Spec, of: LeafObject): { readonly input: Neutral } | { readonly invalid: string };
  /** How many runs of it may be under way at once. Pure. Undefined: as many as there are. */
  most(of: LeafObject): number | undefined;
  /** Tasks by what the engines call their steps; a step that is not among them keeps its name. Pure. */
  tasks(of: LeafObject): ReadonlyMap<string, string>;
  /** Names of signals by the tasks that wait for them. Pure. */
  signals(of: LeafObject): ReadonlyMap<string, string>;
}
