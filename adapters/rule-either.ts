/** An EventRule is one of two things in a cloud: what fires at times, and what fires on events. */
import type { EventRuleOutputs, EventRuleWant } from "../controllers/leaf/wants.ts";
import { ProviderError } from "../operator/provider/fault.ts";
import type { Found, Provider } from "../operator/provider/provider.ts";

type Rules = Provider<EventRuleWant, EventRuleOutputs>;

/** Line of the footprint that says: look among the rules on events. A rule by times leaves none. */
export const ON_EVENTS = "event bus";

/**
 * One provider of two. Which of them an object belongs to is told by its spec, then by its id, and before it has one by its
 * footprint: so who only has schedules needs no rights for event buses, and no API of theirs.
 *
 * @param isOnEvents whether an id is that of a rule on events
 */
export function eitherRule(schedules: Rules, events: Rules, isOnEvents: (id: string) => boolean): Rules {
  const wanted = (want: EventRuleWant) => (want.pattern === null ? schedules : events);
  const of = ({ id }: { readonly id: string }) => (isOnEvents(id) ? events : schedules);
  return {
    service: schedules.service,
    ids: "derived",
    immutable: [],
    footprint: (want) => (want.pattern === null ? [] : [ON_EVENTS]),
    fit: (want) => wanted(want).fit?.(want) ?? { want, deviations: [] },
    foresee: (name, want) => wanted(want).foresee?.(name, want) ?? { RULE_ID: "", REGION: "" },
    observe(at, call) {
      if (at.id !== undefined) return of({ id: at.id }).observe(at, call);
      return (at.footprint.includes(ON_EVENTS) ? events : schedules).observe(at, call);
    },
    list: async (call) => [
      ...((await schedules.list?.(call)) ?? []),
      ...(await (events.list?.(call) ?? none()).catch(unlessForbidden)),
    ],
    create: (name, want, call) => wanted(want).create(name, want, call),
    update: (seen, want, changed, call) => of(seen).update(seen, want, changed, call),
    delete: (seen, at, call) => of(seen).delete(seen, at, call),
    adopt: (seen, want, call) => of(seen).adopt(seen, want, call),
    async release(seen, call) {
      await of(seen).release?.(seen, call);
    },
  };
}

const none = async (): Promise<readonly Found[]> => [];

/** Where nobody may look at rules on events, or their API is off, schedules are still listed. */
function unlessForbidden(error: unknown): readonly Found[] {
  if (error instanceof ProviderError && error.fault === "denied") return [];
  throw error;
}
