import { API_VERSION } from "../../crds/define.ts";
import { kinds } from "../../crds/index.ts";
import { type ComparedObject, compareObjects, type Parity } from "../parity/compare.ts";
import { PARITY_RULES } from "../parity/rules.ts";
import { CHILD_MARKS, MANAGED_BY } from "../reconcile/children.ts";
import { typeOfChild } from "../reconcile/composite-controller.ts";
import type { KubeObject } from "../reconcile/object.ts";
import { isNotFound } from "../runtime/errors.ts";
import type { KubeObject as ServerObject } from "../runtime/resource.ts";
import { composites } from "../wiring.ts";
import { ClusterError, type ClusterView, readCluster } from "./cluster.ts";
import type { Result } from "./onyx.ts";
import { brief, type Paint, table } from "./output.ts";

/** Options of `onyx parity`. */
export interface ParityOptions {
  readonly kubeconfig: readonly string[];
  readonly contexts?: string;
  readonly namespace?: string;
}

/** `onyx parity`: everything of ours and what it is made of, in two clusters, side by side. */
export async function runParity(options: ParityOptions, paint: Paint): Promise<Result> {
  const [a, b] = await Promise.all(sides(options));
  if (!a || !b) throw new ClusterError("Give two clusters: --kubeconfig A --kubeconfig B, or --contexts a,b.");
  const [left, right] = await Promise.all([objectsOf(a, options.namespace), objectsOf(b, options.namespace)]);
  const parity = compareObjects(left, right, PARITY_RULES);
  return { value: parity, text: parityText(parity, a.context, b.context, paint), exitCode: parity.equal ? 0 : 2 };
}

function sides({ kubeconfig, contexts }: ParityOptions): readonly Promise<ClusterView>[] {
  if (contexts) return contexts.split(",").map((context) => readCluster(kubeconfig[0], context));
  return kubeconfig.map((path) => readCluster(path, undefined));
}

async function objectsOf(cluster: ClusterView, namespace: string | undefined): Promise<readonly KubeObject[]> {
  const uses = new Map(
    composites.flatMap((composite) => composite.uses.map((use) => [`${use.group}/${use.kind}`, use])),
  );
  const own = new Set<string>(kinds.map((kind) => kind.kind));
  const children = await Promise.all(
    [...uses.values()]
      .filter((use) => !own.has(use.kind))
      .map(async (use) => {
        try {
          const labelSelector = `${CHILD_MARKS.managedBy}=${MANAGED_BY}`;
          const type = typeOfChild(use);
          const within = type.namespaced ? namespace : undefined;
          return (await cluster.client.list<ServerObject>(type, { namespace: within, labelSelector })).items;
        } catch (error) {
          if (isNotFound(error)) return [];
          throw new ClusterError(`Cluster ${cluster.context}: listing ${use.plural}: ${(error as Error).message}`);
        }
      }),
  );
  const ours = cluster.objects.filter(
    (object) => !namespace || !object.metadata.namespace || object.metadata.namespace === namespace,
  );
  const made = (children.flat() as readonly KubeObject[]).filter(isMade);
  return [
    ...ours,
    ...made.filter((object) => !namespace || namespace === (object.metadata.namespace ?? object.metadata.name)),
  ];
}

/** Made by a composite. Other controllers copy our labels to what they make. */
const isMade = ({ metadata }: KubeObject): boolean =>
  metadata.ownerReferences?.some((one) => one.controller && one.apiVersion === API_VERSION) === true;

const SHOW = {
  same: { word: "same", style: "green" },
  allowed: { word: "allowed", style: "green" },
  different: { word: "DIFFERENT", style: "red" },
} as const;

/** One line an object, the differences that no rule allows below it, and the rules that were needed. */
export function parityText(parity: Parity, a: string, b: string, paint: Paint): string {
  const rows = parity.objects.map((object) => {
    const { word, style } = SHOW[object.verdict];
    return [object.namespace || "-", object.kind, object.name, paint(style, word), rulesOf(object).join(", ")];
  });
  const different = parity.objects.filter((object) => object.verdict === "different");
  const used = parity.rules.filter((rule) => rule.used > 0);
  const count = (verdict: ComparedObject["verdict"]) =>
    parity.objects.filter((object) => object.verdict === verdict).length;
  return [
    paint("bold", `${a} and ${b}, object by object`),
    "",
    table(["NAMESPACE", "KIND", "NAME", "PARITY", "ALLOWED BY"], rows),
    ...different.flatMap((object) => ["", ...differenceLines(object, a, b, paint)]),
    ...(used.length > 0
      ? [
          "",
          "Allowed differences",
          table(
            ["RULE", "USED", "WHY"],
            used.map((rule) => [rule.name, String(rule.used), rule.reason]),
          ),
        ]
      : []),
    "",
    parity.equal
      ? paint(
          "green",
          `The same: ${count("same")} objects equal, ${count("allowed")} with differences that a rule allows.`,
        )
      : paint(
          "red",
          `Not the same: ${different.length} of ${parity.objects.length} objects differ in ways that no rule allows.`,
        ),
  ].join("\n");
}

const rulesOf = (object: ComparedObject): readonly string[] => [
  ...new Set(object.differences.flatMap((one) => (one.rule ? [one.rule] : []))),
];

function differenceLines(object: ComparedObject, a: string, b: string, paint: Paint): readonly string[] {
  const lines = object.differences
    .filter((difference) => difference.rule === undefined)
    .flatMap((difference) => [
      `  ${difference.path.join(".") || "the object itself"}`,
      `    ${a}: ${brief(difference.a ?? "nothing")}`,
      `    ${b}: ${brief(difference.b ?? "nothing")}`,
    ]);
  return [paint("red", `${object.kind} ${object.namespace}/${object.name}`), ...lines];
}
