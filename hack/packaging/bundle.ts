import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build, type Plugin } from "esbuild";
import { type Package, readPackage, thirdParty } from "./packages.ts";

/** What is shipped: where a program begins, and whether what it loads later lies in files of its own beside it. */
const PROGRAMS = {
  "onyx-operator": { entry: "operator/main.ts", splitting: true },
  "onyx-ingest": { entry: "operator/ingest/main.ts", splitting: true },
  onyx: { entry: "operator/cli/onyx.ts", splitting: false },
} as const;

export type Program = keyof typeof PROGRAMS;
export const programNames = Object.keys(PROGRAMS) as readonly Program[];

/** A bundled program. */
export interface Bundle {
  readonly name: string;
  /** Where it begins. */
  readonly path: string;
  /** All its files, without maps, relative to the folder and sorted. */
  readonly files: readonly string[];
  /** Of all its files. */
  readonly bytes: number;
  /** Of all its files, one after the other, in hex. */
  readonly sha256: string;
}

export interface Bundled {
  readonly programs: readonly Bundle[];
  /** The npm packages of which at least one file is inside, sorted. */
  readonly packages: readonly Package[];
}

/**
 * What CommonJS modules take for given. Of these, Google's clients ask for their own folder when they are loaded, though
 * what they could read there is in the bundle.
 */
const COMMONJS = [
  'import { createRequire as onyxCreateRequire } from "node:module";',
  "const require = onyxCreateRequire(import.meta.url);",
  "const onyxFilename = import.meta.filename;",
  "const onyxDirname = import.meta.dirname;",
].join("\n");

const NATIVE = "@duckdb/node-bindings";
const CLIENT_NODE = "@kubernetes/client-node";

/**
 * Of client-node we take KubeConfig. Its 757 classes of the Kubernetes API do nothing when they are loaded, though its
 * package.json does not say so: so what nobody asks for can stay out. They took 10 MiB of each process's memory.
 */
const withoutUnusedModels: Plugin = {
  name: "without-unused-models",
  setup(building) {
    const seen = {};
    building.onResolve({ filter: /^\.|^@kubernetes\/client-node$/ }, async ({ path, pluginData, ...from }) => {
      const inside = path === CLIENT_NODE || from.importer.includes(`/node_modules/${CLIENT_NODE}/`);
      if (pluginData === seen || !inside) return undefined;
      const { importer, kind, namespace, resolveDir, with: attributes } = from;
      const options = { importer, kind, namespace, resolveDir, with: attributes, pluginData: seen };
      return { ...(await building.resolve(path, options)), sideEffects: false };
    });
  },
};

/**
 * Puts each program with all it needs into `<name>.mjs`, beside its source map and the licences of what is inside. What the
 * operator loads only when it is needed, a cloud's libraries above all, lies in `<name>/`: a file takes memory as a whole,
 * whatever of it is used. The same sources and packages give the same bytes, wherever they lie.
 *
 * @param root the clone; its packages must be installed
 * @param names of the programs; all of them if left out
 */
export async function bundle(root: string, folder: string, names = programNames): Promise<Bundled> {
  mkdirSync(folder, { recursive: true });
  const built = await Promise.all(names.map((name) => buildOne(root, folder, name)));
  const packages = packagesIn(
    root,
    built.flatMap(({ inputs }) => inputs),
  );
  writeFileSync(join(folder, "THIRD-PARTY.txt"), thirdParty(packages));
  return { programs: built.map(({ name, files }) => described(folder, name, files)), packages };
}

async function buildOne(root: string, folder: string, name: Program) {
  const { entry, splitting } = PROGRAMS[name];
  // Maps tell where sources are from there, and names of files tell the bytes of maps: so it is the same place for all.
  const outdir = join(root, "dist");
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { [name]: entry },
    outdir,
    write: false,
    splitting,
    chunkNames: `${name}/[name]-[hash]`,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    // ES modules where a package has them: what nobody asks for of them stays out.
    mainFields: ["module", "main"],
    format: "esm",
    target: "node22.19",
    banner: { js: COMMONJS },
    // The image is built without tsconfig.json, which would change the bytes.
    tsconfigRaw: {},
    define: { __filename: "onyxFilename", __dirname: "onyxDirname" },
    // Names stay: they are what one reads in a stack trace.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    // Paths are part of the program: they must be the same where the packages are elsewhere.
    preserveSymlinks: true,
    // Beside the program, not named in it: who wants mapped stack traces brings the map.
    sourcemap: "external",
    metafile: true,
    plugins: [withoutUnusedModels],
    logLevel: "warning",
    // Said of code that runs only where optional native parts of `ws` and of debug's colours are installed; and DuckDB itself,
    // which is native code and lies beside the one program that has it.
    external: ["bufferutil", "utf-8-validate", "supports-color", NATIVE],
  });
  // Those of an earlier build have other names.
  rmSync(join(folder, name), { recursive: true, force: true });
  const files = outputFiles.map(({ path, contents }) => {
    const file = relative(outdir, path);
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), contents);
    return file;
  });
  return { name, files: files.filter((file) => file.endsWith(".mjs")).sort(), inputs: Object.keys(metafile.inputs) };
}

function described(folder: string, name: Program, files: readonly string[]): Bundle {
  const path = join(folder, `${name}.mjs`);
  chmodSync(path, 0o755);
  const content = Buffer.concat(files.map((file) => readFileSync(join(folder, file))));
  return { name, path, files, bytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
}

/** `node_modules/a/node_modules/@b/c/index.js` lies in the package of folder `node_modules/a/node_modules/@b/c`. */
const PACKAGE_FOLDER = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;

function packagesIn(root: string, files: readonly string[]): readonly Package[] {
  const folders = new Set(files.map((file) => PACKAGE_FOLDER.exec(file)?.[0]).filter((found) => found !== undefined));
  const byId = new Map([...folders].map((folder) => readPackage(join(root, folder))).map((one) => [idOf(one), one]));
  return [...byId.values()].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

const idOf = ({ name, version }: Package) => `${name}@${version}`;
