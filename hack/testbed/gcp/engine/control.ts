/** The tests' own surface, below /_onyx/: faults, journal, clock, settings, backlogs, reset. README.md describes it. */
import { z } from "zod";
import type { Tap } from "../../tap.ts";
import type { Facts } from "./engine.ts";
import { invalid, notFound } from "./errors.ts";
import { type FaultInput, type Faults, faultSchema } from "./faults.ts";
import type { Entry, Journal } from "./journal.ts";
import type { HttpAnswer, HttpRoute } from "./rest.ts";
import type { Settings } from "./world.ts";

/** What tests do to the cloud, in process; over HTTP the same below /_onyx/. */
export interface Control {
  readonly faults: Faults;
  readonly journal: Journal;
  readonly settings: Settings;
  /** From now on this one sees every call, in process; undefined: nobody. */
  tap(tap: Tap<Facts> | undefined): void;
  /** Moves the cloud's clock forward: what expires by then is gone. */
  advance(millis: number): Promise<void>;
  /** Undelivered messages by subscription id. */
  backlogs(): ReadonlyMap<string, number>;
  /** An empty cloud: no resources, faults, journal or messages, and the settings of the start. */
  reset(): Promise<void>;
}

const settingsSchema = z.strictObject({
  operationMillis: z.int().nonnegative().optional(),
  databaseNameMillis: z.int().nonnegative().optional(),
  foreignBuckets: z.record(z.string(), z.enum(["hidden", "readable"])).optional(),
});
const clockSchema = z.strictObject({ advanceMillis: z.int().positive() });

const ok = (body: unknown): HttpAnswer => ({ status: 200, body });

function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body ?? {});
  if (!result.success) throw invalid(z.prettifyError(result.error));
  return result.data;
}

/** What `GET /_onyx/journal` answers. `plane`, `method` (a part of it) and `mutating` narrow it. */
function journalAnswer(journal: Journal, query: URLSearchParams): HttpAnswer {
  const plane = query.get("plane");
  const method = query.get("method");
  const mutating = query.get("mutating");
  const wanted = (entry: Entry) =>
    (plane === null || entry.plane === plane) &&
    (method === null || entry.method.includes(method)) &&
    (mutating === null || String(entry.mutating) === mutating);
  const entries = journal.entries().filter(wanted);
  return ok({
    entries: entries.map(({ request, ...entry }) => (query.get("requests") === "true" ? { ...entry, request } : entry)),
    counts: journal.counts(),
  });
}

export function controlRoute(control: Control): HttpRoute {
  const { faults, journal, settings } = control;
  const answers: Readonly<Record<string, (body: unknown, query: URLSearchParams) => HttpAnswer | Promise<HttpAnswer>>> =
    {
      "get /_onyx/health": () => ok({ ready: true }),
      "get /_onyx/faults": () => ok({ faults: faults.list() }),
      "post /_onyx/faults": (body) => {
        parsed(faultSchema, body);
        return ok({ id: faults.add(body as FaultInput) });
      },
      "delete /_onyx/faults": () => {
        faults.clear();
        return ok({});
      },
      "get /_onyx/journal": (_body, query) => journalAnswer(journal, query),
      "delete /_onyx/journal": () => {
        journal.clear();
        return ok({});
      },
      "get /_onyx/settings": () => ok(settings),
      "patch /_onyx/settings": (body) => ok(Object.assign(settings, parsed(settingsSchema, body))),
      "post /_onyx/clock": async (body) => {
        await control.advance(parsed(clockSchema, body).advanceMillis);
        return ok({});
      },
      "get /_onyx/backlog": () => ok({ subscriptions: Object.fromEntries(control.backlogs()) }),
      "post /_onyx/reset": async () => {
        await control.reset();
        return ok({});
      },
    };
  return ({ verb, path, body, query }) => {
    if (!path.startsWith("/_onyx/")) return undefined;
    const id = /^\/_onyx\/faults\/(.+)$/.exec(path)?.[1];
    if (verb === "delete" && id !== undefined) {
      if (!faults.remove(id)) throw notFound(`fault ${id}`);
      return ok({});
    }
    const answer = answers[`${verb} ${path}`];
    if (answer === undefined)
      throw invalid(`${verb.toUpperCase()} ${path} does not exist. There are: ${Object.keys(answers).join(", ")}.`);
    return answer(body, query);
  };
}
