import type { ChildRef } from "../reconcile/composite-object.ts";
import type { Condition } from "../reconcile/conditions.ts";
import type { Reference } from "../reconcile/leaf-object.ts";
import type { KubeObject } from "../reconcile/object.ts";
import type { Paint } from "./output.ts";

/** One object on the way from what a person asked about down to the cloud. */
export interface TraceNode {
  readonly kind: string;
  readonly name: string;
  /** `made`: it is part of the object above; `uses`: the one above refers to it. */
  readonly as: "root" | "made" | "uses";
  readonly state: "ready" | "working" | "failing" | "off" | "missing" | "unknown";
  /** The condition that says most, in words. */
  readonly message: string;
  /** The id in the cloud, for leaves. */
  readonly id?: string | undefined;
  readonly children: readonly TraceNode[];
}

/** What tracing needs of a cluster. */
export interface TraceSource {
  get(apiVersion: string | undefined, kind: string, namespace: string, name: string): Promise<KubeObject | undefined>;
  /** What the spec of an object of ours refers to. */
  references(object: KubeObject): readonly Reference[];
}

interface Traceable {
  readonly conditions?: readonly Condition[];
  readonly externalId?: string;
  readonly inventory?: readonly ChildRef[];
}

/** Follows an object down to what it is made of and what it uses. An object is followed once. */
export async function trace(source: TraceSource, kind: string, namespace: string, name: string): Promise<TraceNode> {
  const seen = new Set<string>();
  const visit = async (
    as: TraceNode["as"],
    at: Partial<Pick<ChildRef, "apiVersion" | "namespace">> & Pick<ChildRef, "kind" | "name">,
    home: string,
  ): Promise<TraceNode> => {
    const within = at.namespace ?? home;
    const object = await source.get(at.apiVersion, at.kind, within, at.name);
    const base = { kind: at.kind, name: at.name, as };
    if (!object) return { ...base, state: "missing", message: "It does not exist.", children: [] };
    const status = (object.status ?? {}) as Traceable;
    const key = `${at.kind}/${within}/${at.name}`;
    const known = seen.has(key);
    seen.add(key);
    const below = known
      ? []
      : [
          ...(status.inventory ?? []).map((child) => ({ as: "made" as const, at: child })),
          ...source.references(object).map((reference) => ({ as: "uses" as const, at: reference })),
        ];
    const children = await Promise.all(below.map((one) => visit(one.as, one.at, within)));
    return { ...base, ...stateOf(object, status), id: status.externalId, children };
  };
  return visit("root", { kind, name }, namespace);
}

function stateOf(object: KubeObject, status: Traceable): Pick<TraceNode, "state" | "message"> {
  const conditions = status.conditions ?? [];
  const is = (type: string, value: string) => conditions.find((one) => one.type === type && one.status === value);
  const told = (condition: Condition) => `${condition.reason}: ${condition.message}`;
  const off = is("Paused", "True");
  if (off) return { state: "off", message: told(off) };
  const stalled = is("Stalled", "True") ?? is("Synced", "False");
  if (stalled) return { state: "failing", message: told(stalled) };
  const working = is("Reconciling", "True");
  if (working) return { state: "working", message: told(working) };
  const bad = is("Ready", "False") ?? is("Available", "False") ?? is("ScalingActive", "False") ?? is("Failed", "True");
  if (bad) return { state: "failing", message: told(bad) };
  const good = is("Ready", "True") ?? is("Available", "True");
  if (good) return { state: "ready", message: good.message };
  return conditions.length === 0 && !("status" in object)
    ? { state: "ready", message: "" }
    : { state: "unknown", message: "" };
}

const SHOW = {
  ready: { sign: "✓", style: "green" },
  working: { sign: "…", style: "yellow" },
  failing: { sign: "✗", style: "red" },
  off: { sign: "o", style: "dim" },
  missing: { sign: "?", style: "red" },
  unknown: { sign: "·", style: "dim" },
} as const;

/** The tree as a person reads it. */
export function traceText(node: TraceNode, paint: Paint): string {
  const lines: string[] = [];
  const write = (one: TraceNode, lead: string, branch: string) => {
    const { sign, style } = SHOW[one.state];
    const message =
      one.state === "ready" ? paint("dim", one.id ?? "") : [one.message, one.id].filter(Boolean).join("  ");
    lines.push(
      `${lead}${branch}${paint(style, sign)} ${one.kind} ${one.name}${one.as === "uses" ? paint("dim", " (used)") : ""}  ${message}`.trimEnd(),
    );
    const below = branch === "" ? "" : branch.startsWith("└") ? "   " : "│  ";
    one.children.forEach((child, place) => {
      write(child, lead + below, place === one.children.length - 1 ? "└─ " : "├─ ");
    });
  };
  write(node, "", "");
  const cause = deepest(node);
  if (cause && cause !== node) lines.push("", `Cause: ${cause.kind} ${cause.name}: ${cause.message}`);
  return lines.join("\n");
}

/** The failing node that nothing failing is below: where to look first. */
export function deepest(node: TraceNode): TraceNode | undefined {
  const bad = (one: TraceNode) => one.state === "failing" || one.state === "missing";
  for (const child of node.children) {
    const found = deepest(child);
    if (found) return found;
  }
  return bad(node) ? node : undefined;
}
