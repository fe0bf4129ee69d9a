/** google.cloud.scheduler.v1: what is no standard method, and the jobs that run. */
import { codeNumber, notFound, precondition, toCloudError } from "../../engine/errors.ts";
import { child, type Message, millisOf, text, timestamp } from "../../engine/messages.ts";
import type { Call, Handler, World } from "../../engine/world.ts";
import type { ServiceModule } from "../module.ts";
import { inTurn } from "../turns.ts";
import type { CallWorkflows } from "../workflows/http-call.ts";
import { JOB, jobs, scheduled } from "./jobs.ts";

export interface SchedulerParts {
  readonly world: World;
  /** @returns message ids */
  publish(topic: string, messages: readonly Message[]): Promise<string[]>;
  readonly callWorkflows: CallWorkflows;
}

const SERVICE = "google.cloud.scheduler.v1.CloudScheduler";
/** How often real time is looked at, and how many times of one job a move of the clock makes up for. */
const TICK_MILLIS = 1000;
const CATCH_UP = 1000;

/** How long a job rests after its nth failed attempt. */
function backoff(job: Message, failed: number): number {
  const retry = child(job, "retryConfig") ?? {};
  const millis = (field: string) => millisOf(child(retry, field) ?? {});
  const doubled = millis("minBackoffDuration") * 2 ** Math.min(failed - 1, Number(retry.maxDoublings ?? 0));
  return Math.min(doubled, millis("maxBackoffDuration"));
}

export function scheduler({ world, publish, callWorkflows }: SchedulerParts): ServiceModule {
  const { store, clock } = world;
  /** Attempts of the run at hand that failed, by job. */
  const failures = new Map<string, number>();

  async function send(job: Message): Promise<void> {
    const http = child(job, "httpTarget");
    if (http) {
      const account = child(http, "oauthToken")?.serviceAccountEmail as string | undefined;
      callWorkflows(text(http, "uri"), (http.body as Buffer | undefined) ?? Buffer.alloc(0), account);
      return;
    }
    const { topicName, data, attributes } = child(job, "pubsubTarget") ?? {};
    await publish(String(topicName), [{ ...(data ? { data } : {}), ...(attributes ? { attributes } : {}) }]);
  }

  async function attempt(job: Message): Promise<Message> {
    const { status: _before, ...rest } = job;
    const tried = { ...rest, lastAttemptTime: timestamp(clock.now()) };
    try {
      await send(job);
      return tried;
    } catch (error) {
      const { code, message: words } = toCloudError(error);
      return { ...tried, status: { code: codeNumber(code), message: words } };
    }
  }

  /** When it runs after an attempt: again soon where that failed and attempts are left, else by its schedule. */
  function rescheduled(name: string, job: Message, due: number): Message {
    const next = scheduled(job, due);
    const failed = job.status === undefined ? 0 : (failures.get(name) ?? 0) + 1;
    if (failed === 0 || failed > Number(child(job, "retryConfig")?.retryCount ?? 0)) {
      failures.delete(name);
      return next;
    }
    const again = clock.now() + backoff(job, failed);
    if (next.scheduleTime !== undefined && again >= millisOf(next.scheduleTime as Message)) return next;
    failures.set(name, failed);
    return { ...next, scheduleTime: timestamp(again) };
  }

  async function runDue(name: string): Promise<void> {
    for (let times = 0; times < CATCH_UP; times++) {
      const job = store.get(JOB, name);
      const due = job?.scheduleTime === undefined ? undefined : millisOf(job.scheduleTime as Message);
      if (job?.state !== "ENABLED" || due === undefined || due > clock.now()) return;
      const tried = await attempt(job);
      // It may have been changed meanwhile: the change stands.
      if (store.get(JOB, name) === job) store.put(JOB, name, rescheduled(name, tried, due));
    }
  }

  /** One after the other, so that no time comes twice. */
  const tick = inTurn(async () => {
    for (const name of store.names(JOB)) await runDue(name);
  });

  const require = ({ request }: Call): Message => {
    const name = text(request, "name");
    const job = store.get(JOB, name);
    if (job === undefined) throw notFound(name);
    return job;
  };

  const setState =
    (from: string, to: string): Handler =>
    (call) => {
      const job = require(call);
      if (job.state !== from)
        throw precondition(`The job is in the state ${String(job.state)}: it must be ${from} for this call.`);
      const changed = { ...(to === "ENABLED" ? scheduled(job, clock.now()) : job), state: to };
      store.put(JOB, text(job, "name"), changed);
      return changed;
    };

  const timer = setInterval(() => void tick(), TICK_MILLIS).unref();
  return {
    services: [SERVICE],
    semantics: { [JOB]: { ...jobs, removed: (job) => void failures.delete(text(job, "name")) } },
    unary: {
      [`${SERVICE}.PauseJob`]: setState("ENABLED", "PAUSED"),
      [`${SERVICE}.ResumeJob`]: setState("PAUSED", "ENABLED"),
      [`${SERVICE}.RunJob`]: async (call) => {
        const job = require(call);
        const tried = await attempt(job);
        store.put(JOB, text(job, "name"), tried);
        return tried;
      },
    },
    advanced: () => void tick(),
    async reset() {
      await tick.idle();
      failures.clear();
    },
    async close() {
      clearInterval(timer);
      await tick.idle();
    },
  };
}
