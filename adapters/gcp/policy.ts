/** IAM allow policies: pure functions on them, and an editor that writes them without losing what others wrote. */
import { isRaced } from "./errors.ts";

/** google.type.Expr, as far as allow policies use it. */
export interface Condition {
  readonly title?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly expression?: string | null | undefined;
}

/** google.iam.v1.Binding. */
export interface Binding {
  readonly role?: string | null | undefined;
  readonly members?: readonly string[] | null | undefined;
  readonly condition?: Condition | null | undefined;
}

/** google.iam.v1.Policy. Fields that we don't know are carried along. */
export interface Policy {
  readonly bindings?: readonly Binding[] | null | undefined;
  readonly etag?: Uint8Array | string | null | undefined;
}

/** One member's right to one role on the resource that the policy belongs to. */
export interface Membership {
  readonly role: string;
  readonly member: string;
  /** Absent: without condition. Bindings of one role under different conditions are different bindings. */
  readonly condition?:
    | { readonly title: string; readonly description: string; readonly expression: string }
    | undefined;
}

/** True when the member holds the role, under just this condition. */
export function holds(policy: Policy, wanted: Membership): boolean {
  return (policy.bindings ?? []).some(
    (binding) => matches(binding, wanted) && members(binding).includes(wanted.member),
  );
}

/** The policy with the member added, or the same object when it is there already. All else stays as it was. */
export function withMember(policy: Policy, wanted: Membership): Policy {
  if (holds(policy, wanted) && !holdsDeleted(policy, wanted)) return policy;
  const bindings = policy.bindings ?? [];
  const at = bindings.findIndex((binding) => matches(binding, wanted));
  if (at < 0)
    return {
      ...policy,
      bindings: [
        ...bindings,
        { role: wanted.role, members: [wanted.member], ...(wanted.condition ? { condition: wanted.condition } : {}) },
      ],
    };
  return {
    ...policy,
    bindings: bindings.map((binding, index) =>
      index === at ? { ...binding, members: [...without(binding, wanted.member), wanted.member] } : binding,
    ),
  };
}

/** The policy without the member (and its `deleted:` form), or the same object when it isn't there. */
export function withoutMember(policy: Policy, unwanted: Membership): Policy {
  if (!holds(policy, unwanted) && !holdsDeleted(policy, unwanted)) return policy;
  return {
    ...policy,
    bindings: (policy.bindings ?? [])
      .map((binding) =>
        matches(binding, unwanted) ? { ...binding, members: without(binding, unwanted.member) } : binding,
      )
      .filter((binding) => members(binding).length > 0),
  };
}

const members = (binding: Binding): readonly string[] => binding.members ?? [];

const matches = (binding: Binding, { role, condition }: Membership): boolean =>
  binding.role === role &&
  (binding.condition?.expression || "") === (condition?.expression ?? "") &&
  (binding.condition?.title || "") === (condition?.title ?? "");

/** IAM renames a member whose account was deleted: `deleted:serviceAccount:a@b?uid=1`. It grants nothing to a new one. */
const isDeletedForm = (found: string, member: string): boolean => found.startsWith(`deleted:${member}?uid=`);

const holdsDeleted = (policy: Policy, { member, ...rest }: Membership): boolean =>
  (policy.bindings ?? []).some(
    (binding) =>
      matches(binding, { member, ...rest }) && members(binding).some((found) => isDeletedForm(found, member)),
  );

const without = (binding: Binding, member: string): readonly string[] =>
  members(binding).filter((found) => found !== member && !isDeletedForm(found, member));

/** How the policies of one service are read and written. Both throw ProviderError. */
export interface PolicyPort {
  read(resource: string, signal: AbortSignal): Promise<Policy>;
  write(resource: string, policy: Policy, signal: AbortSignal): Promise<unknown>;
}

export interface PolicyEditor {
  read(resource: string, signal: AbortSignal): Promise<Policy>;
  /**
   * Reads, changes and writes with the etag, and again from the start when somebody else wrote in between.
   * Writes nothing when `change` gives back what it was given. One edit of a resource at a time in this process.
   */
  edit(resource: string, change: (policy: Policy) => Policy, signal: AbortSignal): Promise<void>;
}

/** How often an edit starts anew before the race is told to core, which waits and tries again. */
const ATTEMPTS = 5;

export function createPolicyEditor(port: PolicyPort): PolicyEditor {
  const tails = new Map<string, Promise<void>>();

  const inTurn = (resource: string, run: () => Promise<void>): Promise<void> => {
    const mine = (tails.get(resource) ?? Promise.resolve()).then(run);
    const tail = mine.then(nothing, nothing).then(() => {
      if (tails.get(resource) === tail) tails.delete(resource);
    });
    tails.set(resource, tail);
    return mine;
  };

  async function attempt(
    resource: string,
    change: (policy: Policy) => Policy,
    signal: AbortSignal,
    left: number,
  ): Promise<void> {
    const policy = await port.read(resource, signal);
    const changed = change(policy);
    if (changed === policy) return;
    try {
      // Version 3, or conditions of others would be lost; the etag of the read, or their members would be.
      await port.write(resource, { ...changed, version: 3, etag: policy.etag } as Policy, signal);
    } catch (error) {
      if (!isRaced(error) || left <= 1) throw error;
      await attempt(resource, change, signal, left - 1);
    }
  }

  return {
    read: port.read,
    edit: (resource, change, signal) => inTurn(resource, () => attempt(resource, change, signal, ATTEMPTS)),
  };
}

const nothing = () => undefined;
