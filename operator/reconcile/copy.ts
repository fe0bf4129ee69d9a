import { ProviderError } from "../provider/fault.ts";
import { shortHash } from "../provider/owner.ts";
import type { Call, Present, Wanted } from "../provider/provider.ts";
import type { Decision } from "./decide.ts";
import type { Next, Prepared } from "./gather.ts";
import type { CopyStatus, LeafObject, LeafStatus, SecretCopy } from "./leaf-object.ts";
import { errorMessage, retryOf } from "./leaf-status.ts";
import { isDeleting } from "./object.ts";
import { FAULTS, type Reason } from "./reasons.ts";
import type { Seen } from "./report.ts";
import { SOURCE_RESYNC_MS } from "./sources.ts";

/** A Secret that holds a copy, as far as it is known without its values. */
export interface CopyFound {
  /** It carries the marks of this object. */
  readonly ours: boolean;
  readonly resourceVersion: string;
  /** `CopyContent.token` of the last write. */
  readonly token: string | undefined;
}

/** All that a copy is to hold. */
export interface CopyContent {
  /** Names the versions and the form of the copy, and tells nothing of the values. */
  readonly token: string;
  readonly data: Readonly<Record<string, Uint8Array>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** The Secrets of the object's namespace that may hold copies of its value. All throw ProviderError. */
export interface Copies {
  /** Its metadata alone. Undefined: there is none. */
  look(name: string): Promise<CopyFound | undefined>;
  /** Has it hold just that, with our marks; refused with `conflict` where it is not ours. @returns its resource version */
  write(name: string, content: CopyContent): Promise<string>;
  /** What does not carry our marks is left alone; what is absent is gone. */
  remove(name: string): Promise<void>;
}

/** What keeping the copy came to. */
export interface Copied {
  readonly syncedTo: CopyStatus | undefined;
  readonly trouble?: CopyTrouble | undefined;
}

export interface CopyTrouble {
  readonly reason: Reason;
  readonly message: string;
  readonly stalled: boolean;
  readonly next: Next;
}

interface Copying<Want extends Wanted> {
  readonly object: LeafObject;
  readonly prepared: Prepared<Want>;
  readonly copy: SecretCopy | undefined;
  readonly copies: Copies;
  readonly now: () => Date;
  /** Writes down the name of a Secret before the Secret is made. */
  readonly record: (syncedTo: CopyStatus) => Promise<void>;
}

/**
 * Keeps the Secret that spec asks a copy of the value in. The value is read from the cloud only when the Secret is missing,
 * was written by somebody else or is of other versions. Comes before the status that tells of the version.
 *
 * @param after what is in the cloud once the decision was carried out
 */
export async function keepCopy<Want extends Wanted>(
  copying: Copying<Want>,
  decision: Decision,
  after: Seen<Want>,
  call: Call,
): Promise<Copied> {
  const { object, prepared, copy, copies } = copying;
  const before = object.status?.syncedTo;
  if (isDeleting(object) || !prepared.policy.active || prepared.policy.management === "Observe")
    return { syncedTo: before };
  try {
    if (before && before.name !== copy?.name) await copies.remove(before.name);
    const left = before?.name === copy?.name ? before : undefined;
    if (!copy || !KEEPING.has(decision.do) || !after.exists || after.phase !== "ready" || !after.versions)
      return { syncedTo: left };
    return { syncedTo: await bring(copying, copy, left, after, after.versions, call) };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return { syncedTo: before, trouble: troubleOf(error, copying) };
  }
}

/** Decisions after which what is in the cloud is known to be ours. */
const KEEPING: ReadonlySet<Decision["do"]> = new Set(["none", "create", "update"]);

async function bring<Want extends Wanted>(
  { prepared: { provider }, copies, record }: Copying<Want>,
  copy: SecretCopy,
  before: CopyStatus | undefined,
  seen: Present<Want, Readonly<Record<string, string>>>,
  versions: NonNullable<Present<Want, unknown>["versions"]>,
  call: Call,
): Promise<CopyStatus> {
  const { reveal } = provider;
  if (!reveal)
    throw new ProviderError("invalid", `spec.${copy.field}: values can't be read on this cloud.`, { code: "NoReveal" });
  const previous = copy.previousKey === undefined ? undefined : versions.previous;
  const token = shortHash(JSON.stringify([versions.current, previous, copy.key, copy.previousKey, copy.labels]), 16);
  const found = await copies.look(copy.name);
  if (found && !found.ours) throw foreign(copy);
  if (found && found.token === token && found.resourceVersion === before?.resourceVersion) return before;
  if (before === undefined) await record({ name: copy.name });
  const value = await reveal(seen, versions.current, call);
  if (!value)
    throw new ProviderError("transient", `The cloud does not give version ${versions.current} of the value.`, {
      code: "NoVersion",
    });
  const old = previous === undefined ? undefined : await reveal(seen, previous, call);
  const data = {
    [copy.key]: value,
    ...(copy.previousKey !== undefined && old !== undefined ? { [copy.previousKey]: old } : {}),
  };
  const resourceVersion = await copies.write(copy.name, { token, data, labels: copy.labels });
  return { name: copy.name, version: versions.current, resourceVersion };
}

const foreign = ({ name, field }: SecretCopy) =>
  new ProviderError(
    "conflict",
    `Secret ${name} exists and does not carry the marks of this object. It was left alone: delete it, or give spec.${field} another name.`,
    { code: "Conflict" },
  );

function troubleOf<Want extends Wanted>(error: ProviderError, { object, copy, now }: Copying<Want>): CopyTrouble {
  const { reason } = FAULTS[error.fault];
  const retry = error.fault === "conflict" ? "slow" : retryOf(error, object.status?.conditions ?? [], now());
  return {
    reason,
    message: errorMessage(error, `keep Secret ${copy?.name ?? object.status?.syncedTo?.name}`),
    stalled: retry !== "backoff",
    next: retry === "backoff" ? { when: "backoff" } : { when: "after", ms: SOURCE_RESYNC_MS },
  };
}

/** The object goes, and what was in the cloud with it: its copy too. What is retained there is retained here. */
export async function dropCopy(
  object: LeafObject,
  decision: Decision | undefined,
  copy: SecretCopy | undefined,
  copies: Copies,
): Promise<void> {
  if (decision?.do === "release" && decision.reason === "Retained") return;
  const known = object.status?.syncedTo?.name;
  if (known !== undefined) await copies.remove(known);
  if (copy && copy.name !== known)
    // Nothing tells that there is one: who may not look has made none.
    await copies.remove(copy.name).catch((error: unknown) => {
      if (!(error instanceof ProviderError) || error.fault !== "denied") throw error;
    });
}

/** The status with what became of the copy. */
export const withCopy = (status: LeafStatus, syncedTo: CopyStatus | undefined): LeafStatus => {
  const { syncedTo: _before, ...rest } = status;
  return syncedTo ? { ...rest, syncedTo } : rest;
};
