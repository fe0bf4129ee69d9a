import type { Estimate } from "../cost/estimate.ts";
import { ProviderError } from "../provider/fault.ts";
import { cloudName } from "../provider/names.ts";
import { type Owner, ownerTags, type Tags } from "../provider/owner.ts";
import type { Deviation, Fitted, Wanted } from "../provider/provider.ts";
import { canonical } from "./canonical.ts";
import type { Policy } from "./decide.ts";
import { type AnyProvider, type Environments, type EnvironmentView, notServed } from "./environment-view.ts";
import { block, resolve, sourcesOf } from "./gather-references.ts";
import type { User } from "./in-use.ts";
import type { Lasting } from "./lasting.ts";
import type { Given, Leaf, LeafObject, LeafSpec, LeafStatus, Reference, Source } from "./leaf-object.ts";
import type { OffState } from "./leaf-status.ts";
import { ANNOTATIONS, heldBy, isDeleting, type KubeObject } from "./object.ts";
import { FAULTS, type Reason } from "./reasons.ts";

/** Where a pass looks things up; nothing here asks a cloud. */
export interface Lookups {
  /** The object that a reference names, from the cache. */
  lookup(reference: Reference, namespace: string): KubeObject<unknown, LeafStatus> | undefined;
  /**
   * Objects of the kind that `Reference.referredBy` names, in that namespace: at least those that refer to the same
   * object. Absent: there is no way to look.
   */
  referrers?(reference: Reference, namespace: string): readonly KubeObject<unknown, LeafStatus>[];
  /** All objects that refer to this one, those too that are being deleted. Absent: there is no way to look. */
  users?(kind: string, name: string, namespace: string): readonly KubeObject[];
  /** What is known of a Secret that a value is taken from. Absent: there is no way to look. */
  source?(source: Source, namespace: string): SourceState | undefined;
  readonly environments: Environments;
}

/** A Secret as far as it is looked at before its value is needed. */
export type SourceState =
  /** Another revision once it was written. */
  { readonly revision: string } | { readonly problem: { readonly reason: Reason; readonly message: string } };

/** When the object is looked at again. */
export type Next =
  /** With `progress`, the waits begin anew whenever the cloud came further. They grow no longer than `atMostMs`. */
  | { readonly when: "backoff"; readonly progress?: Progress; readonly atMostMs?: number | undefined }
  | { readonly when: "after"; readonly ms: number }
  /** Not before something changes. */
  | { readonly when: "change" };

/** How far the cloud is with what it was asked for. */
export interface Progress {
  /** Another one when it came further, the same when it goes round in circles. */
  readonly mark: string;
  /** It says itself that it is at work, so looking again is no retry of what failed. */
  readonly working: boolean;
}

/** Everything that is known before the cloud is asked. */
export interface Prepared<Want extends Wanted> {
  readonly environment: EnvironmentView;
  readonly provider: AnyProvider;
  readonly owner: Owner;
  readonly name: string;
  /**
   * Names for a second one that takes the place of the first because these frozen values can't be changed. The first that
   * is not in use is taken; none where spec fixes the name.
   */
  readonly variants: readonly string[];
  /** A replacement of an earlier pass may stand under the first of `variants`, though status does not tell. */
  readonly mayBeVariant: boolean;
  /** What is lost with it, for people. */
  readonly holds: string | undefined;
  /** As `Leaf.tellsObserved`. */
  readonly tellsObserved: true | undefined;
  /** As `Leaf.keptDays`. */
  keptDays?(actual: Partial<Want>): number;
  /** As `Leaf.lasting`, of this want. */
  lasting?(actual: Partial<Want>): Lasting<Want> | undefined;
  /** Spec asks for a last backup before it is destroyed. */
  readonly finalBackup: boolean;
  readonly want: Want | undefined;
  readonly deviations: readonly Deviation[];
  /** What the want costs here. */
  readonly cost: Estimate | undefined;
  /** All places to search: those of earlier passes and those of now. */
  readonly footprint: readonly string[];
  /** The places that are left once this want is in force. */
  readonly footprintOfWant: readonly string[];
  readonly policy: Policy;
  /** Whoever could not do without it, of an object that is being deleted. */
  readonly users: readonly User[];
  readonly off: OffState;
}

export interface Blocked {
  readonly blocked: {
    readonly reason: Reason;
    readonly message: string;
    readonly stalled: boolean;
    readonly next: Next;
    /** It can't have come to anything in a cloud: an object that is being deleted may go. */
    readonly nothingMade?: boolean | undefined;
  };
}

const SLOW_MS = 15 * 60_000;
/** Somebody has to do something first; looked at again all the same. */
export const SLOW: Next = { when: "after", ms: SLOW_MS };

/**
 * Gathers what the decision needs and what can stop it before the cloud is asked. Pure but for lookups in caches. A spec
 * that its kind can't read, as one that was stored past the schema, is InvalidSpec; the object can be deleted all the same.
 */
export function prepare<Spec extends LeafSpec, Want extends Wanted>(
  leaf: Leaf<Spec, Want>,
  object: LeafObject<Spec>,
  host: Lookups,
): Prepared<Want> | Blocked {
  try {
    return gather(leaf, object, host);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `spec can't be read, so it was stored past the schema of its kind: ${why}. Apply it again.`;
    return gather(leaf, object, host, block("InvalidSpec", message, true, SLOW));
  }
}

/** @param unreadable spec is left unread, for this reason */
function gather<Spec extends LeafSpec, Want extends Wanted>(
  leaf: Leaf<Spec, Want>,
  object: LeafObject<Spec>,
  host: Lookups,
  unreadable?: Blocked,
): Prepared<Want> | Blocked {
  const { spec, status } = object;
  const deleting = isDeleting(object);
  const environment = host.environments.get(environmentOf(object));
  if ("problem" in environment)
    return {
      blocked: {
        reason: environment.problem.reason,
        message: environment.problem.message,
        stalled: false,
        next: { when: "backoff" },
        nothingMade: environment.problem.absent === true && status?.environment === undefined,
      },
    };
  const not = notServed(environment, object.metadata.namespace);
  // Until then it had no right to be there: what it never made in a cloud needs none to go.
  if (not) return { blocked: { ...not, stalled: true, next: SLOW, nothingMade: status?.externalName === undefined } };
  const moved = pinnedElsewhere(object, environment);
  if (moved) return block("EnvironmentNotReady", moved, true, SLOW);
  const provider = environment.provider(leaf.kind);
  if ("unsupported" in provider)
    return {
      blocked: {
        reason: "Unsupported",
        message: `${leaf.kind} is not available on ${environment.cloud}: ${provider.unsupported}`,
        stalled: true,
        next: { when: "change" },
        nothingMade: status?.externalId === undefined,
      },
    };

  const flaw = unreadable ? undefined : leaf.flaw?.(spec);
  if (flaw !== undefined && !deleting) return block("InvalidSpec", `spec.${flaw}`, true, { when: "change" });
  const resolved = unreadable ?? resolve(leaf.references(spec), object.metadata.namespace ?? "", host);
  if ("blocked" in resolved && !deleting) return resolved;
  const sources = unreadable ?? sourcesOf(leaf, object, host);
  if ("blocked" in sources && !deleting) return sources;
  const owner = ownerOfObject(leaf.kind, object, environment);
  const given: Given | undefined =
    "blocked" in resolved || "blocked" in sources
      ? undefined
      : {
          namespace: owner.namespace,
          name: owner.name,
          cloud: environment.cloud,
          tags: tagsFor(object, environment, owner),
          target: (field) => resolved.targets.get(field) ?? { outputs: {}, effective: {} },
          source: (field) => sources.revisions.get(field) ?? "",
        };
  const problem = given && leaf.problem?.(spec, given);
  if (problem !== undefined && !deleting) return block("InvalidSpec", `spec.${problem}`, true, { when: "change" });
  const wish = given && problem === undefined ? leaf.want(spec, given) : undefined;
  const fitted = wish && adapt(provider, wish);
  if (fitted && "blocked" in fitted && !deleting) return fitted;
  const { want, deviations, footprint: footprintOfWant } = fitted && !("blocked" in fitted) ? fitted : NOTHING;
  const policy = policyOf(leaf, object, environment);
  const refused = deviations.filter((one) => one.kind !== "Covered");
  if (refused.length > 0 && (spec.portability ?? "Strict") === "Strict" && policy.management !== "Observe" && !deleting)
    return block(
      "OutsidePortableRange",
      `${refused.map((one) => `spec.${one.field}: ${one.message}`).join(" ")} Set spec.portability: Warn to take it on this cloud.`,
      true,
      { when: "change" },
    );
  const named = { prefix: environment.prefix, namespace: owner.namespace, name: owner.name };
  const fixed = spec.externalName ?? (unreadable ? undefined : leaf.nameOf?.(spec));
  const base = fixed ?? cloudName(named, leaf.nameLimit, leaf.nameEnding);
  const variants = variantsOf(want, provider.immutable).map((variant) =>
    cloudName({ ...named, variant }, leaf.nameLimit, leaf.nameEnding),
  );
  return {
    environment,
    provider,
    owner,
    name: (status?.environment === environment.name ? status.externalName : undefined) ?? base,
    variants: fixed === undefined ? variants : [],
    mayBeVariant: status?.externalId === undefined && mayHaveBeenReplaced(object, environment),
    holds: leaf.holds,
    tellsObserved: leaf.tellsObserved,
    ...(leaf.keptDays && { keptDays: (actual: Partial<Want>) => leaf.keptDays?.(actual) ?? 0 }),
    ...(want && leaf.lasting && { lasting: (actual: Partial<Want>) => leaf.lasting?.(want, actual) }),
    finalBackup: leaf.finalBackup?.(spec) ?? false,
    want,
    deviations,
    cost: want && leaf.cost?.(want, environment.cloud),
    footprint: union(status?.footprint ?? [], footprintOfWant),
    footprintOfWant,
    policy,
    users: deleting && leaf.heldByUsers ? usersOf(leaf.kind, object, host) : [],
    off: offState(object),
  };
}

function usersOf(kind: string, { metadata: { name, namespace = "" } }: LeafObject, host: Lookups): readonly User[] {
  const users = host.users?.(kind, name, namespace) ?? [];
  return users
    .map((user) => ({ name: `${user.kind} ${namespace}/${user.metadata.name}`, leaving: isDeleting(user) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The values that can't be changed tell one variant from the other, so that it is found again without status. */
function variantsOf(want: Wanted | undefined, immutable: readonly string[]): readonly string[] {
  if (!want || immutable.length === 0) return [];
  const frozen = Object.fromEntries(Object.entries(want).filter(([field]) => immutable.includes(field)));
  const first = canonical(frozen);
  return [first, `${first} again`];
}

/** Status that was lost, on an object that was changed, approved or comes from a cluster that is gone. */
const mayHaveBeenReplaced = ({ metadata }: LeafObject, { succeeds }: EnvironmentView): boolean =>
  (metadata.generation ?? 0) > 1 || metadata.annotations?.[ANNOTATIONS.approve] !== undefined || succeeds.length > 0;

const NOTHING = { want: undefined, deviations: [], footprint: [] };

/** What the cloud makes of a wish and where it leaves traces; a wish that it can't read is refused before any call. */
function adapt<Want extends Wanted>(
  provider: AnyProvider,
  wish: Want,
): (Fitted<Want> & { readonly footprint: readonly string[] }) | Blocked {
  try {
    const fitted: Fitted<Want> = provider.fit?.(wish) ?? { want: wish, deviations: [] };
    return { ...fitted, footprint: provider.footprint?.(fitted.want) ?? [] };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const { reason, retry } = FAULTS[error.fault];
    return block(reason, `spec: ${error.message}`, true, retry === "never" ? { when: "change" } : SLOW);
  }
}

/** The Environment it was made in; before it is made, the one that spec names now. */
function environmentOf({ spec, status, metadata }: LeafObject): string | undefined {
  const pinned = status?.externalId !== undefined || metadata.deletionTimestamp !== undefined;
  return (pinned ? status?.environment : undefined) ?? spec.environmentRef?.name;
}

function pinnedElsewhere(object: LeafObject, environment: EnvironmentView): string | undefined {
  const { spec, status } = object;
  if (!status?.externalId) return undefined;
  const asked = spec.environmentRef?.name;
  if (asked !== undefined && asked !== environment.name && !isDeleting(object))
    return `It was made in Environment "${environment.name}", but spec.environmentRef is "${asked}". A cloud resource can't move: put the reference back, or make a new object.`;
  return elsewhere(status, environment);
}

/** Why what was made there is not to be looked for where the Environment is now. Undefined: it is the same place. */
export function elsewhere(
  pinned: Pick<LeafStatus, "cloud" | "account" | "region">,
  environment: EnvironmentView,
): string | undefined {
  const now = { cloud: environment.cloud, account: environment.who.account, region: environment.place.region };
  const fields = Object.keys(now) as (keyof typeof now)[];
  if (fields.every((field) => pinned[field] === undefined || pinned[field] === now[field])) return undefined;
  return `It was made in ${pinned.cloud} ${pinned.account} ${pinned.region}, but Environment "${environment.name}" is ${now.cloud} ${now.account} ${now.region}. Nothing is touched: point the Environment back, or make a new object.`;
}

function tagsFor(object: LeafObject, environment: EnvironmentView, owner: Owner): Tags {
  const wanted: Record<string, string | null> = {
    ...environment.defaultTags,
    ...object.spec.tags,
    ...ownerTags(owner),
  };
  const before = object.status?.effective?.tags as Record<string, string> | undefined;
  for (const key of Object.keys(before ?? {})) if (!Object.hasOwn(wanted, key)) wanted[key] = null;
  return wanted;
}

function ownerOfObject(kind: string, object: KubeObject, environment: EnvironmentView): Owner {
  return {
    environment: environment.name,
    cluster: environment.place.cluster,
    namespace: object.metadata.namespace ?? "",
    kind,
    name: object.metadata.name,
    uid: object.metadata.uid ?? "",
  };
}

function policyOf<Spec extends LeafSpec>(
  leaf: Pick<Leaf<Spec, never>, "kind" | "dataBearing" | "optional">,
  object: LeafObject<Spec>,
  environment: EnvironmentView,
): Policy {
  const { spec } = object;
  return {
    management: spec.managementPolicy ?? "Manage",
    adoption: spec.adoptionPolicy ?? "Never",
    drift: spec.driftPolicy ?? "Correct",
    deletion:
      spec.deletionPolicy ?? environment.deletionPolicies[leaf.kind] ?? (leaf.dataBearing ? "Retain" : "Delete"),
    active: offState(object) === undefined,
    dataBearing: leaf.dataBearing,
    optional: leaf.optional?.(spec),
  };
}

export function offState(object: LeafObject): OffState {
  const held = heldBy(object);
  if (held) return held;
  if (object.spec.enabled === false)
    return { reason: "Disabled", message: object.spec.disabledReason ?? "spec.enabled is false." };
  return undefined;
}

const union = (a: readonly string[], b: readonly string[]): readonly string[] => [...new Set([...a, ...b])].sort();
