import type { Copied, Watching } from "./copying.ts";
import type { Owner, Tags } from "./owner.ts";
import type { Runs } from "./runs.ts";

/** The clouds there are. */
export type Cloud = "aws" | "gcp";

/** A value that survives JSON: what Want and Outputs are made of. `undefined` fields are absent fields. */
export type Neutral =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Neutral[]
  | { readonly [key: string]: Neutral };

/** What every Want has: tags are the user's and ours together; a null value is a tag of ours that must go. */
export interface Wanted {
  readonly tags: Tags;
}

/** What goes with each call to a cloud. */
export interface Call {
  /** Aborted when the attempt's deadline passes or this process lost the lease: no further write then. */
  readonly signal: AbortSignal;
  /** Same for the same object and generation: for clouds that take an idempotency token. */
  readonly token: string;
  /** Who the resource belongs to. Adapters write it as marks (tags, labels, or the rule of the kind). */
  readonly owner: Owner;
  /**
   * The confidential value that goes with the object: made or read anew at each call, and part of no Want, status, event
   * or log. Given to `create`, `update` and `adopt` of kinds that have one. Throws ProviderError.
   */
  readonly value?: (() => Promise<Uint8Array>) | undefined;
}

/** Where to look for a resource. */
export interface At {
  /** The deterministic or given name in the cloud. */
  readonly name: string;
  /**
   * The cloud's id from status, once known. Survives a change of naming rules. Absent in the look after a delete: what
   * status remembers is then no sign that it is there.
   */
  readonly id?: string | undefined;
  /** What `footprint` said in earlier passes and now: the places to search for traces of this object. */
  readonly footprint: readonly string[];
}

/**
 * What the cloud says of one resource. A union, so that an error can never be read as absence: a failed
 * observe throws.
 */
export type Observation<Want, Outputs> = Absent | Present<Want, Outputs>;

export interface Absent {
  readonly exists: false;
  /** The name can't be used yet, in ms (SQS keeps a deleted name for 60 s): core waits instead of creating. */
  readonly reservedForMs?: number | undefined;
}

export interface Present<Want, Outputs> {
  readonly exists: true;
  readonly id: string;
  /** Our marks on it. Absent: it carries none, so it isn't ours. */
  readonly owner?: Owner | undefined;
  /**
   * - `ready`    usable
   * - `pending`  the cloud is working on it; no update is sent meanwhile
   * - `deleting` on its way out
   * - `failed`   the cloud says that it is broken; `message` says how
   */
  readonly phase: "ready" | "pending" | "deleting" | "failed";
  /**
   * With phase `deleting`: the cloud keeps it for days and `update` brings it back. An object that is deleted goes at
   * once and does not wait for the cloud; one that lives, or is made again, has it restored.
   */
  readonly restorable?: boolean | undefined;
  /** For people, stable: what the cloud is doing or what failed. */
  readonly message?: string | undefined;
  /**
   * The live values in the fields of Want, in canonical form (conformance.md section 4), so that equal means equal.
   * A field that could not be read is left out and not compared.
   */
  readonly actual: Partial<Want>;
  readonly outputs: Outputs;
  /** Versions of the confidential value that can be read, of kinds that have one: the one in force, and the one before. */
  readonly versions?: { readonly current: string; readonly previous?: string | undefined } | undefined;
  /**
   * What time alone has made due, such as the rotation of a secret, in words for people: core has `update` do it, with
   * `field` among what changed. It is no drift.
   */
  readonly due?: readonly { readonly field: keyof Want & string; readonly want: string; readonly actual: string }[];
  /**
   * A guard in the cloud that stops a delete, and the field of Want that sets it. Where spec no longer asks for the
   * guard, core updates that field first; where it does, the delete is refused with `message`.
   */
  readonly deleteBlockedBy?: { readonly field: keyof Want & string; readonly message: string } | undefined;
}

/** A resource that a cloud lists. */
export interface Found {
  readonly name: string;
  readonly id: string;
}

/** What create answers. */
export interface Created<Outputs> {
  readonly id: string;
  /** Given when the resource is usable at once, so no further look is needed in this pass. */
  readonly outputs?: Outputs | undefined;
  /** As `Present.versions`; only with `outputs`. */
  readonly versions?: { readonly current: string } | undefined;
}

/**
 * One kind on one cloud.
 *
 * Guarantees that core relies on: every verb is idempotent and returns without waiting for the cloud to finish
 * (a `pending` phase says that it works on it); nothing but ProviderError is thrown; `signal` is passed to the SDK;
 * `update` sends only what changed; `delete` of what is absent succeeds; `create` of what exists with our owner mark
 * finishes it (a crash between two steps), with a foreign one throws `conflict`.
 *
 * Core guarantees: `create` only after an observe that said absent; `update` and `delete` only on what carries our
 * marks; at most one call at a time for one object.
 */
export interface Provider<Want extends Wanted, Outputs extends Readonly<Record<string, string>>> {
  /** `assigned`: the cloud picks the id, so core records the intent first and create uses the token. */
  readonly ids: "derived" | "assigned";
  /** Fields that this cloud can't change in place. */
  readonly immutable: readonly (keyof Want & string)[];
  /**
   * Places outside the resource itself where this object leaves traces (an IAM policy of another resource).
   * Core records them in status before the first write, so that they are found again after any crash.
   */
  footprint?(want: Want): readonly string[];
  /**
   * The resource can carry our marks only some time after its creation. Core then adds `createIntent(name)` to the
   * footprint in status before it calls `create`, and keeps it there until it has seen that all is as spec asks: so the
   * unmarked thing that a crash or a lost reply leaves behind is told from somebody else's.
   */
  readonly recordsIntent?: boolean | undefined;
  /**
   * How long after its making the cloud may not show the resource, or its marks, yet, in ms. Core believes no absence
   * before that, where it would leak or make a second one. Absent: SETTLING_MS.
   */
  readonly settlingMs?: number | undefined;
  observe(at: At, call: Call): Promise<Observation<Want, Outputs>>;
  create(name: string, want: Want, call: Call): Promise<Created<Outputs>>;
  /** `seen` is what decide compared with; `changed` the fields that differ. */
  update(
    seen: Present<Want, Outputs>,
    want: Want,
    changed: ReadonlySet<keyof Want & string>,
    call: Call,
  ): Promise<void>;
  delete(seen: Present<Want, Outputs>, at: At, call: Call): Promise<void>;
  /**
   * What this cloud makes of a wish: the same Want in the values that `observe` will report, with every field in
   * which the cloud gives something else than was asked. Pure. Absent: the cloud does just what is asked.
   */
  fit?(want: Want): Fitted<Want>;
  /**
   * The outputs that a resource of this name will have, where they follow from the name: `onyx plan` shows with them
   * what is yet to be made. Pure. Absent: only the cloud knows.
   */
  foresee?(name: string, want: Want): Outputs;
  /** Put our marks on it, nothing else: adoption. */
  adopt(seen: Present<Want, Outputs>, want: Want, call: Call): Promise<void>;
  /**
   * Take HOLDER_MARKS off, nothing else: deletionPolicy Retain leaves it to the same object made again, or to whoever
   * adopts it. Absent: the marks stay.
   */
  release?(seen: Present<Want, Outputs>, call: Call): Promise<void>;
  /**
   * Everything of this kind that is there in the account and region, whoever made it: what `onyx import` looks at.
   * Names are those that `observe` takes. Absent: the cloud can't list it.
   */
  list?(call: Pick<Call, "signal">): Promise<readonly Found[]>;
  /**
   * Whether it holds nothing at all, so that nothing is lost with it. Asked before it is deleted, of kinds that hold
   * data. Reads no data, only whether there is some. Absent: it always counts as holding something.
   */
  isEmpty?(seen: Present<Want, Outputs>, call: Call): Promise<boolean>;
  /**
   * Has the cloud make a backup of it that outlives it, and tells how far that is. Idempotent: there is one for each
   * making of the resource. Absent: this cloud makes no backup on demand.
   */
  finalBackup?(seen: Present<Want, Outputs>, call: Call): Promise<{ readonly id: string; readonly ready: boolean }>;
  /**
   * The confidential value in one of `Present.versions`, undefined where that version can't be read any more. It goes
   * nowhere but into the Secret that spec asks for. Absent: this kind has none.
   */
  reveal?(seen: Present<Want, Outputs>, version: string, call: Call): Promise<Uint8Array | undefined>;
  /**
   * Begins to make another one, named `name`, that holds what this one held at a moment (absent: the latest that the cloud
   * can restore). It carries no marks, or those of this one, until `adopt`. Absent: this cloud can't.
   */
  restore?(seen: Present<Want, Outputs>, name: string, moment: Date | undefined, call: Call): Promise<void>;
  /**
   * As `restore`, where the cloud restores nothing by itself: makes another one and copies into it what this one held at
   * the moment. Until `adopt` the copy carries the marks of this one, and RESTORED_AT, so that nobody takes it up half
   * filled. Called again after a break it goes on. Absent: this kind is not copied.
   */
  restoreByCopy?(
    seen: Present<Want, Outputs>,
    to: { readonly name: string; readonly want: Want },
    moment: Date | undefined,
    call: Call,
    watching: Watching,
  ): Promise<Copied>;
  /** Runs of it, of kinds that are run. */
  readonly runs?: Runs | undefined;
  /** Monthly budget of calls isn't ours to guess: the bucket that calls of this kind draw from, such as `sqs`. */
  readonly service: string;
}

/** How long a cloud may not show what it just made, where a kind says nothing else. SQS: up to 60 s. */
export const SETTLING_MS = 60_000;

/** The line of `At.footprint` that says: after a look that found nothing, this object was about to create `name`. */
export const createIntent = (name: string): string => `create ${name}`;

/** A Want as one cloud can do it. */
export interface Fitted<Want> {
  readonly want: Want;
  readonly deviations: readonly Deviation[];
}

/** One field in which a cloud does not do just what was asked. */
export interface Deviation {
  /** Path in spec, such as `retention` or `overrides.aws.kmsDataKeyReuse`. */
  readonly field: string;
  /**
   * - `Clamped`        less, or other than asked: refused under `portability: Strict`
   * - `Emulated`       done another way with other edges: refused under Strict
   * - `CloudSpecific`  has no twin on the other cloud: refused under Strict
   * - `Covered`        more than asked and harmless: allowed, shown in `status.effective`
   */
  readonly kind: "Clamped" | "Emulated" | "CloudSpecific" | "Covered";
  /** For people: what was asked, what is given, what to do. */
  readonly message: string;
}

/** A kind that this cloud does not have. The compiler asks each adapter for one or the other. */
export interface Unsupported {
  readonly unsupported: string;
}
