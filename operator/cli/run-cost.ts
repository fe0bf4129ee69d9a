import { GROUP, VERSION } from "../../crds/define.ts";
import { environment as environmentKind, table as tableKind } from "../../crds/index.ts";
import { type ConnectCosts, connectCosts } from "../connect-costs.ts";
import { monthBefore, totals } from "../ingest/read.ts";
import type { CostCloud, CostTable } from "../provider/costs.ts";
import { ProviderError } from "../provider/fault.ts";
import type { EnvironmentObject } from "../reconcile/environment.ts";
import type { ResourceType, KubeObject as ServerObject } from "../runtime/resource.ts";
import { ClusterError, listObjects, openCluster, typeOf } from "./cluster.ts";
import { type CostBy, costByOf, costOf, type SourceCost, totalsBy } from "./cost.ts";
import { costCsv, costTable } from "./cost-text.ts";
import type { Result } from "./onyx.ts";
import type { Paint } from "./output.ts";

/** Options of `onyx cost`. */
export interface CostOptions {
  readonly by: string;
  readonly month?: string;
  readonly tenant?: string;
  /** `NAMESPACE/NAME` of a TenantCostSource. */
  readonly source?: string;
  readonly output: "table" | "json" | "csv";
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** What the command has of the world around it. */
export interface CostWorld {
  readonly now: Date;
  readonly connect: ConnectCosts;
  /** Says what has no place in the output. */
  readonly tell: (line: string) => void;
}

const SOURCE: ResourceType = {
  group: GROUP,
  version: VERSION,
  plural: "tenantcostsources",
  kind: "TenantCostSource",
  namespaced: true,
};

/** Sources that are read at the same time. */
const AT_ONCE = 8;

interface SourceObject extends ServerObject {
  readonly spec?: { readonly tenantRef?: { readonly name: string }; readonly tableRef?: { readonly name: string } };
  readonly status?: { readonly tenant?: string; readonly environment?: string };
}

interface TableObject extends ServerObject {
  readonly status?: { readonly environment?: string; readonly outputs?: Readonly<Record<string, string>> };
}

/** A source that can't be read, and why. */
export interface Unread {
  /** `NAMESPACE/NAME`. */
  readonly source: string;
  readonly reason: string;
}

/** `onyx cost`: what was spent this month and last. Exit code 2: not all sources could be read. */
export async function runCost(
  options: CostOptions,
  paint: Paint,
  { now, connect, tell }: CostWorld = { now: new Date(), connect: connectCosts, tell: console.error },
): Promise<Result> {
  const by = byOf(options.by);
  const month = monthOf(options.month, now);
  const cluster = await readSources(options);
  const connections = connectionsOf(cluster, connect);
  try {
    const read = await inParallel(cluster.sources, AT_ONCE, (source) => readOne(source, connections.to, by, month));
    const cost = costOf(
      read.flatMap((one) => ("totals" in one ? [one] : [])),
      by,
      month,
    );
    const unread = read.flatMap((one) => ("reason" in one ? [one] : []));
    const missing = unreadLines(unread).map((line) => paint("red", line));
    const csv = options.output === "csv";
    if (csv) for (const line of missing) tell(line);
    return {
      value: { by: options.by, ...cost, unread },
      text: csv ? lessLineFeed(costCsv(cost)) : withLines(costTable(cost, options.by, paint), missing),
      exitCode: unread.length > 0 ? 2 : 0,
    };
  } finally {
    await connections.close();
  }
}

const withLines = (text: string, lines: readonly string[]): string =>
  lines.length > 0 ? [text, "", ...lines].join("\n") : text;

/** Who prints it ends the last line. */
const lessLineFeed = (text: string): string => text.replace(/\n$/, "");

function byOf(text: string): CostBy {
  const by = costByOf(text);
  if (by === undefined)
    throw new ClusterError(`--by ${text}: there is tenant, service, environment, account, region and tag:KEY.`);
  return by;
}

function monthOf(text: string | undefined, now: Date): string {
  if (text === undefined) return now.toISOString().slice(0, 7);
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) throw new ClusterError(`--month ${text} is no month: write 2026-11.`);
  return text;
}

interface Sources {
  readonly sources: readonly SourceObject[];
  readonly tables: readonly TableObject[];
  readonly environments: readonly EnvironmentObject[];
}

async function readSources({ kubeconfig, context, tenant, source }: CostOptions): Promise<Sources> {
  const [namespace, name, ...more] = source?.split("/") ?? [];
  if (source !== undefined && (!namespace || !name || more.length > 0))
    throw new ClusterError(`--source ${source}: NAMESPACE/NAME is expected.`);
  const { client, context: cluster } = openCluster(kubeconfig, context);
  const [all, tables, environments] = await Promise.all([
    listObjects<SourceObject>(client, SOURCE, cluster, namespace),
    listObjects<TableObject>(client, typeOf(tableKind), cluster, namespace),
    listObjects(client, typeOf(environmentKind), cluster),
  ]);
  const sources = all.filter(
    (one) => (name === undefined || one.metadata.name === name) && (tenant === undefined || tenantOf(one) === tenant),
  );
  if (sources.length === 0) throw new ClusterError(noSource(cluster, all, tenant, source));
  return { sources, tables, environments: environments as unknown as readonly EnvironmentObject[] };
}

function noSource(
  cluster: string,
  all: readonly SourceObject[],
  tenant: string | undefined,
  source: string | undefined,
): string {
  const which = `TenantCostSource${source === undefined ? "" : ` ${source}`}`;
  if (tenant === undefined) return `Cluster ${cluster} has no ${which}: docs/guides/cost-reports.md.`;
  const others = [...new Set(all.map(tenantOf))].filter((one) => one !== "").sort();
  const there = others.length > 0 ? `There are those of: ${others.join(", ")}.` : "There are none of any tenant.";
  return `Cluster ${cluster} has no ${which} of tenant "${tenant}". ${there}`;
}

/** As the operator says: it refuses who names a Tenant that is not theirs. Spec counts until it has looked. */
const tenantOf = ({ spec, status }: SourceObject): string => (status ? status.tenant : spec?.tenantRef?.name) ?? "";
const nameOf = ({ metadata }: ServerObject): string => `${metadata.namespace}/${metadata.name}`;

/** What a source has spent, or why it can't be read: one that can't is no reason to be silent of the others. */
async function readOne(
  object: SourceObject,
  connectionTo: (source: SourceObject) => Promise<CostTable>,
  by: CostBy,
  month: string,
): Promise<SourceCost | Unread> {
  const source = nameOf(object);
  try {
    const periods = { from: monthBefore(month), to: month };
    return {
      tenant: tenantOf(object),
      environment: object.status?.environment ?? "",
      totals: await totals(await connectionTo(object), source, { periods, by: totalsBy(by) }),
    };
  } catch (error) {
    return { source, reason: reasonOf(error as Error) };
  }
}

/** The adapters speak of the operator's credentials; here they are those of whoever reads this. */
const LOGINS = [
  [/^(CredentialsProviderError|TokenProviderError|ExpiredToken)/, "AWS", "aws sso login, or AWS_PROFILE"],
  [/^UNAUTHENTICATED/, "Google Cloud", "gcloud auth application-default login"],
] as const;

function reasonOf(error: Error): string {
  const [, cloud, how] = LOGINS.find(([codes]) => error instanceof ProviderError && codes.test(error.code)) ?? [];
  return cloud ? `You have no valid credentials of ${cloud} here: ${how}.` : error.message;
}

/** A line for each reason. */
function unreadLines(unread: readonly Unread[]): readonly string[] {
  const reasons = Map.groupBy(unread, ({ reason }) => reason);
  return [...reasons].map(([reason, of]) => `Without ${of.map(({ source }) => source).join(", ")}: ${reason}`);
}

/** Connections to the tables of sources: one for each table, made when it is first asked for. */
function connectionsOf({ tables, environments }: Sources, connect: ConnectCosts) {
  const made = new Map<string, Promise<CostCloud>>();

  async function connectTo(name: string, { status }: SourceObject): Promise<CostCloud> {
    const table = tables.find((one) => nameOf(one) === name);
    if (!table) throw new Error(`There is no Table ${name}.`);
    if (!table.status?.outputs) throw new Error(`Table ${name} is not there yet: its status has no outputs.`);
    const where = table.status.environment ?? status?.environment;
    const environment = environments.find(({ metadata }) => metadata.name === where);
    if (!environment) throw new Error(`There is no Environment "${where ?? ""}", which Table ${name} stands in.`);
    const { cloud, region, account, endpoints = {} } = environment.spec;
    return connect(cloud, {
      region,
      account,
      endpoints,
      queue: {},
      bucket: {},
      table: byEnds(table.status.outputs),
    });
  }

  return {
    async to(source: SourceObject): Promise<CostTable> {
      const name = `${source.metadata.namespace}/${source.spec?.tableRef?.name ?? ""}`;
      const connection = made.get(name) ?? connectTo(name, source);
      made.set(name, connection);
      return (await connection).table;
    },
    async close(): Promise<void> {
      for (const one of await Promise.allSettled(made.values())) if (one.status === "fulfilled") one.value.close();
    },
  };
}

/** Outputs of a Table by the ends of the variables that a service gets of them: TABLE_NAME is NAME, COLLECTION stays. */
const byEnds = (outputs: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key.replace(/^TABLE_?/, ""), value]));

/** Results in the order of the items. */
async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const left = items.entries();
  const lane = async () => {
    for (const [at, item] of left) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}
