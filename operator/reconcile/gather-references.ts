import type { Wanted } from "../provider/provider.ts";
import type { Blocked, Lookups, Next } from "./gather.ts";
import type { Leaf, LeafObject, LeafSpec, Reference, Target } from "./leaf-object.ts";
import { isDeleting } from "./object.ts";
import type { Reason } from "./reasons.ts";

/** What spec refers to, or why that can't be had yet. */
export function resolve(
  references: readonly Reference[],
  namespace: string,
  host: Lookups,
): { targets: ReadonlyMap<string, Target> } | Blocked {
  const targets = new Map<string, Target>();
  for (const reference of references) {
    const target = host.lookup(reference, namespace);
    const what = `${reference.kind} ${namespace}/${reference.name} (spec.${reference.field})`;
    if (!target)
      return block("DependencyNotFound", `${what} does not exist. Create it or correct the reference.`, false, {
        when: "change",
      });
    if (isDeleting(target)) return block("DependencyNotReady", `${what} is being deleted.`, false, { when: "change" });
    const given = target.status?.outputs;
    if (!given || target.status?.externalId === undefined)
      return block("DependencyNotReady", `${what} is not Ready yet.`, false, { when: "change" });
    const referrers = referrersOf(reference, namespace, host);
    targets.set(reference.field, {
      outputs: given,
      effective: target.status?.effective ?? {},
      ...(referrers.length > 0 ? { referrers } : {}),
    });
  }
  return { targets };
}

/** Those that were made, also those that are being deleted: what they did to the object is there still. */
function referrersOf(reference: Reference, namespace: string, host: Lookups): NonNullable<Target["referrers"]> {
  const { referredBy, name } = reference;
  if (!referredBy) return [];
  const path = referredBy.field.split(".");
  return (host.referrers?.(reference, namespace) ?? []).flatMap(({ kind, spec, status }) => {
    const there = path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], spec);
    const refers = kind === referredBy.kind && (there as { name?: string } | undefined)?.name === name;
    return refers && status?.outputs ? [{ outputs: status.outputs, effective: status.effective ?? {} }] : [];
  });
}

/** The revisions of the Secrets that the value is taken from. Nobody tells when one changes: it is looked at again soon. */
export function sourcesOf<Spec extends LeafSpec>(
  leaf: Pick<Leaf<Spec, Wanted>, "sources">,
  { spec, metadata }: LeafObject<Spec>,
  host: Lookups,
): { revisions: ReadonlyMap<string, string> } | Blocked {
  const revisions = new Map<string, string>();
  for (const source of leaf.sources?.(spec) ?? []) {
    const namespace = metadata.namespace ?? "";
    const found = host.source?.(source, namespace);
    if (found && "revision" in found) revisions.set(source.field, found.revision);
    else {
      const absent = `Secret ${namespace}/${source.name} (spec.${source.field}) does not exist. Create it or correct the reference.`;
      const { reason, message } = found?.problem ?? { reason: "DependencyNotFound", message: absent };
      return block(reason, message, false, { when: "backoff" });
    }
  }
  return { revisions };
}

export const block = (reason: Reason, message: string, stalled: boolean, next: Next): Blocked => ({
  blocked: { reason, message, stalled, next },
});
