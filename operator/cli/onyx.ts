#!/usr/bin/env node
import { Command, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { WorkflowError } from "../workflow/index.ts";
import { ClusterError } from "./cluster.ts";
import { ManifestError } from "./manifests.ts";
import { type Format, machine, painter } from "./output.ts";
import { runApprove } from "./run-approve.ts";
import { runCost } from "./run-cost.ts";
import { runImport } from "./run-import.ts";
import { runParity } from "./run-parity.ts";
import { runPlan } from "./run-plan.ts";
import { runRestore } from "./run-restore.ts";
import { runTrace } from "./run-trace.ts";
import { cancelRun, retryRun, showRun, signalRun } from "./runs.ts";
import { runWorkflowCheck } from "./workflow/check.ts";
import { runWorkflowCompile } from "./workflow/compile.ts";
import { runWorkflowLocally } from "./workflow/run.ts";
import { runWorkflowGraph } from "./workflow/show-graph.ts";

/** What a command came to: the value for programs, the text for people, and the exit code. */
export interface Result {
  readonly value: unknown;
  readonly text: string;
  readonly exitCode: number;
}

const output = () =>
  new Option("-o, --output <format>", "how to print").choices(["text", "json", "yaml"]).default("text");
const repeat = (value: string, before: readonly string[]) => [...before, value];
const kubeconfigs = () =>
  new Option("--kubeconfig <path>", "a cluster; give it again for more")
    .argParser(repeat)
    .default([] as readonly string[], "KUBECONFIG");
const paint = painter(process.stdout.isTTY === true && !process.env.NO_COLOR);

/** Errors that a person can mend. */
const MENDABLE = [ManifestError, ClusterError, WorkflowError];

/** Prints a result; errors that a person can mend are one line on standard error and exit code 1. */
async function show(format: Format, run: () => Promise<Result>): Promise<void> {
  try {
    const result = await run();
    console.log(format === "text" ? result.text : machine(result.value, format));
    process.exitCode = result.exitCode;
  } catch (error) {
    if (!MENDABLE.some((one) => error instanceof one)) throw error;
    console.error(`${paint("red", "error:")} ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

const program = new Command("onyx")
  .description("One platform on EKS and GKE.")
  .version(packageJson.version)
  .showHelpAfterError();

program
  .command("plan")
  .description("What would change in each cloud and cluster if these files were applied. Nothing is changed.")
  .requiredOption(
    "-f, --filename <path>",
    "file, folder or - for standard input; give it again for more",
    repeat,
    [] as readonly string[],
  )
  .addOption(kubeconfigs())
  .option("--context <name>", "context of the kubeconfig")
  .option(
    "--clouds <list>",
    "these clouds side by side, such as aws,gcp, with cost: in their Environments among the files or of the clusters given, else in ones that are assumed",
  )
  .option("--offline", "with --clouds: ask no cloud, plan as if nothing were there")
  .addOption(output())
  .addHelpText("after", "\nExit code: 0 nothing would change, 2 something would, 1 something is refused or failed.")
  .action((options) => show(options.output, () => runPlan(options, paint, process.stdout.columns)));

program
  .command("parity")
  .description("Two clusters side by side: every object, every difference, and the rule that allows it.")
  .addOption(kubeconfigs())
  .option("--contexts <list>", "two contexts of one kubeconfig, such as eks,gke")
  .option("-n, --namespace <name>", "only this namespace")
  .addOption(output())
  .addHelpText(
    "after",
    "\nExit code: 0 the same but for allowed differences, 2 not the same, 1 a cluster can't be read.",
  )
  .action((options) => show(options.output, () => runParity(options, paint)));

program
  .command("trace")
  .description("From an object down to what it is made of and uses, and the cloud's own error.")
  .argument("<kind>", "kind or plural, such as onyxservice")
  .argument("<name>")
  .option("-n, --namespace <name>", "namespace", "default")
  .addOption(new Option("--kubeconfig <path>", "the cluster"))
  .option("--context <name>", "context of the kubeconfig")
  .addOption(output())
  .addHelpText("after", "\nExit code: 0 nothing fails, 2 something does, 1 the cluster can't be read.")
  .action((kind, name, options) => show(options.output, () => runTrace(kind, name, options, paint)));

program
  .command("import")
  .description("YAML for what is there in a cloud: applied, it adopts it and changes nothing.")
  .addOption(new Option("--from <cloud>", "the cloud").choices(["aws", "gcp"]).makeOptionMandatory())
  .option("--environment <name>", "the Environment; needed when several stand in that cloud")
  .option(
    "-f, --filename <path>",
    "take the Environment, and the Secret it names, from files instead of a cluster",
    repeat,
    [] as readonly string[],
  )
  .addOption(new Option("--kubeconfig <path>", "the cluster"))
  .option("--context <name>", "context of the kubeconfig")
  .option("-n, --namespace <name>", "namespace of the objects", "default")
  .option("--kind <kind>", "only this kind, such as Queue; give it again for more", repeat, [] as readonly string[])
  .option("--tag <key=value>", "only what carries this tag; give it again for more", repeat, [] as readonly string[])
  .option("--name-prefix <text>", "only names in the cloud that begin so")
  .addOption(output())
  .addHelpText(
    "after",
    "\nExit code: 0 all of it can be adopted unchanged, 2 some of it not (comments say what), 1 it can't be read.",
  )
  .action((options) => show(options.output, () => runImport(options)));

program
  .command("approve")
  .description("Show what waits for approval on an object and what is lost by it, and approve it.")
  .argument("<kind>", "kind or plural, such as table")
  .argument("<name>")
  .option("-n, --namespace <name>", "namespace", "default")
  .option("-y, --yes", "approve without asking")
  .addOption(new Option("--kubeconfig <path>", "the cluster"))
  .option("--context <name>", "context of the kubeconfig")
  .addOption(output())
  .addHelpText(
    "after",
    "\nExit code: 0 approved, or nothing waits, 2 you did not agree, 1 the cluster can't be read or refused it.",
  )
  .action((kind, name, options) => show(options.output, () => runApprove(kind, name, options, paint)));

program
  .command("restore")
  .description("A new resource from a point in time of another; prints the YAML of the object that takes it up.")
  .argument("<kind>", "kind or plural, such as table")
  .argument("<name>", "the object that is restored from; it is left as it is")
  .requiredOption("--to <name>", "name of the new object")
  .option("--at <moment>", "such as 2026-01-05T10:00:00Z; absent: the latest moment that the cloud can restore")
  .option("-n, --namespace <name>", "namespace", "default")
  .addOption(new Option("--kubeconfig <path>", "the cluster"))
  .option("--context <name>", "context of the kubeconfig")
  .addOption(output())
  .addHelpText(
    "after",
    "\nA bucket is copied, and a copy that breaks off is taken up when the command is run again.\nExit code: 0 restored, 1 not, or not all of it.",
  )
  .action((kind, name, options) => show(options.output, () => runRestore(kind, name, options)));

program
  .command("cost")
  .description("What was spent this month and last, as billed: of the cost reports that TenantCostSources take in.")
  .option("--by <what>", "tenant, service, environment, account, region or tag:KEY", "tenant")
  .option("--month <month>", "such as 2026-11; absent: the current one, in UTC")
  .option("--tenant <name>", "only what is this Tenant's")
  .option("--source <namespace/name>", "only this TenantCostSource")
  .addOption(new Option("--kubeconfig <path>", "the cluster"))
  .option("--context <name>", "context of the kubeconfig")
  .addOption(new Option("-o, --output <format>", "how to print").choices(["table", "json", "csv"]).default("table"))
  .addHelpText(
    "after",
    "\nTables are read with your own credentials of the cloud. Amounts of two currencies are never added up; json and csv have all decimals.\nExit code: 0 all of it, 2 without sources that can't be read, 1 the cluster can't be read.",
  )
  .action((options) => show(options.output === "json" ? "json" : "text", () => runCost(options, paint)));

const WORKFLOW_FILE = "YAML or JSON, or - for standard input: a definition, or manifests with a Workflow among them";
const named = () => new Option("--name <workflow>", "the one of several Workflows in the file");
const workflow = program
  .command("workflow")
  .description("Portable workflows: check, run and draw them here, without a cluster or a cloud.");

workflow
  .command("check")
  .description("Whether a workflow is sound and the same on both clouds, and what it uses.")
  .argument("<file>", WORKFLOW_FILE)
  .option("--name <workflow>", "the one of several Workflows in the file; absent: all")
  .addOption(output())
  .addHelpText("after", "\nExit code: 0 sound, 2 not, 1 the file can't be read.")
  .action((file, options) => show(options.output, () => runWorkflowCheck(file, paint, options.name)));

workflow
  .command("run")
  .description(
    "Runs a workflow here and shows each step. Nothing is called and nothing waited for: --answers says what comes.",
  )
  .argument("<file>", WORKFLOW_FILE)
  .addOption(named())
  .option("--input <json>", "the run's input, or @ and a file")
  .option(
    "--answers <file>",
    "YAML with `tasks` by path and `signals` by name, each {return: …} or {raise: {type: Throttled}}, or a list of these for one after the other",
  )
  .addOption(output())
  .addHelpText("after", "\nExit code: 0 it succeeded, 2 it failed, 1 it can't be run.")
  .action((file, options) => show(options.output, () => runWorkflowLocally(file, options, paint, new Date())));

workflow
  .command("compile")
  .description("What a cloud would get of a workflow, with names that stand for the ids of what it refers to.")
  .argument("<file>", WORKFLOW_FILE)
  .addOption(named())
  .addOption(new Option("--for <cloud>", "the cloud").choices(["aws", "gcp"]).makeOptionMandatory())
  .addOption(output())
  .addHelpText("after", "\nExit code: 0 here it is, 1 it is not sound, or too large for that cloud.")
  .action((file, options) => show(options.output, () => runWorkflowCompile(file, options.for, options.name)));

workflow
  .command("graph")
  .description("A workflow as a picture.")
  .argument("<file>", WORKFLOW_FILE)
  .addOption(named())
  .addOption(new Option("--as <format>", "the picture").choices(["mermaid", "svg"]).default("mermaid"))
  .addOption(output())
  .action((file, options) => show(options.output, () => runWorkflowGraph(file, options.as, options.name)));

const run = program.command("run").description("Runs of Workflows in a cluster: WorkflowRun objects.");
const ofRun = (name: string, what: string) =>
  run
    .command(name)
    .description(what)
    .argument("<name>", "the WorkflowRun")
    .option("-n, --namespace <name>", "namespace", "default")
    .addOption(new Option("--kubeconfig <path>", "the cluster"))
    .option("--context <name>", "context of the kubeconfig")
    .addOption(output());

ofRun("logs", "What a run did, task by task, and what came of it.")
  .option("-f, --follow", "wait for its end")
  .addHelpText("after", "\nExit code: 0 it succeeded, 2 it did not, or is not over, 1 the cluster can't be read.")
  .action((name, options) => show(options.output, () => showRun(name, options, paint)));

ofRun("cancel", "Ends a run, or keeps it from beginning. It can't be taken back.").action((name, options) =>
  show(options.output, () => cancelRun(name, options)),
);

ofRun("signal", "Brings a run what a listen task of it waits for, now or later.")
  .argument("<signal>", "name of the signal, as the task has it")
  .option("--value <json>", "what it brings: the output of the task", "null")
  .addHelpText("after", "\nWho may change the WorkflowRun may do so: give that right to those who approve.")
  .action((name, signal, options) => show(options.output, () => signalRun(name, signal, options.value, options)));

ofRun("retry", "Runs it again, by another object with the same input. The old one stays.")
  .option("--as <name>", "name of the new object; absent: made of the old one")
  .action((name, options) => show(options.output, () => retryRun(name, options)));

await program.parseAsync();
// Idle connections of the clouds' SDKs would keep the process for a while.
process.exit();
