import { ProviderError } from "../provider/fault.ts";
import type { Call, Wanted } from "../provider/provider.ts";
import { timestamp } from "./conditions.ts";
import { keepCopy } from "./copy.ts";
import type { Decision } from "./decide.ts";
import type { Prepared } from "./gather.ts";
import type { LeafHost } from "./leaf.ts";
import type { Leaf, LeafObject, LeafSpec, LeafStatus, Means } from "./leaf-object.ts";
import { identity, type Seen } from "./report.ts";

/** The confidential value of an object, for `Call.value`. @throws ProviderError where spec gives none */
export async function confidential<Spec extends LeafSpec, Want extends Wanted>(
  { value }: Leaf<Spec, Want>,
  spec: Spec,
  means: Means,
): Promise<Uint8Array> {
  const made = (await value?.(spec, means)) ?? new Uint8Array();
  if ("none" in made) throw new ProviderError("invalid", made.none, { code: "NoValue" });
  return made;
}

/** Has the copy of the value kept that spec asks for. */
export function copyOf<Spec extends LeafSpec, Want extends Wanted>(
  leaf: Leaf<Spec, Want>,
  object: LeafObject<Spec>,
  host: LeafHost,
  prepared: Prepared<Want>,
  decision: Decision,
  after: Seen<Want>,
  call: Call,
): ReturnType<typeof keepCopy> {
  const { copies } = host;
  if (!copies || !leaf.copy) return Promise.resolve({ syncedTo: object.status?.syncedTo });
  const id = {
    ...(after.exists ? { externalId: after.id } : {}),
    ...(decision.do === "create" ? { createdAt: timestamp(host.now()) } : {}),
  };
  const record = (syncedTo: NonNullable<LeafStatus["syncedTo"]>) =>
    host.record(object, { ...identity(object, prepared), footprint: prepared.footprint, ...id, syncedTo });
  const copying = { object, prepared, copy: leaf.copy(object.spec), copies, now: host.now, record };
  return keepCopy(copying, decision, after, call);
}
