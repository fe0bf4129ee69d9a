import type { Leaf, LeafObject, LeafSpec } from "../../reconcile/leaf-object.ts";
import type { Cloud, Wanted } from "../provider.ts";
import type { WriteCall } from "./cloud-under-test.ts";

/** Spec fields laid over those of the base. */
export type Over = Readonly<Record<string, unknown>>;

/** A change of spec and what it must come to. */
export interface Edit {
  readonly title: string;
  readonly spec: Over;
  /** Fields of Want that the update is about. */
  readonly fields: readonly string[];
  /** Those that it is about on one cloud besides. */
  readonly more?: Readonly<Partial<Record<Cloud, readonly string[]>>> | undefined;
  /** Clouds that have no such setting, so that nothing is sent, with the rule that allows it. */
  readonly nothingOn?: Readonly<Partial<Record<Cloud, string>>> | undefined;
}

/** One kind as the suite tries it, whatever the cloud. */
export interface KindUnderTest<Spec extends LeafSpec, Want extends Wanted> {
  /** Its title, where the suite tries a kind in a second shape. Absent: the kind. */
  readonly title?: string | undefined;
  readonly leaf: Leaf<Spec, Want>;
  /** The whole spec as the API server would store it: base, then `over`, then defaults. */
  spec(over?: Over): Spec;
  /** What tells one object from another, where two of one spec would be about the same thing. Absent: its name does. */
  own?(name: string): Over;
  /** L3: each field that can change on a living resource, alone. */
  readonly edits: readonly Edit[];
  /** L4: optional fields; once taken away again, the default must be back. */
  readonly optional: readonly Edit[];
  /** L5: values that a careless adapter takes for absent, and what must stand in the cloud then. */
  readonly falsy: readonly { readonly title: string; readonly spec: Over; readonly effective: Over }[];
  /** L22: fields that can't change, by cloud. */
  readonly immutable: readonly { readonly spec: Over; readonly field: string; readonly on: readonly Cloud[] }[];
  /** L25: a spec with a reference; `undefined` for a kind that refers to nothing. */
  readonly referring?: Over | undefined;
  /** What the objects that it refers to need besides their base spec, by `kind/name`. Absent: nothing. */
  readonly companions?: Readonly<Record<string, Over>> | undefined;
  /** L17: a spec with the guard on, and the one that lifts it; undefined for a kind without. */
  readonly guard?: { readonly on: Over; readonly off: Over } | undefined;
  /** L24: a spec with more parts than fit on one page. */
  readonly many?: Over | undefined;
  /** L29: what status must show on every cloud for the base spec: keys of outputs, fields of `effective`. */
  readonly shows: { readonly outputs: readonly string[]; readonly effective: Over };
  /** Cases of conformance.md that say nothing for this kind, with the reason; `L8 gcp` for one cloud alone. */
  readonly doesNotApply: Readonly<Record<string, string>>;
}

/** An object and its resource, as the helpers of a cloud need it. */
export interface Subject {
  /** Name in the cloud, as the object has it. */
  readonly name: string;
  readonly object: LeafObject;
}

/** One resource that the cloud lists. */
export interface Listed {
  /** The cloud's id or name. */
  readonly id: string;
}

/** One kind on one cloud, seen and touched by the official SDK and never by the adapter. */
export interface KindOnCloud {
  /** Operations of the least create of the base spec, in order. */
  readonly makes: readonly string[];
  /** Operations of the delete. */
  readonly unmakes: readonly string[];
  /** L3: the fields of Want that a call of an update touches. Calls that hold none of them give an empty list. */
  touches(write: WriteCall): readonly string[];
  /** Everything of the kind that carries marks of this object. */
  list(subject: Subject): Promise<readonly Listed[]>;
  /** All that can be read of it, to see whether it was touched; undefined: it isn't there. */
  snapshot(subject: Subject): Promise<unknown>;
  /**
   * Changes one field of Want behind our back. Fields that no cloud reports are not here. Where a field has several parts,
   * `subscription: filter` is one of them.
   */
  readonly tamper: Readonly<Record<string, (subject: Subject) => Promise<void>>>;
  /** Puts a tag of somebody else on it. Absent: this cloud has no tags there. */
  readonly tag?: ((subject: Subject, key: string, value: string) => Promise<void>) | undefined;
  /** Makes one of that name as somebody else would, with just the attributes that we would give. */
  createForeign(subject: Subject): Promise<void>;
  /** Puts something into it that must not get lost; needed of kinds that hold data. */
  readonly fill?: ((subject: Subject) => Promise<void>) | undefined;
  /** Final backups that the cloud keeps of it. Absent: it makes none on demand. */
  readonly backups?: ((subject: Subject) => Promise<readonly Listed[]>) | undefined;
  /** What of ours lies beside it for the part that this shape of the kind is about. Absent: nothing. */
  readonly traces?: ((subject: Subject) => Promise<readonly unknown[]>) | undefined;
  /** Takes it away behind our back. */
  remove(subject: Subject): Promise<void>;
  /** L13, L21: the parts that it is made of, each taken away alone behind our back. */
  readonly removePart?: Readonly<Record<string, (subject: Subject) => Promise<void>>> | undefined;
  /** L23, L27: until `heal` the cloud reports a state that nobody knows yet, or that the customer's key is disabled. */
  readonly states?: { readonly unknown?: () => void; readonly keyDisabled?: () => void } | undefined;
  /** L16: the cloud keeps what is deleted for days, and what it then takes to have it back, usable. */
  readonly restores?:
    | {
        readonly operations: readonly string[];
        usable(subject: Subject): Promise<boolean>;
        /** Has the cloud forget what was deleted, so that the next create makes a new one. */
        forget(subject: Subject): Promise<void>;
      }
    | undefined;
  /** Takes away what a delete leaves behind on purpose, so that the next create makes all of it. Absent: it leaves nothing. */
  readonly clear?: ((subject: Subject) => Promise<void>) | undefined;
  /** L15: how long its name can't be used after deletion, in ms, and the way to have the emulator do so. */
  readonly nameHeld?: { readonly ms: number; hold(): void } | undefined;
}
