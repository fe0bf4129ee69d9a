import type { KubeObject } from "../reconcile/object.ts";
import { type Normal, nameOf, normalise } from "./normalise.ts";
import type { ParityRule } from "./rules.ts";

/** One place where an object is not the same on both sides. `undefined`: there is nothing on that side. */
export interface Difference {
  /** Segments; empty: the object itself is on one side only. */
  readonly path: readonly string[];
  readonly a: Normal | undefined;
  readonly b: Normal | undefined;
  /** Name of the rule that allows it. Absent: nothing does. */
  readonly rule?: string | undefined;
}

/** One object, side by side. */
export interface ComparedObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** `same`; `allowed`: rules allow all differences; `different`: at least one is not allowed. */
  readonly verdict: "same" | "allowed" | "different";
  readonly differences: readonly Difference[];
}

/** Two clusters side by side. */
export interface Parity {
  /** No difference that a rule does not allow. */
  readonly equal: boolean;
  /** By kind, namespace and name. */
  readonly objects: readonly ComparedObject[];
  /** How often each rule allowed something, and why it may; those that never did are there with 0. */
  readonly rules: readonly { readonly name: string; readonly reason: string; readonly used: number }[];
}

/** Compares the objects of two clusters. Pure; swapping the sides swaps `a` and `b` and nothing else. */
export function compareObjects(
  a: readonly KubeObject[],
  b: readonly KubeObject[],
  rules: readonly ParityRule[],
): Parity {
  const [left, right] = [byKey(a), byKey(b)];
  const objects = [...new Set([...left.keys(), ...right.keys()])]
    .sort()
    .map((key) => compareOne(left.get(key), right.get(key), rules));
  const used = new Map<string, number>();
  for (const { differences } of objects)
    for (const { rule } of differences) if (rule) used.set(rule, (used.get(rule) ?? 0) + 1);
  const reasons = new Map(rules.toReversed().map((rule) => [rule.name, rule.reason]));
  return {
    equal: objects.every((object) => object.verdict !== "different"),
    objects,
    rules: [...new Set(rules.map((rule) => rule.name))].map((name) => ({
      name,
      reason: reasons.get(name) ?? "",
      used: used.get(name) ?? 0,
    })),
  };
}

const byKey = (objects: readonly KubeObject[]): ReadonlyMap<string, KubeObject> =>
  new Map(
    objects.map((one) => [[one.kind, one.apiVersion, one.metadata.namespace ?? "", nameOf(one)].join("\n"), one]),
  );

function compareOne(
  a: KubeObject | undefined,
  b: KubeObject | undefined,
  rules: readonly ParityRule[],
): ComparedObject {
  const known = (a ?? b) as KubeObject;
  const name = nameOf(known);
  const found: Difference[] = [];
  if (a && b) collect(normalise(a), normalise(b), [], found);
  else found.push({ path: [], a: a && "there", b: b && "there" });
  const differences = found.map((difference) => ({
    ...difference,
    rule: ruleFor(difference, known.kind, name, a, b, rules),
  }));
  const verdict =
    differences.length === 0 ? "same" : differences.every((one) => one.rule !== undefined) ? "allowed" : "different";
  return { kind: known.kind, namespace: known.metadata.namespace ?? "", name, verdict, differences };
}

function collect(a: Normal | undefined, b: Normal | undefined, path: readonly string[], found: Difference[]): void {
  if (isRecord(a) && isRecord(b)) {
    for (const key of [...new Set([...Object.keys(a), ...Object.keys(b)])].sort())
      collect(own(a, key), own(b, key), [...path, key], found);
    return;
  }
  if (JSON.stringify(a) !== JSON.stringify(b)) found.push({ path, a, b });
}

function ruleFor(
  difference: Difference,
  kind: string,
  name: string,
  a: KubeObject | undefined,
  b: KubeObject | undefined,
  rules: readonly ParityRule[],
): string | undefined {
  return rules.find(
    (rule) =>
      rule.kinds.includes(kind) &&
      (rule.object === undefined || fits(rule.object, name)) &&
      pathFits(rule.path, difference.path) &&
      asSaid(rule, difference, a, b),
  )?.name;
}

function pathFits(pattern: readonly string[], path: readonly string[]): boolean {
  const open = pattern.at(-1) === "**";
  const fixed = open ? pattern.slice(0, -1) : pattern;
  if (open ? path.length < fixed.length : path.length !== fixed.length) return false;
  return fixed.every((segment, at) => fits(segment, path[at] ?? ""));
}

/** `*` stands for any text. */
function fits(pattern: string, text: string): boolean {
  const parts = pattern.split("*");
  if (parts.length === 1) return pattern === text;
  const [head = "", tail = ""] = [parts[0], parts.at(-1)];
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
  let at = head.length;
  for (const part of parts.slice(1, -1)) {
    const next = text.indexOf(part, at);
    if (next < 0 || next + part.length > text.length - tail.length) return false;
    at = next + part.length;
  }
  return true;
}

function asSaid(
  rule: ParityRule,
  { path, a, b }: Difference,
  objectA: KubeObject | undefined,
  objectB: KubeObject | undefined,
): boolean {
  const both = a !== undefined && b !== undefined;
  switch (rule.as) {
    case undefined:
      return true;
    case "value":
      return both;
    case "presence":
      return !both;
    case "registry":
      return both && behindRegistry(a) === behindRegistry(b);
    case "deviation":
      return [objectA, objectB].some((object) => deviates(object, path[2] ?? ""));
    case "override":
      return [objectA, objectB].some((object) => overrides(object, path[2] ?? ""));
  }
}

const behindRegistry = (image: Normal): string => String(image).split("/").at(-1) ?? "";

/** `deviations` name paths in spec (`retention`), `effective` the neutral field that it becomes (`retentionSeconds`). */
function deviates(object: KubeObject | undefined, field: string): boolean {
  const status = object?.status as { readonly deviations?: readonly { readonly field: string }[] } | undefined;
  return (status?.deviations ?? []).some((one) => {
    const top = one.field.split(".")[0] ?? "";
    return top !== "" && field.startsWith(top);
  });
}

const isRecord = (value: Normal | undefined): value is { readonly [key: string]: Normal } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const own = (record: { readonly [key: string]: Normal }, key: string): Normal | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

function overrides(object: KubeObject | undefined, field: string): boolean {
  const { overrides = {} } = (object?.spec ?? {}) as { overrides?: Readonly<Record<string, object>> };
  return Object.values(overrides).some((ofOneCloud) => Object.hasOwn(ofOneCloud, field));
}
