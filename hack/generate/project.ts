import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { limitsModule } from "./limits.ts";
import type { Output } from "./output.ts";
import { MARK } from "./output.ts";
import { pricesModule } from "./prices.ts";

/** Where generated files lie: one that carries our mark and isn't made any more is stale too. */
const FOLDERS = [
  "crds/generated/*",
  "operator/cost/generated/*",
  "charts/onyx-crds/templates/*",
  "charts/onyx-operator/files/*",
  "docs/reference/*.md",
];

/** All files that are made from the schemas. Limits and prices come first: the schemas and the guide read them. */
async function outputs(root: string): Promise<readonly Output[]> {
  const [
    { kinds },
    { crdFiles },
    { rbacFiles },
    { tenancyFiles },
    { monitoringFiles },
    { referenceFiles },
    { conditionsPage },
    { parityPage },
    { argocdFiles },
    { typesModule },
  ] = await Promise.all([
    import("../../crds/index.ts"),
    import("./crds.ts"),
    import("./rbac.ts"),
    import("./tenancy.ts"),
    import("./monitoring.ts"),
    import("./reference.ts"),
    import("./conditions.ts"),
    import("./parity.ts"),
    import("./argocd.ts"),
    import("./types.ts"),
  ]);
  return [
    ...crdFiles(kinds),
    ...rbacFiles(kinds),
    ...tenancyFiles(kinds),
    ...monitoringFiles(),
    ...referenceFiles(kinds, root),
    conditionsPage(),
    parityPage(),
    ...argocdFiles(kinds),
    typesModule(kinds),
  ];
}

const read = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : undefined);

function leftOver(root: string, made: readonly Output[]): readonly string[] {
  const paths = new Set(made.map(({ path }) => path));
  return FOLDERS.flatMap((pattern) => globSync(pattern, { cwd: root }))
    .filter((path) => !paths.has(path) && (read(join(root, path)) ?? "").slice(0, 500).includes(MARK))
    .sort();
}

function write(root: string, files: readonly Output[]): number {
  const changed = files.filter(({ path, text }) => read(join(root, path)) !== text);
  for (const { path, text } of changed) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return changed.length;
}

/** Writes what is stale; gives the number of files that changed. */
export async function generate(root: string): Promise<number> {
  const data = [limitsModule(root), pricesModule(root)];
  const first = write(root, data);
  const files = await outputs(root);
  const gone = leftOver(root, [...data, ...files]);
  for (const path of gone) rmSync(join(root, path));
  return first + write(root, files) + gone.length;
}

/** The paths that `generate` would change. With stale limits or prices only those: the rest follows from them. */
export async function stale(root: string): Promise<readonly string[]> {
  const differing = (files: readonly Output[]) =>
    files.filter(({ path, text }) => read(join(root, path)) !== text).map(({ path }) => path);
  const data = [limitsModule(root), pricesModule(root)];
  if (differing(data).length > 0) return differing(data);
  const files = await outputs(root);
  return [...differing(files), ...leftOver(root, [...data, ...files])];
}
