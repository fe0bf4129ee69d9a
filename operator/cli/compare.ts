import { moneyText, parseMoney, sum } from "../cost/money.ts";
import type { Cloud } from "../provider/provider.ts";
import { INPUTS } from "../reconcile/report.ts";
import type { PlannedLeaf } from "./plan.ts";
import type { PlannedChild } from "./plan-children.ts";
import { type Plan, planExitCode } from "./plan-text.ts";

/** The plan of one cloud, as it takes part in a comparison. */
export interface CloudPlan {
  readonly cloud: Cloud;
  readonly plan: Plan;
  /** For people: why the plan takes for granted that nothing is there yet. Absent: the cloud was asked. */
  readonly assumed?: string | undefined;
}

/** The same files on several clouds. What a cloud has not is absent under its name. */
export interface Comparison {
  readonly clouds: readonly {
    readonly cloud: Cloud;
    readonly target: string;
    readonly assumed?: string | undefined;
    readonly total: Total;
  }[];
  readonly objects: readonly Row<PlannedLeaf>[];
  readonly kubernetes: readonly Row<PlannedChild>[];
}

/** One object on each cloud that has it. */
export interface Row<Planned> {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly on: { readonly [C in Cloud]?: Planned };
  /** Fields of the neutral form in which the clouds differ, ids of their own aside. */
  readonly differing: readonly string[];
}

/** What a cloud comes to. */
export interface Total {
  readonly create: number;
  readonly change: number;
  readonly refused: number;
  /** Fixed cost a month, a decimal, and its currency; absent where nothing has a price. */
  readonly monthly?: string | undefined;
  readonly currency?: string | undefined;
  /** Lines that are paid by use. */
  readonly rates: number;
  /** Lines whose price isn't known. */
  readonly unknown: number;
  /** Region and day of the list prices. */
  readonly prices?: string | undefined;
}

/** Puts plans side by side, object by object, in the order of the first that has each. */
export function compare(plans: readonly CloudPlan[]): Comparison {
  return {
    clouds: plans.map(({ cloud, plan, assumed }) => ({
      cloud,
      target: plan.target,
      ...(assumed ? { assumed } : {}),
      total: totalOf(plan),
    })),
    objects: rows(
      plans.map(({ cloud, plan }) => [cloud, plan.leaves]),
      (leaves) => differing(leaves.map(({ want }) => want)),
    ),
    kubernetes: rows(
      plans.map(({ cloud, plan }) => [cloud, plan.children]),
      () => [],
    ),
  };
}

/** As of `onyx plan`: 1 as soon as one of the clouds refuses something. */
export const compareExitCode = (plans: readonly CloudPlan[]): 0 | 1 | 2 => planExitCode(plans.map(({ plan }) => plan));

function rows<Planned extends { readonly kind: string; readonly namespace: string; readonly name: string }>(
  plans: readonly (readonly [Cloud, readonly Planned[]])[],
  differ: (all: readonly Planned[]) => readonly string[],
): readonly Row<Planned>[] {
  const found = new Map<string, { [C in Cloud]?: Planned }>();
  for (const [cloud, planned] of plans)
    for (const one of planned) {
      const key = `${one.kind}/${one.namespace}/${one.name}`;
      found.set(key, { ...found.get(key), [cloud]: one });
    }
  return [...found.values()].map((on) => {
    const all = Object.values(on);
    const [{ kind, namespace, name }] = all as [Planned];
    return { kind, namespace, name, on, differing: differ(all) };
  });
}

/** Marks differ by Environment, ids are the cloud's. */
const OWN: ReadonlySet<string> = new Set(["tags", ...INPUTS, "target", "id"]);

function differing(wants: readonly (Readonly<Record<string, unknown>> | undefined)[]): readonly string[] {
  if (wants.some((want) => want === undefined)) return [];
  const fields = new Set(wants.flatMap((want) => Object.keys(want ?? {})));
  const texts = (field: string) => new Set(wants.map((want) => neutral(want?.[field] ?? null)));
  return [...fields].filter((field) => !OWN.has(field) && texts(field).size > 1);
}

const neutral = (value: unknown): string =>
  JSON.stringify(value, (key, one: unknown) => (OWN.has(key) ? undefined : one)) ?? "";

function totalOf({ leaves, children }: Plan): Total {
  const count = (...actions: readonly string[]) =>
    [...leaves, ...children].filter(({ action }) => actions.includes(action)).length;
  const costs = leaves.flatMap(({ cost }) => cost ?? []);
  const lines = costs.flatMap(({ fixed, byUse }) => [...fixed, ...byUse]);
  const [first] = costs;
  return {
    create: count("create"),
    change: count("update", "adopt", "replace"),
    refused: count("refuse", "error"),
    ...(first && {
      monthly: moneyText(sum(costs.map(({ monthly }) => parseMoney(monthly)))),
      currency: first.currency,
      prices: `${first.region} ${first.asOf}`,
    }),
    rates: costs.reduce((n, { byUse }) => n + byUse.length, 0),
    unknown: lines.filter(({ amount }) => amount === null).length,
  };
}
