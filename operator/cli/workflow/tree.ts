import type { Step } from "../../workflow/index.ts";
import { brief, type Paint } from "../output.ts";

interface Node {
  readonly name: string;
  readonly kind: string;
  /** Index of the loop around it, when it is the loop's own body. */
  readonly index: number | undefined;
  state: "running" | "ended" | "skipped" | "failed" | "retried";
  what: string;
  readonly children: Node[];
}

/** The steps of a run as a tree: what is in a task stands below it, once for each turn of a loop. */
export interface Tree {
  add(step: Step): void;
  lines(paint: Paint): readonly string[];
  /** For programs: in the order in which they began. */
  steps(): readonly { readonly path: string; readonly indices: readonly number[]; readonly state: Node["state"] }[];
}

const MARKS = {
  running: ["·", "dim"],
  ended: ["✓", "green"],
  skipped: ["–", "dim"],
  failed: ["✗", "red"],
  retried: ["↻", "yellow"],
} as const satisfies Record<Node["state"], readonly [string, Parameters<Paint>[0]]>;

export function createTree(): Tree {
  const nodes = new Map<string, { readonly node: Node; readonly path: string; readonly indices: readonly number[] }>();
  const roots: Node[] = [];

  /** A task that is tried again has its tasks below it once more. */
  const begin = ({ task, indices }: Step): Node => {
    const above = parentOf(task.path, indices);
    const index = above && above.indices.length < indices.length ? indices.at(-1) : undefined;
    const node: Node = {
      name: task.name,
      kind: task.kind,
      index,
      state: "running",
      what: "",
      children: [],
    };
    (above?.node.children ?? roots).push(node);
    nodes.set(keyOf(task.path, indices), { node, path: task.path, indices });
    return node;
  };
  const parentOf = (path: string, indices: readonly number[]) => {
    const above = path.replace(/(\/catch)?\/[^/]+$/, "");
    if (above === path) return undefined;
    return nodes.get(keyOf(above, indices)) ?? nodes.get(keyOf(above, indices.slice(0, -1)));
  };

  return {
    add(step) {
      const { task, indices, what } = step;
      const isNew = what.is === "started" || what.is === "skipped";
      const node = isNew ? begin(step) : (nodes.get(keyOf(task.path, indices))?.node ?? begin(step));
      if (what.is === "skipped") node.state = "skipped";
      if (what.is === "ended") Object.assign(node, { state: "ended", what: brief(what.output) });
      if (what.is === "failed")
        Object.assign(node, { state: "failed", what: `${what.error.class}: ${what.error.message}` });
      if (what.is === "retried")
        node.children.push({
          name: `try ${what.attempt}`,
          kind: `after ${what.afterSeconds} s`,
          index: undefined,
          state: "retried",
          what: "",
          children: [],
        });
    },
    lines(paint) {
      const out: string[] = [];
      const write = (node: Node, lead: string, branch: string) => {
        const [mark, style] = MARKS[node.state];
        const index = node.index === undefined ? "" : paint("dim", `[${node.index}] `);
        const what = node.what === "" ? "" : paint("dim", `  ${node.state === "ended" ? "→ " : ""}${node.what}`);
        out.push(`${lead}${branch}${paint(style, mark)} ${index}${node.name} ${paint("dim", node.kind)}${what}`);
        const below = lead + (branch === "" ? "" : branch.startsWith("└") ? "   " : "│  ");
        for (const [at, child] of node.children.entries())
          write(child, below, at === node.children.length - 1 ? "└─ " : "├─ ");
      };
      for (const root of roots) write(root, "", "");
      return out;
    },
    steps: () => [...nodes.values()].map(({ node, path, indices }) => ({ path, indices, state: node.state })),
  };
}

const keyOf = (path: string, indices: readonly number[]): string => [path, ...indices].join("/");
