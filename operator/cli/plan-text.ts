import { rateText } from "../cost/estimate.ts";
import { brief, type Paint } from "./output.ts";
import type { PlannedLeaf } from "./plan.ts";
import type { PlannedChild } from "./plan-children.ts";

/** What would happen on one cluster or cloud. */
export interface Plan {
  /** For people: `eks (aws us-east-1, account 000000000000)`. */
  readonly target: string;
  readonly leaves: readonly PlannedLeaf[];
  readonly children: readonly PlannedChild[];
}

const SIGNS = {
  create: { sign: "+", style: "green" },
  update: { sign: "~", style: "yellow" },
  replace: { sign: "±", style: "red" },
  adopt: { sign: "<", style: "cyan" },
  delete: { sign: "-", style: "red" },
  release: { sign: "o", style: "yellow" },
  wait: { sign: "…", style: "dim" },
  refuse: { sign: "!", style: "red" },
  error: { sign: "!", style: "red" },
  none: { sign: "=", style: "dim" },
} as const;

/** The plan as a person reads it: what changes first, each with its fields; what stays the same in one line. */
export function planText(plan: Plan, paint: Paint): string {
  const lines = [paint("bold", plan.target)];
  const active = plan.leaves.filter((leaf) => leaf.action !== "none" || leaf.changes.length > 0);
  for (const leaf of active) lines.push(...leafLines(leaf, paint));
  const children = plan.children.filter((child) => child.action !== "none");
  if (children.length > 0) lines.push("", "  Kubernetes objects");
  for (const child of children) {
    const { sign, style } = SIGNS[child.action];
    lines.push(
      paint(style, `  ${sign} ${child.kind} ${child.namespace}/${child.name}`) +
        (child.message ? `  ${child.message}` : ""),
    );
  }
  const same = plan.leaves.length - active.length + plan.children.length - children.length;
  if (same > 0) lines.push(paint("dim", `  = ${same} ${same === 1 ? "object stays" : "objects stay"} as they are`));
  lines.push("", `  ${summary(plan)}`);
  return lines.join("\n");
}

function leafLines(leaf: PlannedLeaf, paint: Paint): readonly string[] {
  const { sign, style } = SIGNS[leaf.action];
  const name = leaf.externalName ? paint("dim", `  ${leaf.externalName}`) : "";
  return [
    paint(style, `  ${sign} ${leaf.kind} ${leaf.namespace}/${leaf.name}`) +
      name +
      (leaf.message ? `\n      ${leaf.message}` : ""),
    ...(leaf.approve ? [paint("yellow", `      approve: ${leaf.approve.word}`)] : []),
    ...leaf.changes.flatMap((change) => changeLines(leaf, change)),
    ...leaf.deviations.map((one) => paint("yellow", `      ${one.field}: ${one.message}`)),
    ...costLines(leaf).map((line) => paint("dim", `      ${line}`)),
  ];
}

/** What it costs, where that is not just nothing. */
function costLines({ cost }: PlannedLeaf): readonly string[] {
  if (!cost || cost.fixed.length + cost.byUse.length === 0) return [];
  const unpriced = cost.fixed.filter(({ amount }) => amount === null).map(({ what }) => `${what}: price unknown`);
  const fixed = cost.fixed.length > 0 ? [`cost: ${cost.monthly} ${cost.currency} a month`, ...unpriced] : [];
  return [...fixed, ...cost.byUse.map((rate) => `cost by use: ${rateText(rate, cost.currency)}`)];
}

function changeLines(leaf: PlannedLeaf, { field, from, to }: PlannedLeaf["changes"][number]): readonly string[] {
  if (Array.isArray(to) && to.every((line) => typeof line === "string") && to.length > 0)
    return [`      ${field}`, ...to.map((line) => `        ${line}`)];
  return [leaf.action === "create" ? `      ${field}: ${brief(to)}` : `      ${field}: ${brief(from)} → ${brief(to)}`];
}

/** `3 to create, 1 to change, 0 to delete`, and what stands in the way. */
function summary(plan: Plan): string {
  const actions = [...plan.leaves, ...plan.children].map((one) => one.action);
  const count = (...wanted: string[]) => actions.filter((action) => wanted.includes(action)).length;
  const parts = [
    `${count("create")} to create`,
    `${count("update", "adopt")} to change`,
    `${count("delete")} to delete`,
  ];
  if (count("replace") > 0) parts.push(`${count("replace")} to replace`);
  if (count("refuse", "error") > 0) parts.push(`${count("refuse", "error")} refused`);
  if (count("wait") > 0) parts.push(`${count("wait")} waiting`);
  return `Plan: ${parts.join(", ")}`;
}

/** 0: nothing would change. 2: something would. 1: something stands in the way. */
export function planExitCode(plans: readonly Plan[]): 0 | 1 | 2 {
  const actions = plans.flatMap((plan) => [...plan.leaves, ...plan.children].map((one) => one.action));
  if (actions.some((action) => action === "refuse" || action === "error")) return 1;
  return actions.some((action) => action !== "none" && action !== "wait") ? 2 : 0;
}
