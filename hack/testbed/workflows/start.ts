import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ensureBuilt } from "../build.ts";
import { answering, type CloudOptions, firstLine, inRun } from "../clouds.ts";
import { type Host, thisHost } from "../host.ts";
import { freePorts } from "../ports.ts";
import type { Launch, Launched, Run } from "../run.ts";
import { type ExecuteOptions, type WorkflowOutcome, type WorkflowsClient, workflowsClient } from "./client.ts";

/** An engine for Google Cloud Workflows on this machine. */
export interface WorkflowEngine {
  /** Makes a workflow of a source: YAML or JSON, or what JSON.stringify makes JSON of. Throws WorkflowRefused. */
  deploy(source: string | object, id?: string): Promise<DeployedWorkflow>;
  /** Where its REST API answers, as http://127.0.0.1:port: elsewhere once it has ended and was started again. */
  readonly url: string;
  stop(): Promise<void>;
}

export interface DeployedWorkflow {
  readonly id: string;
  /** Runs it with the one argument of its `main`, and waits for the end. Any number of runs may be under way. */
  run(argument?: unknown, options?: ExecuteOptions): Promise<WorkflowOutcome>;
}

interface Serving {
  readonly url: string;
  readonly client: WorkflowsClient;
  readonly launched: Launched;
}

/** What a run's outcome is when the engine ended meanwhile. */
const LOST = Symbol("lost");

/**
 * workflows-emulator from PyPI; or, with WORKFLOW_ENGINE in the environment, the program of that path, which serves
 * Google's REST API at HOST and PORT. An engine that ends is started again, with all that was deployed; of the runs that
 * were under way, those over which it ends again are CRASHED.
 */
export async function startWorkflowEngine(
  options: CloudOptions = {},
  host: Host = thisHost(),
): Promise<WorkflowEngine> {
  const start = await engineOf(options, host);
  return inRun("workflows", options, host, async (run) => {
    const sources = new Map<string, string>();
    let starts = 0;
    let url = "";
    const serve = async (): Promise<Serving> => {
      const serving = await start(run, `workflows-${++starts}`);
      url = serving.url;
      for (const [id, source] of sources) await serving.client.deploy(id, source);
      return serving;
    };
    const now = keptUp(serve);
    await now();
    const alone = oneByOne();
    const attempt = async (id: string, argument: unknown, execute: ExecuteOptions) => {
      const serving = await now();
      try {
        return await serving.client.execute(id, argument, execute);
      } catch (error) {
        if (await hasEnded(serving.launched)) return LOST;
        throw error;
      }
    };
    run.ready({ workflows: url });
    let deployed = 0;
    return {
      get url() {
        return url;
      },
      async deploy(source, id = `workflow-${++deployed}`) {
        const text = typeof source === "string" ? source : JSON.stringify(source);
        await (await now()).client.deploy(id, text);
        sources.set(id, text);
        return {
          id,
          async run(argument, execute = {}) {
            const first = await attempt(id, argument, execute);
            const last = first === LOST ? await alone(() => attempt(id, argument, execute)) : first;
            return last === LOST ? { state: "CRASHED" } : last;
          },
        };
      },
      stop: () => run.stop(),
    };
  });
}

type Start = (run: Run, name: string) => Promise<Serving>;

async function engineOf(options: CloudOptions, host: Host): Promise<Start> {
  const own = process.env.WORKFLOW_ENGINE;
  if (own) return (run, name) => startProgram(run, { name, command: own, args: [], env: { ...options.env } }, options);
  const { workflows } = await ensureBuilt(host, ["workflows"], { signal: options.signal });
  const args = [join(host.root, "hack", "testbed", "workflows", "serve.py")];
  // no_proxy: a source calls this machine; and macOS ends a forked process that asks for its proxies.
  const env = { PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1", no_proxy: "*", ...options.env };
  return async (run, name) => {
    const launched = run.launch({ name, command: join(workflows, "venv", "bin", "python"), args, env });
    const { rest } = await firstLine<{ rest: string }>(launched, "The workflow engine", options.signal);
    return { launched, url: rest, client: workflowsClient(rest) };
  };
}

async function startProgram(run: Run, launch: Launch, options: CloudOptions): Promise<Serving> {
  const [port, grpc] = await freePorts(2);
  const env = { ...launch.env, HOST: "127.0.0.1", PORT: String(port), GRPC_PORT: String(grpc) };
  const launched = run.launch({ ...launch, env });
  const endpoint = `http://127.0.0.1:${port}`;
  await answering(launched, launch.command, options.signal, async () => (await fetch(endpoint)).status > 0);
  return { launched, url: endpoint, client: workflowsClient(endpoint) };
}

/** Gives what `serve` started last, and starts it again when it has ended. */
function keptUp(serve: () => Promise<Serving>): () => Promise<Serving> {
  let current = serve();
  return async () => {
    const before = current;
    const serving = await before;
    if (current === before && !isUp(serving.launched)) current = serve();
    return current;
  };
}

/** Each after the one before. */
function oneByOne(): <T>(act: () => Promise<T>) => Promise<T> {
  let before: Promise<unknown> = Promise.resolve();
  return (act) => {
    const mine = before.then(act, act);
    before = mine;
    return mine;
  };
}

function isUp({ check }: Launched): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

/** A connection breaks a moment before the end of the process is known. */
async function hasEnded(launched: Launched): Promise<boolean> {
  for (let tries = 0; tries < 50 && isUp(launched); tries++) await delay(20);
  return !isUp(launched);
}
