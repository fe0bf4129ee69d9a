import { expect } from "vitest";
import { ProviderError } from "../../provider/fault.ts";
import { createMemoryCloud, type MemoryCloud, type Thing } from "../../provider/testing/memory.ts";
import { type ThingSpec, thingLeaf } from "../../provider/testing/thing.ts";
import { type ConditionType, condition } from "../conditions.ts";
import type { EnvironmentView } from "../environment-view.ts";
import { environmentWith } from "./environment.ts";
import { type OneObject, oneObject } from "./one-object.ts";

export interface ThingWorld {
  readonly cloud: MemoryCloud;
  readonly host: OneObject<ThingSpec>;
  /** The one thing in the cloud. */
  only(): Thing;
  /** Its name. */
  name(): string;
}

/** A note is for good once it begins with "sealed". */
export const sealing: ThingLasting = (want, { note = null }) => {
  const sealed = (text: string | null) => text?.startsWith("sealed") ?? false;
  if (note === want.note) return undefined;
  if (sealed(note)) return { meanwhile: { ...want, note }, cannot: `spec.note: it is ${note}.` };
  return sealed(want.note) ? { meanwhile: { ...want, note: null }, loses: "It is sealed for good." } : undefined;
};

type ThingProblem = NonNullable<ReturnType<typeof thingLeaf>["problem"]>;
type ThingLasting = NonNullable<ReturnType<typeof thingLeaf>["lasting"]>;

/** A cluster with the Thing shop/orders and the cloud in memory that it stands in. */
export function thingWorld(
  spec: ThingSpec = { size: 5 },
  over: Partial<EnvironmentView> & {
    dataBearing?: boolean;
    heldByUsers?: boolean;
    tellsObserved?: true;
    problem?: ThingProblem;
    lasting?: ThingLasting;
  } = {},
): ThingWorld {
  const cloud = createMemoryCloud();
  const { dataBearing, heldByUsers, tellsObserved, problem, lasting, ...environment } = over;
  const leaf = {
    ...thingLeaf(dataBearing, heldByUsers),
    ...(tellsObserved && { tellsObserved }),
    ...(problem && { problem }),
    ...(lasting && { lasting }),
  };
  const host = oneObject(leaf, environmentWith(cloud.provider, environment), spec);
  const only = (): Thing => {
    expect(cloud.things.size).toBe(1);
    return [...cloud.things.values()][0] as Thing;
  };
  return { cloud, host, only, name: () => [...cloud.things.keys()][0] as string };
}

/** The reply is lost on the way. */
export const lost = () => new ProviderError("transient", "the connection broke", { code: "ECONNRESET" });
export const denied = () =>
  new ProviderError("denied", "may not look", { code: "AccessDenied", requestId: "req-4711" });

export const READY = "Ready=True/Available Synced=True/Available";

/** `Ready=True/Available Synced=True/Available …`, without Portable and ReferencesResolved. */
export const told = (host: OneObject<ThingSpec>): string =>
  (host.status.conditions ?? [])
    .filter((one) => one.type !== "Portable" && one.type !== "ReferencesResolved")
    .map((one) => `${one.type}=${one.status}/${one.reason}`)
    .join(" ");

export const verbs = (calls: readonly { verb: string }[]): string => calls.map((call) => call.verb).join(" ");

export const message = (host: OneObject<ThingSpec>, type: ConditionType): string | undefined =>
  condition(host.status.conditions, type)?.message;
