/**
 * The test bed from the command line.
 *
 *   node hack/testbed/cli.ts up [NAME...]     two clusters (eks, gke) with KEDA, and both clouds; or only those named
 *   node hack/testbed/cli.ts down [NAME...]   ends what runs in this clone: all of it, or only what is named
 *   node hack/testbed/cli.ts status           what runs, and how to reach it
 *   node hack/testbed/cli.ts build            builds what the cache lacks
 */
import { ensureBuilt } from "./build.ts";
import { startAws, startGcp } from "./clouds.ts";
import { WITH_KEDA } from "./cluster.ts";
import { isAbort, TestBedError } from "./errors.ts";
import { type Host, thisHost } from "./host.ts";
import { deleteKind } from "./kind.ts";
import { isAlive } from "./processid.ts";
import { provideCluster } from "./provide.ts";
import { listRuns, type RunRecord, removeRun } from "./run.ts";
import { statusText } from "./status.ts";
import { chooseWay } from "./ways.ts";

interface Context {
  readonly host: Host;
  readonly names: readonly string[];
  readonly signal: AbortSignal;
}

const startable: Record<string, (context: Context) => Promise<{ stop(): Promise<void> }>> = {
  eks: ({ host, signal }) => provideCluster({ name: "eks", flavor: "eks", parts: WITH_KEDA, keep: true, signal }, host),
  gke: ({ host, signal }) => provideCluster({ name: "gke", flavor: "gke", parts: WITH_KEDA, keep: true, signal }, host),
  aws: ({ host, signal }) => startAws({ name: "aws", keep: true, signal }, host),
  gcp: ({ host, signal }) => startGcp({ name: "gcp", keep: true, signal }, host),
};

const commands: Record<string, (context: Context) => Promise<void>> = { up, down, status, build };

async function build({ host, signal }: Context): Promise<void> {
  await ensureBuilt(host, ["pki", "controlplane", "keda", "pubsub", "ministack", "workflows"], { signal });
  host.say(`Everything is built, in ${host.cache}.`);
}

async function up(context: Context): Promise<void> {
  const { host, signal } = context;
  const wanted = chosen(context.names, Object.keys(startable));
  const { way, says } = chooseWay(host.env);
  host.say(says);
  if (way.way === "local") await build(context);
  else await ensureBuilt(host, ["pubsub", "ministack"], { signal });
  const starts = await notRunning(host, wanted);
  for (const name of starts) host.say(`Starting ${name}`);
  const results = await Promise.allSettled(starts.map((name) => startable[name]!(context)));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) {
    await Promise.all(results.map((result) => (result.status === "fulfilled" ? result.value.stop() : undefined)));
    throw failed.reason;
  }
  await status(context);
}

/** Those of the names that must be started. What has lost one of its processes is ended first. */
async function notRunning(host: Host, names: readonly string[]): Promise<string[]> {
  const ready = listRuns(host).filter(({ record }) => record.ready && names.includes(record.name));
  const broken = ready.filter(({ record }) => !record.processes.every(isAlive));
  for (const { folder, record } of broken) {
    host.say(`${record.name} is only half there: starting it anew`);
    await removeRun(folder);
  }
  const whole = ready.filter((each) => !broken.includes(each)).map(({ record }) => record.name);
  return names.filter((name) => !whole.includes(name));
}

async function down({ host, names }: Context): Promise<void> {
  const runs = listRuns(host);
  const wanted = chosen(
    names,
    runs.map(({ record }) => record.name),
  );
  if (wanted.length === 0) host.say("Nothing of this clone runs.");
  const ends = runs.filter(({ record }) => wanted.includes(record.name));
  await Promise.all(ends.map(end));
  for (const { record } of ends) host.say(`${record.name} ended`);
}

async function end({ folder, record }: { folder: string; record: RunRecord }): Promise<void> {
  if (record.info.kind) await deleteKind(record.info.kind);
  await removeRun(folder);
}

async function status({ host }: Context): Promise<void> {
  console.log(statusText(listRuns(host).map(({ record }) => record)));
}

/** The names asked for, all when none is; an unknown one is refused. */
function chosen(asked: readonly string[], known: readonly string[]): readonly string[] {
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length === 0) return asked.length > 0 ? asked : known;
  throw new TestBedError(`There is no ${unknown.join(", no ")}. There is: ${known.join(", ") || "nothing"}.`);
}

const [command = "", ...names] = process.argv.slice(2);
const run = Object.hasOwn(commands, command) ? commands[command] : undefined;
const abort = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => abort.abort());
if (!run) {
  console.error(`Usage: node hack/testbed/cli.ts ${Object.keys(commands).join("|")} [NAME...]`);
  process.exitCode = 2;
} else {
  try {
    await run({ host: thisHost(), names, signal: abort.signal });
  } catch (error) {
    if (isAbort(error)) console.error("Stopped; what was started is ended.");
    else if (error instanceof TestBedError) console.error(error.message);
    else throw error;
    process.exitCode = 1;
  }
}
