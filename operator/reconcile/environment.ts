import type { UseLevel } from "../provider/budget-use.ts";
import type { WhoAmI } from "../provider/cloud.ts";
import { ProviderError } from "../provider/fault.ts";
import { type Condition, condition, mergeConditions, type Verdict } from "./conditions.ts";
import type { EnvironmentRegistry, EnvironmentSpec, Tokens } from "./environments.ts";
import type { Next } from "./gather.ts";
import { SLOW } from "./gather.ts";
import { ANNOTATIONS, isDeleting, type KubeObject, pollInterval } from "./object.ts";
import { FAULTS, type Reason } from "./reasons.ts";
import type { Notice } from "./report.ts";
import { SERVICE_ACCOUNT_MISSING } from "./tokens.ts";

/** How many objects stand in an Environment. */
export interface Counts {
  readonly managed: number;
  readonly ready: number;
  readonly failed: number;
  readonly disabled: number;
}

/** How the budget of one service was used in the last minute. */
export interface BudgetUse {
  /** Such as `sqs`. */
  readonly service: string;
  /** Its limit. */
  readonly perSecond: number;
  readonly use: UseLevel;
}

export interface EnvironmentStatus {
  readonly observedGeneration?: number | undefined;
  readonly conditions?: readonly Condition[] | undefined;
  readonly account?: string | undefined;
  readonly accountNumber?: string | undefined;
  readonly principal?: string | undefined;
  readonly counts?: Counts | undefined;
  readonly cost?: { readonly monthlyEstimate: string } | undefined;
  /** The services that are not at ease; those whose use is Low are left out, so that quiet writes nothing. */
  readonly apiBudget?: readonly BudgetUse[] | undefined;
  readonly lastHandledReconcileAt?: string | undefined;
}

export type EnvironmentObject = KubeObject<EnvironmentSpec, EnvironmentStatus> & { readonly spec: EnvironmentSpec };

export interface SecretRef {
  readonly namespace: string;
  readonly name: string;
}

/** What a pass over an Environment needs of the cluster. */
export interface EnvironmentHost {
  readonly registry: EnvironmentRegistry;
  /** The values of a Secret, decoded; undefined when there is none. */
  secret(ref: SecretRef): Promise<Readonly<Record<string, string>> | undefined>;
  /** Asked by the cloud's SDK, whenever it needs credentials: it must outlive the pass. */
  readonly tokens: Tokens;
  /** From caches. */
  counts(environment: string, isDefault: boolean): Counts;
  /** From caches: the sum of what the objects in it cost a month, with the currency; undefined when none says. */
  monthlyCost(environment: string, isDefault: boolean): string | undefined;
  /** The services of an account that were called since the process began. */
  budgets(account: string): readonly BudgetUse[];
  readonly now: () => Date;
  readonly resyncMs: number;
}

export interface EnvironmentPass {
  readonly status: EnvironmentStatus;
  readonly next: Next;
  readonly notices: readonly Notice[];
  /** Deleting, and nothing stands in it any more. */
  readonly released: boolean;
}

/** For so long a process that has just begun waits for a cloud before it tells every object that it does not answer. */
const PATIENCE_MS = 10_000;

/**
 * One pass over an Environment: connect, ask the cloud who we are, count what stands in it. A cloud that does not answer
 * for a moment takes nothing away: what was usable stays so, the objects in it meet the same trouble by themselves. Nor
 * does it after a restart: every object would be written to, and a moment later again.
 */
export async function environmentPass(
  object: EnvironmentObject,
  host: EnvironmentHost,
  signal: AbortSignal,
): Promise<EnvironmentPass> {
  const { spec } = object;
  const { name } = object.metadata;
  const counts = host.counts(name, spec.default);
  const monthlyEstimate = host.monthlyCost(name, spec.default);
  const apiBudget = host.budgets(spec.account).filter(({ use }) => use !== "Low");
  const looked = await look(object, host, signal);
  const leaving = isDeleting(object);
  if ("who" in looked) host.registry.ready(name, spec, looked.who);
  else if (looked.next.when !== "backoff" || "problem" in host.registry.get(name))
    host.registry.failed(
      name,
      spec,
      { reason: "EnvironmentNotReady", message: `Environment "${name}" is not Ready: ${looked.message}` },
      { provisional: looked.next.when === "backoff" && isYoung(object, host.now()) },
    );
  const held = leaving && counts.managed > 0;
  const ready: Verdict =
    "who" in looked
      ? { status: "True", reason: "Reachable", message: "The cloud answers and the account is the expected one." }
      : { status: "False", reason: looked.reason, message: looked.message };
  const stalled: Verdict | null = held
    ? {
        status: "True",
        reason: "DeletionBlocked",
        message: `${counts.managed} objects still stand in it: kubectl get onyx -A. Delete them first; it goes when the last one has gone.`,
      }
    : "who" in looked || looked.next.when === "backoff"
      ? null
      : { ...ready, status: "True" };
  const before = object.status?.conditions ?? [];
  const conditions = mergeConditions(
    before,
    {
      Ready: ready,
      Synced: ready,
      Stalled: stalled,
      Reconciling: "who" in looked || stalled ? null : { ...ready, status: "True" },
    },
    object.metadata.generation ?? 0,
    host.now,
  );
  const status: EnvironmentStatus = {
    ...object.status,
    ...("who" in looked ? looked.who : {}),
    observedGeneration: object.metadata.generation,
    conditions,
    counts,
    cost: monthlyEstimate === undefined ? undefined : { monthlyEstimate },
    apiBudget: apiBudget.length > 0 ? apiBudget : undefined,
    lastHandledReconcileAt: object.metadata.annotations?.[ANNOTATIONS.reconcileRequestedAt],
  };
  const next: Next = held
    ? { when: "after", ms: 5_000 }
    : "who" in looked
      ? { when: "after", ms: pollInterval(object, host.resyncMs) }
      : looked.next;
  return {
    status: JSON.parse(JSON.stringify(status)),
    next,
    released: leaving && !held,
    notices: [...noticed(before, ready), ...throttledNow(object.status?.apiBudget ?? [], apiBudget)],
  };
}

/** This trouble has only just begun: it may be over before the objects have to hear of it. */
function isYoung({ status }: EnvironmentObject, now: Date): boolean {
  const ready = condition(status?.conditions, "Ready");
  return ready?.status !== "False" || now.getTime() - Date.parse(ready.lastTransitionTime) < PATIENCE_MS;
}

type Looked = { readonly who: WhoAmI } | { readonly reason: Reason; readonly message: string; readonly next: Next };

async function look(object: EnvironmentObject, host: EnvironmentHost, signal: AbortSignal): Promise<Looked> {
  const { spec, metadata } = object;
  try {
    const secretRef = spec.credentials?.secretRef;
    const credentials = secretRef && (await host.secret(secretRef));
    if (secretRef && !credentials) return missingSecret(secretRef);
    const connection = await host.registry.connection(metadata.name, spec, credentials, host.tokens);
    const who = await connection.whoAmI(signal);
    if (who.account === spec.account) return { who };
    return {
      reason: "WrongAccount",
      message: `spec.account is ${spec.account}, but the credentials (${who.principal}) belong to ${who.account}. Nothing is touched.`,
      next: SLOW,
    };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    if (error.code === SERVICE_ACCOUNT_MISSING) return missing(error.message);
    const { reason, retry } = FAULTS[error.fault];
    return {
      reason,
      message: `The cloud could not be asked who we are: ${error.message} (${error.code})`,
      next: retry === "backoff" ? { when: "backoff" } : SLOW,
    };
  }
}

const missingSecret = ({ namespace, name }: SecretRef): Looked =>
  missing(`Secret ${namespace}/${name} (spec.credentials.secretRef) does not exist.`);

const missing = (message: string): Looked => ({
  reason: "CredentialsMissing",
  message,
  next: { when: "after", ms: 10_000 },
});

function noticed(before: readonly Condition[], ready: Verdict): readonly Notice[] {
  const was = condition(before, "Ready");
  if (was?.status === ready.status && was.reason === ready.reason) return [];
  return [
    {
      type: ready.status === "True" ? "Normal" : "Warning",
      reason: ready.reason,
      action: "Connect",
      note: ready.message,
    },
  ];
}

/** One warning when a service begins to be throttled, none while it goes on. */
function throttledNow(before: readonly BudgetUse[], now: readonly BudgetUse[]): readonly Notice[] {
  const was = new Set(before.filter(({ use }) => use === "Throttled").map(({ service }) => service));
  return now
    .filter(({ service, use }) => use === "Throttled" && !was.has(service))
    .map(({ service, perSecond }) => ({
      type: "Warning",
      reason: "Throttled",
      action: "Call",
      note: `The cloud asks us to call ${service} less often than ${perSecond} times a second; it is slowed down by itself. If it stays so, lower spec.apiBudget.${service} or raise the quota.`,
    }));
}
