import { WorkflowError } from "./errors.ts";
import { readMap } from "./reader.ts";

const UNITS = { days: 86_400, hours: 3_600, minutes: 60, seconds: 1 } as const;
const ISO = /^P(?=.)(?:(\d{1,3})D)?(?:T(?=.)(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?$/;

/**
 * Whole seconds of a duration of the Serverless Workflow DSL: `{hours: 1, minutes: 30}` or `PT1H30M`.
 * @throws WorkflowError it is none, or outside the range
 */
export function readSeconds(value: unknown, path: string, [least, most]: readonly [number, number]): number {
  const seconds = typeof value === "string" ? fromText(value, path) : fromMap(value, path);
  if (seconds >= least && seconds <= most) return seconds;
  throw new WorkflowError(path, `is ${seconds} s, and may be ${least} to ${most} s`);
}

function fromText(text: string, path: string): number {
  const parts = ISO.exec(text);
  if (!parts) throw new WorkflowError(path, `"${text}" is no duration: write it as {minutes: 5}, or PT5M`);
  const [, days = "0", hours = "0", minutes = "0", seconds = "0"] = parts;
  return Number(days) * UNITS.days + Number(hours) * UNITS.hours + Number(minutes) * UNITS.minutes + Number(seconds);
}

function fromMap(value: unknown, path: string): number {
  const reader = readMap(value, path, Object.keys(UNITS), {
    milliseconds: "is not to be had: both engines count whole seconds",
  });
  return (Object.keys(UNITS) as (keyof typeof UNITS)[]).reduce(
    (sum, unit) => sum + reader.integer(unit, [0, 31_536_000], 0) * UNITS[unit],
    0,
  );
}
