import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CrdVersion } from "../../crds/crd.ts";
import { toCrd } from "../../crds/crd.ts";
import type { Kind } from "../../crds/define.ts";
import { API_VERSION } from "../../crds/define.ts";
import { DURATION_FORM } from "../../crds/duration.ts";
import type { CloudLimit, Limit } from "../../crds/limits.ts";
import { limits } from "../../crds/limits.ts";
import type { Schema } from "../../crds/structural.ts";
import { code, table } from "./markdown.ts";
import type { Output } from "./output.ts";
import { MARK } from "./output.ts";

const ALL_LIMITS: Readonly<Record<string, Readonly<Record<string, Limit>>>> = limits;

/** The reference: one page a kind, one for the limits of the clouds, and their index. */
export function referenceFiles(kinds: readonly Kind[], root: string): readonly Output[] {
  return [
    ...kinds.map((kind) => ({ path: pageOf(kind), text: kindPage(kind, root) })),
    { path: "docs/reference/limits.md", text: limitsPage() },
    { path: "docs/reference/README.md", text: indexPage(kinds) },
  ];
}

const pageOf = (kind: Kind) => `docs/reference/${kind.singular}.md`;
const page = (title: string, ...parts: readonly string[]) =>
  `${[`# ${title}`, `<!-- ${MARK}. -->`, ...parts.filter((part) => part !== "")].join("\n\n")}\n`;

function kindPage(kind: Kind, root: string): string {
  const version = toCrd(kind).spec.versions[0] as CrdVersion;
  const { spec, status } = version.schema.openAPIV3Schema.properties ?? {};
  return page(
    kind.kind,
    kind.doc,
    facts(kind),
    ...example(kind, root),
    "## spec",
    fields(spec),
    rules("Rules over several fields", [
      ...(version.schema.openAPIV3Schema["x-kubernetes-validations"] ?? []),
      ...(spec?.["x-kubernetes-validations"] ?? []),
    ]),
    "## status",
    "Written by the operator; see [conditions](conditions.md) for what the reasons mean.",
    fields(status),
    ...limitsOf(kind),
    "## In kubectl",
    table(
      ["column", "shows", ""],
      kind.columns.map(({ name, description, priority }) => [
        name.toUpperCase(),
        description,
        priority === 1 ? "with `-o wide`" : "",
      ]),
    ),
    kind.selectableFields.length > 0
      ? `Field selectors: ${kind.selectableFields.map((path) => code(path.slice(1))).join(", ")}, as in \`kubectl get ${kind.plural}.${kind.group} --field-selector ${kind.selectableFields[0]?.slice(1)}=…\`.`
      : "",
  );
}

function facts(kind: Kind): string {
  return table(
    ["", ""],
    [
      ["apiVersion", code(kind.apiVersion)],
      ["kubectl", `${code(`${kind.plural}.${kind.group}`)}, ${kind.shortNames.map(code).join(", ")}`],
      ["scope", kind.scope === "Cluster" ? "cluster" : "namespace"],
      ["categories", kind.categories.map(code).join(", ")],
      ...(kind.role === "leaf" ? [["deletionPolicy, when nobody says", kind.stateful ? "Retain" : "Delete"]] : []),
    ],
  );
}

function example(kind: Kind, root: string): string[] {
  const folder = join(root, "examples", kind.singular);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .flatMap((name, index) => [
      ...(index === 0 ? ["## Examples"] : []),
      `\`\`\`yaml\n${readFileSync(join(folder, name), "utf8").trimEnd()}\n\`\`\``,
    ]);
}

function fields(schema: Schema | undefined): string {
  return table(["field", "type", "given", "what it is"], rowsOf(schema, ""));
}

function rowsOf(schema: Schema | undefined, path: string): string[][] {
  return Object.entries(schema?.properties ?? {}).flatMap(([name, child]) => {
    const here = path ? `${path}.${name}` : name;
    return [
      [
        code(here),
        typeOf(child),
        givenOf(child, schema?.required?.includes(name) ?? false),
        [child.description ?? "", ...messages(child)].join(" "),
      ],
      ...rowsOf(child, here),
      ...rowsOf(child.items, `${here}[]`),
      ...rowsOf(child.additionalProperties, `${here}.*`),
    ];
  });
}

/** What a rule of a field says that its description does not. */
function messages(schema: Schema): string[] {
  const own = schema["x-kubernetes-validations"] ?? [];
  const value = schema.additionalProperties?.["x-kubernetes-validations"] ?? [];
  const item = schema.items?.["x-kubernetes-validations"] ?? [];
  return [...own, ...value, ...item]
    .map(({ message }) => String(message))
    .filter((message) => message !== DURATION_FORM)
    .map((message) => `*${message}.*`);
}

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(", ");
  if (schema["x-kubernetes-int-or-string"]) return "integer or string";
  if (schema.items) return `list of ${plain(schema.items)}${bounds(schema.maxItems, "at most")}`;
  if (schema.additionalProperties)
    return `map to ${plain(schema.additionalProperties)}${bounds(schema.maxProperties, "at most")}`;
  if (schema.type === "integer") return `integer${range(schema.minimum, schema.maximum)}`;
  if (isDuration(schema)) return "duration";
  if (schema.type === "string") return `string${bounds(schema.maxLength, "up to")}`;
  return schema.type ?? "any";
}

const isDuration = (schema: Schema) =>
  schema["x-kubernetes-validations"]?.some(({ message }) => message === DURATION_FORM) ?? false;
const plain = (schema: Schema) => (schema.enum ? typeOf(schema) : (schema.type ?? "any"));
const bounds = (max: number | undefined, word: string) => (max === undefined ? "" : `, ${word} ${max}`);
function range(min: number | undefined, max: number | undefined): string {
  if (min === undefined && max === undefined) return "";
  return max === undefined ? ` ≥ ${min}` : ` ${min ?? ""}–${max}`;
}

function givenOf(schema: Schema, required: boolean): string {
  if (schema.default !== undefined) return `default ${code(JSON.stringify(schema.default))}`;
  return required ? "required" : "";
}

function rules(title: string, all: readonly Record<string, unknown>[]): string {
  if (all.length === 0) return "";
  const lines = all.map(({ fieldPath, message }) =>
    fieldPath ? `- ${code(String(fieldPath).slice(1))}: ${String(message)}` : `- ${String(message)}`,
  );
  return [`### ${title}`, "", ...lines].join("\n");
}

function limitsOf(kind: Kind): string[] {
  const own = ALL_LIMITS[kind.singular];
  if (!own) return [];
  return [
    "## What the clouds allow",
    "`portability: Strict` refuses what lies outside the portable range; sources and dates are in [limits](limits.md).",
    table(
      ["", "portable", "AWS", "GCP", "note"],
      Object.entries(own).map(([field, limit]) => [
        code(field),
        span(limit.portable, limit),
        span(limit.aws, limit),
        span(limit.gcp, limit),
        limit.note ?? "",
      ]),
    ),
  ];
}

function span(of: { min: number; max: number } | undefined, { unit }: Limit): string {
  if (!of) return "–";
  const count = of.min === of.max ? String(of.min) : `${of.min}–${of.max}`;
  return unit === "count" ? count : `${count} ${unit}`;
}

function limitsPage(): string {
  const source = (cloud: string, limit: CloudLimit | undefined, whole: Limit) =>
    limit
      ? [
          `${cloud} ${code(limit.name)}: ${span(limit, whole)}${limit.default === undefined ? "" : `, by itself ${limit.default}`} ([source](${limit.source}), ${limit.checked}${limit.verified ? "" : ", not verified"})`,
        ]
      : [];
  return page(
    "Limits of the clouds",
    "What each cloud allows, and the range in which the same YAML means the same on both. The data is in `crds/limits`; the schemas read it. *Not verified* is general knowledge that was not read at the source on that date.",
    ...Object.entries(ALL_LIMITS).flatMap(([file, entries]) => [
      `## ${file}`,
      table(
        ["", "portable", "clouds", "note"],
        Object.entries(entries).map(([field, limit]) => [
          code(field),
          `${span(limit.portable, limit)}${limit.portable.default === undefined ? "" : `, default ${limit.portable.default}`}`,
          [...source("AWS", limit.aws, limit), ...source("GCP", limit.gcp, limit)].join("; ") || "–",
          limit.note ?? "",
        ]),
      ),
    ]),
  );
}

function indexPage(kinds: readonly Kind[]): string {
  return page(
    "Reference",
    `All kinds are of ${code(API_VERSION)}. \`kubectl get onyx -A\` shows every object, \`kubectl explain queue.spec --api-version=${API_VERSION}\` tells the fields.`,
    table(
      ["kind", "short", "what it is"],
      kinds.map((kind) => [
        `[${kind.kind}](${kind.singular}.md)`,
        kind.shortNames.map(code).join(", "),
        kind.doc.split("\n")[0] ?? "",
      ]),
    ),
    "[Conditions and reasons](conditions.md) · [limits of the clouds](limits.md) · [what may differ between EKS and GKE](parity.md)",
    "## What holds for every kind",
    [
      "- **Durations** are written in hours, minutes and seconds: `90s`, `10m`, `1h30m`. There is no unit for days: 14 days are `336h`.",
      "- **Absent is not zero.** What has a default is shown by `kubectl get -o yaml`; the operator itself never writes into `spec`. Values that a cloud chose are in `status.effective`.",
      "- **References** name an object of the same namespace, or an `external` id of the cloud.",
      "- **Switched off:** `enabled: false` keeps an object and leaves what it stands for as it is; `disabledReason` says why.",
      "- **Names** of objects are DNS labels: they become part of labels, tags and names in the cloud.",
      "- **Maps** don't take the keys `__proto__`, `constructor` and `prototype`.",
    ].join("\n"),
    "## Unknown fields",
    "A field that a kind doesn't have is an error, not a comment. `kubectl apply`, `create` and `replace` ask the API server for strict validation by themselves, and a server-side apply is always strict; the whole object is refused with the path of the field:",
    '```\nstrict decoding error: unknown field "spec.retentoin"\n```',
    "A client that talks to the API itself should do the same with `?fieldValidation=Strict`. Without it, or with `--validate=false` (in Argo CD: the sync option `Validate=false`), the API server drops the field, answers with a warning at most, and no rule and no admission webhook ever sees it.",
  );
}
