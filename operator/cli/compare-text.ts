import { rateText } from "../cost/estimate.ts";
import type { Cloud } from "../provider/provider.ts";
import type { Comparison, Row } from "./compare.ts";
import { brief, type Paint, sideBySide } from "./output.ts";
import type { PlannedLeaf } from "./plan.ts";
import type { PlannedChild } from "./plan-children.ts";

/** One line of what is shown: its name, and what each cloud has to say, in lines of its own. */
type Line = readonly [label: string, cells: readonly (readonly string[])[]];

/** Room for the labels that are always there, such as "  a month, fixed". */
const LABELS = 16;
/** A list of more is counted: rights are what `onyx plan` of one cluster and -o yaml show in full. */
const SHORT = 3;

/** The comparison as a person reads it, one column a cloud, `width` characters wide. */
export function comparisonText(comparison: Comparison, paint: Paint, width: number): string {
  const clouds = comparison.clouds.map(({ cloud }) => cloud);
  const objects = comparison.objects.map((row) => ({ row, lines: objectLines(row, clouds) }));
  const labels = Math.max(...objects.flatMap(({ lines }) => lines).map(([label]) => label.length), LABELS);
  const show = (lines: readonly Line[]) => sideBySide(lines, width, labels);
  const blocks = [
    show([
      ["", clouds.map((cloud) => [cloud.toUpperCase()])],
      ["Environment", comparison.clouds.map(({ target }) => [target])],
      ["cloud", comparison.clouds.map(({ assumed }) => [assumed ?? "asked: the plan is for what is there"])],
    ]),
    ...objects.map(({ row, lines }) =>
      [paint("bold", `${row.kind} ${row.namespace}/${row.name}`), show(lines)].join("\n"),
    ),
    ...kubernetes(comparison.kubernetes, clouds, paint, show),
    [paint("bold", "Total"), show(totalLines(comparison))].join("\n"),
    paint("dim", footnote(comparison)),
  ];
  return blocks.join("\n\n");
}

function objectLines({ on, differing }: Row<PlannedLeaf>, clouds: readonly Cloud[]): readonly Line[] {
  const each = (tell: (leaf: PlannedLeaf) => readonly string[]) =>
    clouds.map((cloud) => {
      const leaf = on[cloud];
      return leaf ? tell(leaf) : ["not planned"];
    });
  const lines: Line[] = [
    [
      "  plan",
      each(({ action, externalName, message, approve }) => [
        [action, externalName].filter(Boolean).join(" "),
        ...(message ? [message] : []),
        ...(approve ? [`approve: ${approve.word}`] : []),
      ]),
    ],
    ["  changes", each(changesOf)],
    ["  a month, fixed", each(({ cost }) => [cost ? `${cost.monthly} ${cost.currency}` : "unknown", ...fixedOf(cost)])],
    ["  by use", each(({ cost }) => cost?.byUse.map((rate) => rateText(rate, cost.currency)) ?? [])],
    ["  note", each(({ cost }) => (cost?.note ? [cost.note] : []))],
    [
      "  deviates",
      each(({ deviations }) => deviations.map(({ field, kind, message }) => `${field} (${kind}): ${message}`)),
    ],
    ...differing.map((field): Line => [`  ${field}`, each(({ want }) => valueLines(want?.[field]))]),
  ];
  return lines.filter(([label, cells]) => /plan|fixed/.test(label) || cells.some((cell) => cell.length > 0));
}

/** What an update changes; a create sets everything, which is what differs below and the rest with -o yaml. */
const changesOf = ({ action, changes }: PlannedLeaf): readonly string[] =>
  action === "create" ? [] : changes.map(({ field, from, to }) => `${field}: ${brief(from)} → ${brief(to)}`);

const fixedOf = (cost: PlannedLeaf["cost"]): readonly string[] =>
  cost?.fixed.map(({ what, amount }) => `${what}: ${amount ?? "price unknown"}`) ?? [];

const valueLines = (value: unknown): readonly string[] => {
  if (value === undefined || value === null) return ["none"];
  if (!Array.isArray(value)) return [brief(value)];
  if (value.length > SHORT) return [`${value.length} lines, in full with -o yaml`];
  return value.length === 0 ? ["none"] : value.map((one) => brief(one, 400));
};

/** Objects that are the same on all clouds are counted; only the others are named. */
function kubernetes(
  children: readonly Row<PlannedChild>[],
  clouds: readonly Cloud[],
  paint: Paint,
  show: (lines: readonly Line[]) => string,
): readonly string[] {
  if (children.length === 0) return [];
  const told = (child: PlannedChild | undefined) =>
    child ? [child.action, child.message].filter(Boolean).join(": ") : "none";
  const isSame = ({ on }: Row<PlannedChild>) => new Set(clouds.map((cloud) => told(on[cloud]))).size === 1;
  const same = Map.groupBy(children.filter(isSame), ({ on }) => told(Object.values(on)[0]));
  const lines: Line[] = [
    ...[...same].map(([action, all]): Line => [`  ${action}`, clouds.map(() => [`${all.length}: ${kindsOf(all)}`])]),
    ...children
      .filter((child) => !isSame(child))
      .map((child): Line => [`  ${child.kind} ${child.name}`, clouds.map((cloud) => [told(child.on[cloud])])]),
    ["  cost", clouds.map(() => ["workloads are billed by the nodes they run on"])],
  ];
  return [[paint("bold", "Kubernetes objects"), show(lines)].join("\n")];
}

function kindsOf(children: readonly Row<PlannedChild>[]): string {
  const counts = Map.groupBy(children, ({ kind }) => kind);
  return [...counts].map(([kind, all]) => (all.length > 1 ? `${all.length} ${kind}` : kind)).join(", ");
}

function totalLines({ clouds }: Comparison): readonly Line[] {
  const each = (tell: (total: Comparison["clouds"][number]["total"]) => string) =>
    clouds.map(({ total }) => [tell(total)]);
  return [
    [
      "  plan",
      each(({ create, change, refused }) =>
        [`${create} to create`, `${change} to change`, ...(refused > 0 ? [`${refused} refused`] : [])].join(", "),
      ),
    ],
    ["  a month, fixed", each(({ monthly, currency }) => (monthly ? `${monthly} ${currency}` : "unknown"))],
    ["  by use", each(({ rates }) => `${rates} rates, above`)],
    ...(clouds.some(({ total }) => total.unknown > 0)
      ? [["  price unknown", each(({ unknown }) => `${unknown} of them`)] as Line]
      : []),
  ];
}

const footnote = ({ clouds }: Comparison): string =>
  `On-demand list prices of ${clouds.flatMap(({ total }) => total.prices ?? []).join(" and ")}, before free tiers, discounts, taxes and data transfer.`;
