import { ProviderError } from "../provider/fault.ts";
import type { At, Call, Wanted } from "../provider/provider.ts";
import { isOurs } from "./claim.ts";
import { type Decision, decide, type Situation } from "./decide.ts";
import { diff } from "./diff.ts";
import type { Prepared } from "./gather.ts";
import type { LeafObject } from "./leaf-object.ts";
import type { Seen } from "./report.ts";

/** What was found, and where. */
export interface Found<Want extends Wanted> {
  /** With the name under which it was found. */
  readonly prepared: Prepared<Want>;
  readonly at: At;
  readonly seen: Seen<Want>;
}

/**
 * Looks at the cloud. Where status does not tell that the object's resource was replaced once, the one that took its
 * place is looked for too: before the first where there is a sign of that, else when the first can't be what spec asks.
 */
export async function look<Want extends Wanted>(
  prepared: Prepared<Want>,
  object: LeafObject,
  call: Call,
): Promise<Found<Want>> {
  const at: At = { name: prepared.name, id: object.status?.externalId, footprint: prepared.footprint };
  const observe = async (where: At) => (await prepared.provider.observe(where, call)) as Seen<Want>;
  const [variant] = prepared.variants;
  const other = async (): Promise<Found<Want> | undefined> => {
    if (variant === undefined || variant === at.name || at.id !== undefined) return undefined;
    const there: At = { ...at, name: variant };
    const seen = await observe(there);
    const ours = seen.exists && isOurs(seen.owner, prepared.owner, prepared.environment.succeeds);
    return ours ? { prepared: { ...prepared, name: variant }, at: there, seen } : undefined;
  };
  const first = prepared.mayBeVariant ? await other() : undefined;
  if (first) return first;
  const seen = await observe(at);
  const second = !prepared.mayBeVariant && misfits(prepared, seen) ? await other() : undefined;
  return second ?? { prepared, at, seen };
}

function misfits<Want extends Wanted>({ want, provider }: Prepared<Want>, seen: Seen<Want>): boolean {
  if (!want || !seen.exists) return false;
  return diff(want, seen.actual).some(({ field }) => provider.immutable.includes(field));
}

/** Decides; where the answer hangs on whether the resource holds anything, that is asked, and only then. */
export async function decideKnowing<Want extends Wanted>(
  situation: Situation<Want, Readonly<Record<string, string>>>,
  { provider }: Prepared<Want>,
  call: Call,
): Promise<Decision> {
  const { seen } = situation;
  const decision = decide(situation);
  if (decision.do !== "refuse" || decision.consent?.act !== "destroy" || !seen.exists || !provider.isEmpty)
    return decision;
  try {
    return decide({ ...situation, empty: await provider.isEmpty(seen, call) });
  } catch (error) {
    if (error instanceof ProviderError) return decision;
    throw error;
  }
}
