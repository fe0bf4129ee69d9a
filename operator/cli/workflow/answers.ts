import { parse as parseYaml } from "yaml";
import {
  CALLS,
  type CallEntry,
  type CallRequest,
  createStores,
  ERROR_CLASSES,
  type ErrorClass,
  type RunRequest,
  type Services,
  TaskError,
  type Value,
} from "../../workflow/index.ts";
import { ManifestError, textOf } from "../manifests.ts";
import type { Definition } from "./definition.ts";

/** What a task, or a signal, is answered. */
type Answer =
  | { readonly return: Value }
  | { readonly raise: { readonly type: ErrorClass; readonly code?: string; readonly detail?: string } };

/** Answers by the path of a task and by the name of a signal; of several, each in turn, the last one from then on. */
export interface Answers {
  readonly tasks: Readonly<Record<string, readonly Answer[]>>;
  readonly signals: Readonly<Record<string, readonly Answer[]>>;
}

/** @throws ManifestError it can't be read, or is not of that form */
export async function readAnswers(file: string | undefined): Promise<Answers> {
  if (file === undefined) return { tasks: {}, signals: {} };
  const { tasks = {}, signals = {} } = (parseYaml(await textOf(file)) ?? {}) as Readonly<Record<string, unknown>>;
  return { tasks: answersIn(tasks, `${file}: tasks`), signals: answersIn(signals, `${file}: signals`) };
}

function answersIn(value: unknown, at: string): Readonly<Record<string, readonly Answer[]>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new ManifestError(`${at} is no map.`);
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => {
      const answers: readonly unknown[] = Array.isArray(one) ? one : [one];
      return [name, answers.map((answer) => answerOf(answer, `${at}.${name}`))];
    }),
  );
}

function answerOf(value: unknown, at: string): Answer {
  const given = (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  if (given.return !== undefined) return { return: given.return as Value };
  const raise = (given.raise ?? {}) as Readonly<Record<string, unknown>>;
  if (ERROR_CLASSES.includes(raise.type as ErrorClass)) return given as Answer;
  throw new ManifestError(
    `${at} is neither {return: …} nor {raise: {type: …}} with one of ${ERROR_CLASSES.join(", ")}.`,
  );
}

/**
 * Services that answer from a file and wait for nothing. What it does not tell of Tables and Buckets that are in the file of the
 * workflow, they answer themselves, empty at first; anything else ends the run with a ManifestError.
 */
export function answering(answers: Answers, { tables, buckets }: Pick<Definition, "tables" | "buckets">): Services {
  const stores = createStores(tables);
  const asked = new Map<string, number>();
  const next = (of: "tasks" | "signals", name: string): Value => {
    const given = answers[of][name];
    if (!given || given.length === 0)
      throw new ManifestError(
        `Nothing says what ${of === "tasks" ? `the task ${name}` : `the signal ${name}`} gets: add ${of}.${name} to the file of --answers, such as {return: null}.`,
      );
    const at = asked.get(`${of}/${name}`) ?? 0;
    asked.set(`${of}/${name}`, at + 1);
    const answer = given[Math.min(at, given.length - 1)]!;
    if ("return" in answer) return answer.return;
    const { type, code = "", detail = type } = answer.raise;
    throw new TaskError(type, detail, code);
  };
  const ofTask = async ({ key }: CallRequest | RunRequest) => next("tasks", pathIn(key));
  const call = async (request: CallRequest): Promise<Value> => {
    const { target = "" } = request;
    const kind = (CALLS[request.call] as CallEntry).target;
    const stored = kind === "Table" ? Object.hasOwn(tables, target) : kind === "Bucket" && buckets.has(target);
    return stored && !answers.tasks[pathIn(request.key)] ? stores.call(request) : ofTask(request);
  };
  return { call, run: ofTask, wait: async () => {}, listen: async (name) => next("signals", name) };
}

/** A key is the run's id, the path and the indices of loops; no name begins with a digit. */
const pathIn = (key: string): string => key.replace(/^[^/]*\//, "").replace(/(\/\d+)+$/, "");
