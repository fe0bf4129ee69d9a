import { posix } from "node:path";

/** One import or re-export of a source file. */
export interface Import {
  /** The file, from the root of the clone. */
  readonly from: string;
  /** What is imported: a path from the root for files of ours, a package's name for others. */
  readonly to: string;
  /** Whether only types are taken: those are gone when the program runs. */
  readonly typeOnly: boolean;
}

/** Who may import what. A rule that finds an import speaks: it is forbidden. */
export interface ImportRule {
  readonly why: string;
  forbids(each: Import): boolean;
}

const COMMENTS = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;
const STATIC = /^\s*(?:import|export)\s+(type\s+)?([\w*\s{},$]*?)\s*from\s*"([^"]+)"/gm;
const BARE = /^\s*import\s+"([^"]+)"/gm;
const DYNAMIC = /\bimport\(\s*"([^"]+)"\s*\)/g;

/** The imports of one file. */
export function importsOf(from: string, source: string): Import[] {
  const code = source.replaceAll(COMMENTS, "");
  const resolve = (name: string): string =>
    name.startsWith(".") ? posix.join(posix.dirname(from), name) : packageName(name);
  const statics = [...code.matchAll(STATIC)].map(([, type, names, name]) => ({
    from,
    to: resolve(name!),
    typeOnly: type !== undefined || onlyTypes(names!),
  }));
  const others = [...code.matchAll(BARE), ...code.matchAll(DYNAMIC)].map(([, name]) => ({
    from,
    to: resolve(name!),
    typeOnly: false,
  }));
  return [...statics, ...others];
}

/** `@scope/name` or `name`, without the path inside it; built-in modules keep theirs. */
function packageName(name: string): string {
  if (name.startsWith("node:")) return name;
  return name.split("/", name.startsWith("@") ? 2 : 1).join("/");
}

function onlyTypes(names: string): boolean {
  const listed = names.match(/^\{([\s\S]*)\}$/)?.[1];
  const each =
    listed
      ?.split(",")
      .map((name) => name.trim())
      .filter(Boolean) ?? [];
  return each.length > 0 && each.every((name) => name.startsWith("type "));
}

const CLOUD_SDKS = /^(@aws-sdk\/|@smithy\/|@google-cloud\/|googleapis$|google-gax$|google-auth-library$)/;
const OURS = /^(crds|controllers|adapters|operator|hack|test|bench)\//;
const COMPOSITION = /^operator\/(main|wiring|connect-costs)\.ts$/;

/** Tests and what only they use are no part of the program: they may drive whatever they test. */
export const isTest = (file: string): boolean =>
  /^(test|hack|bench)\//.test(file) || /\.(test|conformance)\.ts$/.test(file) || /\/(testing|conformance)\//.test(file);

const inside = (folder: string) => (path: string) => path.startsWith(`${folder}/`);
const [crds, controllers, adapters] = [inside("crds"), inside("controllers"), inside("adapters")];
const [operator, runtime, provider] = [inside("operator"), inside("operator/runtime"), inside("operator/provider")];
const ingest = inside("operator/ingest");
const expressions = inside("operator/workflow/expression");
const language = inside("operator/workflow");
const cloudOf = (path: string): string | undefined => path.match(/^adapters\/(aws|gcp)\//)?.[1];

/** docs: architecture, "The house". */
export const RULES: readonly ImportRule[] = [
  {
    why: "crds is the contract: it imports nothing of ours",
    forbids: ({ from, to }) => crds(from) && OURS.test(to) && !crds(to),
  },
  {
    why: "controllers say what is wanted: they import crds, the language of workflows, and only types of the operator",
    forbids: ({ from, to, typeOnly }) =>
      controllers(from) &&
      OURS.test(to) &&
      !controllers(to) &&
      !crds(to) &&
      !language(to) &&
      !(operator(to) && typeOnly),
  },
  {
    why: "adapters import operator/provider, the language of workflows, the limits and forms of values in crds, and only types of the controllers",
    forbids: ({ from, to, typeOnly }) =>
      adapters(from) &&
      OURS.test(to) &&
      !adapters(to) &&
      !provider(to) &&
      !language(to) &&
      !/^crds\/(limits|ranges|duration|cron|filter|pattern)/.test(to) &&
      !((controllers(to) || crds(to)) && typeOnly),
  },
  {
    why: "the adapter of one cloud knows nothing of the other",
    forbids: ({ from, to }) => adapters(from) && cloudOf(to) !== undefined && cloudOf(from) !== cloudOf(to),
  },
  {
    why: "cloud SDKs stay inside adapters",
    forbids: ({ from, to }) => CLOUD_SDKS.test(to) && !adapters(from),
  },
  {
    why: "no Kubernetes client inside adapters",
    forbids: ({ from, to }) => adapters(from) && to === "@kubernetes/client-node",
  },
  {
    why: "the runtime knows nothing of kinds: it imports nothing of ours",
    forbids: ({ from, to }) => runtime(from) && OURS.test(to) && !runtime(to),
  },
  {
    why: "the expression language of workflows is for whoever reads them: it imports nothing of ours",
    forbids: ({ from, to }) => expressions(from) && OURS.test(to) && !expressions(to),
  },
  {
    why: "the language of workflows is the same for all who read it: it imports nothing else of ours",
    forbids: ({ from, to }) => language(from) && OURS.test(to) && !language(to),
  },
  {
    why: "only operator/main.ts, operator/wiring.ts and operator/connect-costs.ts compose: nothing else in the operator imports controllers or adapters",
    forbids: ({ from, to, typeOnly }) =>
      operator(from) && !COMPOSITION.test(from) && (adapters(to) || (controllers(to) && !typeOnly)),
  },
  {
    why: "DuckDB is native code: only the worker that takes cost reports in has it",
    forbids: ({ from, to }) => to === "@duckdb/node-api" && !ingest(from),
  },
  {
    why: "the operator does not run the worker: of operator/ingest it reads what lies in the table",
    forbids: ({ from, to, typeOnly }) =>
      ingest(to) && !ingest(from) && !typeOnly && !/^operator\/ingest\/(read|ledger|outlook|amount)\.ts$/.test(to),
  },
  {
    why: "the program needs no tests and no tools to run",
    forbids: ({ to }) => isTest(to),
  },
];

/** Every import that a rule forbids, with the reason. */
export function violations(imports: readonly Import[]): string[] {
  return imports
    .filter(({ from }) => !isTest(from))
    .flatMap((each) =>
      RULES.filter((rule) => rule.forbids(each)).map(({ why }) => `${each.from} imports ${each.to}: ${why}`),
    );
}
