import type { CompositeLookups } from "./composite-gather.ts";
import type { ChildKind, ChildRef, CompositeObject, CompositeStatus, Manifest } from "./composite-object.ts";
import type { KubeObject } from "./object.ts";
import type { Sweep } from "./sweep.ts";

/** What a pass may do in Kubernetes on its way; the caller writes the returned status once at the end. */
export interface CompositeHost extends CompositeLookups {
  /** The object as the API server has it now; undefined when it is not there or its API is not served. */
  find(ref: ChildRef, namespace: string, signal: AbortSignal): Promise<KubeObject | undefined>;
  serves(kind: ChildKind, signal: AbortSignal): Promise<boolean>;
  /**
   * Server-side apply with force. With metadata.uid it applies to that very object or fails.
   * @returns the object as it is now. @throws ApiError
   */
  apply(object: Manifest, fieldManager: string, signal: AbortSignal): Promise<KubeObject>;
  /** Deletes the object of that uid; what is gone, or another by now, is no error. */
  remove(
    ref: ChildRef,
    which: { readonly namespace: string; readonly uid: string; readonly foreground: boolean },
    signal: AbortSignal,
  ): Promise<void>;
  /** Searches the cloud of an Environment for what is of that namespace. @throws ProviderError when it can't be asked */
  sweep(environment: string, namespace: string, signal: AbortSignal): Promise<Sweep>;
  /** Makes sure that the finalizer is there. Before the first child. */
  claim(object: CompositeObject): Promise<void>;
  /** Writes status now: what must be found again if the process ends in the next moment. */
  record(object: CompositeObject, status: CompositeStatus): Promise<void>;
  readonly now: () => Date;
  /** Time between two passes when nothing happens, in ms. */
  readonly resyncMs: number;
}
