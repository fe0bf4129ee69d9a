/** What no cloud takes of an EventRule: refused before any call, in the same words everywhere. */
import type { EventRuleWant } from "../controllers/leaf/wants.ts";
import { type Cron, isCron, parseCron } from "../crds/cron.ts";
import { limits } from "../crds/limits.ts";
import type { Pattern } from "../crds/pattern.ts";
import { ProviderError } from "../operator/provider/fault.ts";
import { jsonIn } from "../operator/provider/json.ts";
import { eventPattern } from "./event-pattern.ts";

/**
 * The times of the schedule.
 *
 * @throws ProviderError invalid, which names the field of spec and what to do
 */
export function checkRule(want: EventRuleWant): Cron {
  if (!isTimezone(want.schedule?.timezone ?? ""))
    throw refused(
      "Timezone",
      `schedule.timezone: "${want.schedule?.timezone}" is no time zone of the tz database; write a name such as Europe/Berlin or UTC`,
    );
  const cron = parseCron(want.schedule?.cron ?? "");
  if (!isCron(cron)) throw refused("Cron", `schedule.cron: ${cron.problem}`);
  if (jsonIn(want.input) === undefined) throw refused("Input", "input: it is no JSON text");
  refuseLarge(want);
  refuseOrdered(want, "a message of a schedule");
  return cron;
}

/**
 * The pattern.
 *
 * @throws ProviderError invalid, which names the field of spec and what to do
 */
export function checkPattern(want: EventRuleWant): Pattern {
  if (!Array.isArray(want.pattern)) throw refused("Pattern", "pattern: it can't be read");
  refuseOrdered(want, "an event");
  const size = eventPattern(want.pattern).length;
  const { max } = limits.eventrule.patternCharacters.portable;
  if (size > max)
    throw refused(
      "PatternTooLong",
      `pattern: it has ${size} characters in the language of EventBridge, and ${max} are taken on both clouds. Use fewer or shorter values, or a prefix.`,
    );
  return want.pattern;
}

function refuseLarge({ input, targetIs }: EventRuleWant): void {
  const bytes = Buffer.byteLength(input);
  const starts = targetIs.kind === "Workflow";
  const { max } = limits.eventrule[starts ? "workflowInput" : "input"].portable;
  if (bytes <= max) return;
  const where = starts ? " where a workflow is started" : "";
  throw refused("InputTooLong", `input: it has ${bytes} bytes, and ${max} are taken on both clouds${where}`);
}

function refuseOrdered({ targetIs }: EventRuleWant, what: string): void {
  if (!targetIs.ordered) return;
  throw refused(
    "OrderedTarget",
    `target: this ${targetIs.kind} keeps the order of messages by their key, and ${what} has none. Choose one with ordering None.`,
  );
}

const refused = (code: string, message: string) => new ProviderError("invalid", message, { code });

function isTimezone(name: string): boolean {
  try {
    return /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat("en", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
