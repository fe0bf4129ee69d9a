import type { Call } from "../provider/provider.ts";
import type { Runs } from "../provider/runs.ts";
import type { Environments, EnvironmentView } from "./environment-view.ts";
import type { Next } from "./gather.ts";
import type { LeafObject } from "./leaf-object.ts";
import type { RunKind, RunObject, RunSpec, RunStatus } from "./run-object.ts";

/** What a pass may do to Kubernetes on its way; the caller writes the returned status once at the end. */
export interface RunHost {
  readonly environments: Environments;
  readonly now: () => Date;
  /** An object of ours. */
  lookup(kind: string, name: string, namespace: string): LeafObject | undefined;
  /**
   * Takes one of so many places for this run, until it has ended; false: all are taken, or somebody who waits is older. Counts
   * the runs of the same thing of which status, or this process, knows that they were begun.
   */
  admit(object: RunObject, most: number): boolean;
  /** Makes sure that the finalizer is there. Before the first call to a cloud. */
  claim(object: RunObject): Promise<void>;
  /** Writes status now, on the latest state of the object alone: whoever sees an older one must not start it again. */
  begin(object: RunObject, status: RunStatus): Promise<void>;
}

/** One kind of run, one object of it, and what its pass works with. */
export interface Work<Spec extends RunSpec> {
  readonly kind: RunKind<Spec>;
  readonly object: RunObject<Spec>;
  readonly host: RunHost;
  readonly signal: AbortSignal;
}

/** Where a run is, and who asks there. */
export interface PlaceOfRun {
  readonly environment: EnvironmentView;
  readonly runs: Runs;
  readonly call: Call;
}

/** A run is looked at after a tenth of the time that it has taken, between these. */
export const LOOK_MS = { least: 1_000, most: 30_000 };
export const SOON: Next = { when: "after", ms: LOOK_MS.least };

/** When it is looked at again. */
export function dueOf({ status }: RunObject, host: RunHost): Next {
  const tenth = (host.now().getTime() - Date.parse(status?.attemptedAt ?? "")) / 10;
  return { when: "after", ms: Math.min(LOOK_MS.most, Math.max(LOOK_MS.least, tenth)) };
}

/** What is run, if it is there. */
export function ofRun<Spec extends RunSpec>({ kind, object, host }: Work<Spec>): LeafObject | undefined {
  const { kind: ofKind, name } = kind.of(object.spec);
  return host.lookup(ofKind, name, object.metadata.namespace ?? "");
}
