import { parse as parseYaml } from "yaml";
import {
  type CallRequest,
  ERROR_CLASSES,
  type ErrorClass,
  type RunRequest,
  type Services,
  TaskError,
  type Value,
} from "../../workflow/index.ts";
import { ManifestError, textOf } from "../manifests.ts";

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

/** Services that answer from a file and wait for nothing. What it does not tell ends the run with a ManifestError. */
export function answering(answers: Answers): Services {
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
  return { call: ofTask, run: ofTask, wait: async () => {}, listen: async (name) => next("signals", name) };
}

/** A key is the run's id, the path and the indices of loops; no name begins with a digit. */
const pathIn = (key: string): string => key.replace(/^[^/]*\//, "").replace(/(\/\d+)+$/, "");
