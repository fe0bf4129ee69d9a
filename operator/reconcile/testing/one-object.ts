import { randomBytes } from "node:crypto";
import { ProviderError } from "../../provider/fault.ts";
import type { Wanted } from "../../provider/provider.ts";
import type { Client } from "../../runtime/client.ts";
import { createAttempts } from "../attempts.ts";
import { createCopies } from "../copies.ts";
import { isStill } from "../current.ts";
import type { EnvironmentProblem, EnvironmentView } from "../environment-view.ts";
import { leafPass } from "../leaf.ts";
import type { Leaf, LeafObject, LeafSpec, LeafStatus } from "../leaf-object.ts";
import { ANNOTATIONS, FINALIZER, type KubeObject, mergePatch } from "../object.ts";
import type { Pass } from "../report.ts";
import { revisionOf } from "../sources.ts";

/** What was written to Kubernetes on the way of a pass. */
export type KubeWrite = "claim" | "record" | "status" | "release";

/** A cluster that holds one object, in memory, and treats it as an API server would. */
export interface OneObject<Spec extends LeafSpec> {
  /** Undefined once it is gone. */
  readonly object: LeafObject<Spec> | undefined;
  /** An older state of it that passes are shown, as by a cache that lags behind. Absent: they see it as it is. */
  shown: LeafObject<Spec> | undefined;
  readonly status: LeafStatus;
  /** Objects that references find, by `kind/name`. */
  readonly others: Map<string, KubeObject<unknown, LeafStatus>>;
  /** Objects that refer to this one. */
  readonly users: KubeObject[];
  /** Secrets of the namespace, as text by key: what values are taken from. `write` counts the writes of each. */
  readonly secrets: Map<string, { readonly write: number; readonly data: Readonly<Record<string, string>> }>;
  /** The API server whose Secrets hold copies of values. Absent: none are kept. */
  client: Client | undefined;
  environment: EnvironmentView | EnvironmentProblem;
  /** Writes to Kubernetes, oldest first. */
  readonly writes: KubeWrite[];
  /** Called before and after each write to Kubernetes; a throw is a write that failed, or whose reply was lost. */
  onWrite: (write: KubeWrite, when: "before" | "after") => void;
  now: Date;
  /** One pass over the object; its status is written when it changed, the finalizer goes when it is released. */
  pass(signal?: AbortSignal): Promise<Pass>;
  /** Passes until one is as good as the next: not waiting for anything by backoff. @throws Error after `limit` passes */
  settle(limit?: number): Promise<Pass>;
  /** Between two passes of `settle`, for a cloud that takes its time. */
  pause: () => Promise<void>;
  /** The user gives the word when `settle` meets an object that waits for approval to be destroyed. */
  consents: boolean;
  /** Gives the word that status asks for. */
  approve(): void;
  /** Another spec: generation + 1, when it differs. */
  edit(spec: Spec): void;
  annotate(annotations: Readonly<Record<string, string>>): void;
  label(labels: Readonly<Record<string, string>>): void;
  /** `kubectl delete`: gone at once without finalizers. */
  remove(): void;
  /** The same name made anew, as after `kubectl delete` and `apply`: another uid, no status. */
  recreate(spec?: Spec): void;
  /** As if status had never been written (a restored backup), or was written as given. */
  setStatus(status: LeafStatus | undefined): void;
  advance(ms: number): void;
  /** Another process takes over: what the one before held in memory is lost. */
  restart(): void;
}

const FIRST_PASS = new Date("2026-01-05T10:00:00.250Z");
/** So long the process has been at work when a test begins. */
const AT_WORK_MS = 24 * 3_600_000;

/** @param uid first uid; a recreated object gets another */
export function oneObject<Spec extends LeafSpec, Want extends Wanted>(
  leaf: Leaf<Spec, Want>,
  environment: EnvironmentView | EnvironmentProblem,
  spec: Spec,
  at: { readonly namespace: string; readonly name: string } = { namespace: "shop", name: "orders" },
): OneObject<Spec> {
  let made = 0;
  let current: LeafObject<Spec> | undefined;

  const make = (next: Spec): LeafObject<Spec> => ({
    apiVersion: "onyx.onelens.io/v1alpha1",
    kind: leaf.kind,
    metadata: { ...at, uid: `${leaf.kind.toLowerCase()}-${at.name}-${++made}`, generation: 1 },
    spec: next,
  });
  const held = (): LeafObject<Spec> => {
    if (!current) throw new Error(`${leaf.kind} ${at.namespace}/${at.name} is gone`);
    return current;
  };
  const write = (kind: KubeWrite, change: (object: LeafObject<Spec>) => LeafObject<Spec> | undefined) => {
    host.onWrite(kind, "before");
    host.writes.push(kind);
    current = change(held());
    host.onWrite(kind, "after");
  };
  const writeStatus = (kind: KubeWrite, from: LeafStatus | undefined, to: LeafStatus) => {
    const patch = mergePatch(from ?? {}, json(to));
    if (patch !== undefined)
      write(kind, (one) => ({ ...one, status: applyPatch(one.status ?? {}, patch) as LeafStatus }));
  };

  const host: OneObject<Spec> = {
    get object() {
      return current;
    },
    get status() {
      return current?.status ?? {};
    },
    shown: undefined,
    others: new Map(),
    users: [],
    secrets: new Map(),
    client: undefined,
    environment,
    writes: [],
    onWrite: () => {},
    now: new Date(FIRST_PASS.getTime() - AT_WORK_MS),
    async pass(signal = new AbortController().signal) {
      const seen = host.shown ?? held();
      let known = seen.status;
      const pass = await leafPass(
        leaf,
        seen,
        {
          environments: { get: () => host.environment },
          lookup: ({ kind, name }) => host.others.get(`${kind}/${name}`),
          referrers: () => [...host.others.values()],
          users: () => host.users,
          source: ({ name, key }) => {
            const secret = host.secrets.get(name);
            return secret && { revision: revisionOf({ uid: name, resourceVersion: String(secret.write) }, key) };
          },
          means: {
            random: randomBytes,
            async secret(name, key) {
              const value = host.secrets.get(name)?.data[key];
              if (value !== undefined) return Buffer.from(value);
              throw new ProviderError("notFound", `Secret ${name} has no key "${key}".`, { code: "KeyNotFound" });
            },
          },
          ...(host.client ? { copies: createCopies(host.client, seen, signal) } : {}),
          now: () => host.now,
          attempts,
          isCurrent: async (one) => isStill(one, current),
          resyncMs: 600_000,
          claim: async () =>
            write("claim", (one) => ({
              ...one,
              metadata: { ...one.metadata, finalizers: [...(one.metadata.finalizers ?? []), FINALIZER] },
            })),
          record: async (_object, status) => {
            writeStatus("record", known, status);
            known = status;
          },
        },
        signal,
      );
      if (pass.released) write("release", () => undefined);
      else writeStatus("status", known, pass.status);
      if (pass.decision?.do === "create") attempts.told(seen.metadata.uid ?? "");
      return pass;
    },
    pause: async () => {},
    consents: false,
    approve() {
      const word = host.status.approval?.word;
      if (word === undefined) throw new Error(`nothing waits for approval: ${JSON.stringify(host.status.conditions)}`);
      host.annotate({ [ANNOTATIONS.approve]: word });
    },
    async settle(limit = 20) {
      for (let n = 0; n < limit; n++) {
        const pass = await host.pass();
        if (host.consents && pass.decision?.do === "refuse" && pass.decision.consent?.act === "destroy") {
          host.approve();
          continue;
        }
        if (pass.released || pass.next.when !== "backoff") return pass;
        host.advance(1_000);
        await host.pause();
      }
      throw new Error(`not settled after ${limit} passes: ${JSON.stringify(host.status.conditions, null, 1)}`);
    },
    edit(next) {
      const one = held();
      if (mergePatch(one.spec, next) === undefined) return;
      current = { ...one, spec: next, metadata: { ...one.metadata, generation: (one.metadata.generation ?? 0) + 1 } };
    },
    annotate(annotations) {
      const one = held();
      current = { ...one, metadata: { ...one.metadata, annotations: { ...one.metadata.annotations, ...annotations } } };
    },
    label(labels) {
      const one = held();
      current = { ...one, metadata: { ...one.metadata, labels: { ...one.metadata.labels, ...labels } } };
    },
    remove() {
      const { metadata, ...one } = held();
      const leaving = { ...metadata, deletionTimestamp: host.now.toISOString() };
      current = metadata.finalizers?.length ? { ...one, metadata: leaving } : undefined;
    },
    recreate(next) {
      current = make(next ?? held().spec);
    },
    setStatus(status) {
      const { status: _status, ...one } = held();
      current = status ? { ...one, status } : one;
    },
    advance(ms) {
      host.now = new Date(host.now.getTime() + ms);
    },
    restart() {
      attempts = createAttempts(() => host.now.getTime());
    },
  };
  current = make(spec);
  let attempts = createAttempts(() => host.now.getTime());
  host.advance(AT_WORK_MS);
  return host;
}

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** RFC 7386, as the API server applies it. */
export function applyPatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result = new Map(Object.entries(isRecord(target) ? target : {}));
  for (const [key, value] of Object.entries(patch))
    if (value === null) result.delete(key);
    else result.set(key, applyPatch(result.get(key), value));
  return Object.fromEntries(result);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
