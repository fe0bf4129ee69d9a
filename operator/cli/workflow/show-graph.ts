import type { Result } from "../onyx.ts";
import { readDefinition, workflowIn } from "./definition.ts";
import { graphOf, toMermaid } from "./graph.ts";
import { toSvg } from "./svg.ts";

/** `onyx workflow graph`. @throws ManifestError */
export async function runWorkflowGraph(file: string, as: "mermaid" | "svg", name?: string): Promise<Result> {
  const graph = graphOf(workflowIn(await readDefinition(file, name)));
  const text = as === "svg" ? toSvg(graph) : toMermaid(graph);
  return { value: graph, text, exitCode: 0 };
}
