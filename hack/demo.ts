/** `make demo`: one platform from the same YAML on two clusters and two clouds, told as it happens. */
import { painter } from "../operator/cli/output.ts";
import { deliverReport, focusReport, lookAtSummary } from "./platform/cost-reports.ts";
import { openQueue } from "./platform/messages.ts";
import { onyx } from "./platform/onyx.ts";
import { applyAndWait, FLAVOR, giveNode, type Listed, type Platform, startPlatform } from "./platform/platform.ts";
import { openStores } from "./platform/stores.ts";
import { openWorkflowJob, reschedule } from "./platform/workflow-job.ts";
import { ensureBuilt } from "./testbed/build.ts";
import { isAbort } from "./testbed/errors.ts";
import { thisHost } from "./testbed/host.ts";
import { provideCluster } from "./testbed/provide.ts";
import { waitUntil } from "./testbed/wait.ts";
import { chooseWay } from "./testbed/ways.ts";

const EXAMPLE = "examples/onelens";
const NAMESPACE = "onyx";
const WORKFLOW = "examples/onelens-workflow";
const TENANTS = "examples/onelens-tenants";
const RUN = "onyx-workflow-execution-acme";
/** The rule, the topic, the queue and the workflow of a chain are all called so. */
const CHAIN = "onyx-workflow-execution";
const EXECUTIONS = "onyx-workflow-execution-db";
const QUEUE = "onyx-request-processor";
const JOB = "onyx-request-processor-job";
const MESSAGES = 100;
/** The TenantCostSource of a customer, who is called so too. */
const BILL = { namespace: NAMESPACE, name: "globex" };

const paint = painter(process.stdout.isTTY === true && !process.env.NO_COLOR);
const began = performance.now();
const seconds = () => `${((performance.now() - began) / 1000).toFixed(0).padStart(3)} s`;
const say = (line: string) => console.log(`${paint("dim", seconds())}  ${line}`);
const chapter = (title: string) => console.log(`\n${paint("bold", title)}`);

const abort = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const)
  process.once(name, () => abort.abort(new Error(`stopped by ${name}`)));

async function demo(): Promise<void> {
  const { signal } = abort;
  const host = thisHost();
  chapter("What it takes");
  say("Kubernetes, KEDA and two cloud emulators, built from package registries once and kept in the cache");
  const { way, says } = chooseWay(host.env);
  say(says);
  const plane = way.way === "local" ? (["pki", "controlplane", "keda"] as const) : [];
  await ensureBuilt(host, [...plane, "pubsub", "ministack", "workflows"], { signal });

  chapter("Two clusters, two clouds");
  const platforms = await Promise.all(
    (["aws", "gcp"] as const).map((cloud) =>
      startPlatform({ cloud, provide: provideCluster, keep: true, signal, say }, host),
    ),
  );

  chapter(`One platform: kubectl apply -f ${EXAMPLE}, the same files on both`);
  const tellers = new Map(platforms.map((platform) => [platform, teller(platform)]));
  const apply = (folder: string) =>
    Promise.all(platforms.map((platform) => applyAndWait(platform, folder, tellers.get(platform), signal)));
  await apply(EXAMPLE);

  chapter(`Work arrives: ${MESSAGES} messages to ${QUEUE} on each cloud, one replica for every 20`);
  await Promise.all(platforms.map((platform) => scale(platform, signal)));

  chapter(`A workflow, written once, runs on both engines: kubectl apply -f ${WORKFLOW}`);
  await apply(WORKFLOW);
  for (const { cluster } of platforms)
    console.log(await told("run", "logs", RUN, "-n", NAMESPACE, "--kubeconfig", cluster.kubeconfig));

  chapter(
    "The chain of every night: schedule, rule, topic, queue, job, engine, table, bucket; now, instead of at three",
  );
  await Promise.all(platforms.map((platform) => followChain(platform, signal)));

  chapter("What services read in each cloud: the rows that Git says, that of the run, and its report in the Bucket");
  for (const platform of platforms) await showStores(platform);

  chapter(
    `Customers, one object each, from rows in common tables to all that is theirs alone: kubectl apply -f ${TENANTS}`,
  );
  await Promise.all(platforms.map((platform) => giveNode(platform, "initech")));
  await apply(TENANTS);
  for (const { cluster } of platforms) console.log(await cluster.kubectl(["get", "tenants"]));

  chapter("What a customer costs: their account delivers its report, the worker takes it in; onyx cost");
  for (const platform of platforms) await showCost(platform, signal);

  chapter("Are they the same? onyx parity");
  console.log(await told("parity", ...platforms.flatMap((platform) => ["--kubeconfig", platform.cluster.kubeconfig])));
  lookAround(platforms);
}

/** Tells of each object that has become Ready, once. */
function teller({ cluster }: Platform): (object: Listed) => void {
  const told = new Set<string>();
  return ({ kind, metadata: { name }, status }) => {
    if (told.has(`${kind}/${name}`)) return;
    told.add(`${kind}/${name}`);
    const id = status?.externalId ? paint("dim", `  ${status.externalId}`) : "";
    say(`${cluster.name}: ${paint("green", "✓")} ${kind} ${name}${id}`);
  };
}

/** Sends messages and tells each step of KEDA's scaling, up and down again. */
async function scale(platform: Platform, signal: AbortSignal): Promise<void> {
  const { cluster } = platform;
  const queue = await openQueue(platform, NAMESPACE, QUEUE);
  try {
    const least = await replicas(platform);
    await queue.send(MESSAGES);
    let shown = least;
    const until = (done: (now: number) => boolean, what: string) =>
      waitUntil(
        async () => {
          const now = await replicas(platform);
          if (now !== shown) say(`${cluster.name}: KEDA scales ${JOB} ${shown} → ${now}`);
          shown = now;
          return done(now);
        },
        { what, timeoutMs: 120_000, everyMs: 500, signal },
      );
    await until((now) => now === Math.ceil(MESSAGES / 20), `Scaling ${JOB} up on ${cluster.name}`);
    await queue.drain();
    say(`${cluster.name}: the queue is empty again`);
    await until((now) => now === least, `Scaling ${JOB} down on ${cluster.name}`);
  } finally {
    await queue.close();
  }
}

/** Has the schedule come, and follows what comes of it to the row of the run. */
async function followChain(platform: Platform, signal: AbortSignal): Promise<void> {
  const { cluster } = platform;
  const job = await openWorkflowJob(platform, NAMESPACE, `${CHAIN}-job`, { queue: CHAIN, workflow: CHAIN });
  const stores = openStores(platform, NAMESPACE);
  try {
    await reschedule(platform, NAMESPACE, CHAIN, "* * * * *");
    say(`${cluster.name}: EventRule ${CHAIN} is set to every minute`);
    let run: string | undefined;
    const wait = (what: string, done: () => Promise<boolean>) =>
      waitUntil(done, { what: `${what} on ${cluster.name}`, timeoutMs: 120_000, everyMs: 500, signal });
    await wait("A message of the rule", async () => {
      run = await job.work();
      return run !== undefined;
    });
    say(`${cluster.name}: the rule told the topic, the queue had it, the job started the workflow: run ${run}`);
    say(
      `${cluster.name}: (pods run no programs here: this one did the job's part, by the variables that its pods get)`,
    );
    await wait("The row of the run", async () =>
      (await stores.items(EXECUTIONS)).some(({ executionId, state }) => executionId === run && state === "Done"),
    );
    say(`${cluster.name}: the run is over, its row and its report are there`);
  } finally {
    await reschedule(platform, NAMESPACE, CHAIN, "0 3 * * *");
    stores.close();
    await job.close();
  }
}

/** Shows the rows as the cloud itself gives them, and the report of each. */
async function showStores(platform: Platform): Promise<void> {
  const stores = openStores(platform, NAMESPACE);
  try {
    for (const item of await stores.items("onyx-workflow-db"))
      say(`${platform.cluster.name}: ${JSON.stringify({ ...item, onyx: undefined })}`);
    for (const item of await stores.items(EXECUTIONS)) {
      const report = `executions/${item.tenantId}/${item.executionId}.json`;
      say(`${platform.cluster.name}: ${JSON.stringify(item)}`);
      say(`${platform.cluster.name}: ${report}  ${JSON.stringify(await stores.object("onyx-workflow", report))}`);
    }
  } finally {
    stores.close();
  }
}

/** Delivers a report of this month and tells what came of it. */
async function showCost(platform: Platform, signal: AbortSignal): Promise<void> {
  const { cluster } = platform;
  const month = new Date().toISOString().slice(0, 7);
  const charges = [
    { day: `${month}-01`, service: "Compute", amount: "700.00", team: "shop" },
    { day: `${month}-01`, service: "Storage", amount: "112.755" },
  ];
  await deliverReport(platform, BILL, "exports/report.csv", focusReport(month, charges));
  await lookAtSummary(platform, BILL);
  const used = () => cluster.kubectl(["get", "tenant", BILL.name, "-o=jsonpath={.status.budgetUsed}"]);
  await waitUntil(async () => (await used()) !== "", { what: `The cost of ${BILL.name}`, timeoutMs: 30_000, signal });
  console.log(await cluster.kubectl(["get", "tenants"]));
  console.log(await told("cost", "--by", "service", "--kubeconfig", cluster.kubeconfig));
}

async function replicas({ cluster }: Platform): Promise<number> {
  const text = await cluster.kubectl(["get", "deployment", JOB, "-n", NAMESPACE, "-o", "jsonpath={.status.replicas}"]);
  return Number(text || 0);
}

/** What the command line says; that it failed is an error. */
async function told(...args: string[]): Promise<string> {
  const { text, code } = await onyx(...args);
  if (code !== 0) throw new Error(`onyx ${args[0]} failed:\n${text}`);
  return text.trimEnd();
}

function lookAround(platforms: readonly Platform[]): void {
  chapter("Look around");
  const [eks, gke] = platforms as [Platform, Platform];
  console.log(
    [
      ...platforms.map((platform) => `  export ${FLAVOR[platform.cloud].toUpperCase()}=${platform.cluster.kubeconfig}`),
      `  alias kubectl=${eks.cluster.kubectlPath}`,
      "",
      "  kubectl --kubeconfig $EKS get onyx -A                      # everything of ours; the same with $GKE",
      `  kubectl --kubeconfig $GKE get queue.onyx.onelens.io ${QUEUE} -n ${NAMESPACE} -o yaml`,
      `  bin/onyx trace onyxservice ${JOB} -n ${NAMESPACE} --kubeconfig $EKS`,
      `  bin/onyx plan -f ${EXAMPLE} --kubeconfig $EKS --kubeconfig $GKE`,
      `  aws --endpoint-url ${eks.endpoints.aws} --region us-east-1 sqs list-queues   # the emulator's own view`,
      "",
      `  Try: change the retention of ${QUEUE} in ${EXAMPLE}/10-queues.yaml, see onyx plan, apply it, see both clouds follow.`,
      `  Logs of the operators: ${eks.operator.log}, ${gke.operator.log}`,
      "",
      `  ${paint("bold", "make demo-down")} ends everything.`,
    ].join("\n"),
  );
  say("done");
}

demo().catch((error: Error) => {
  if (isAbort(error) || abort.signal.aborted) console.error("\nStopped. make demo-down ends what still runs.");
  else
    console.error(
      `\n${paint("red", "The demo failed:")} ${error.message}\n\nmake demo-down ends what still runs; the logs lie in .run/*/log.`,
    );
  process.exit(1);
});
