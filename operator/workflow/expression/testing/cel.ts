import { isCelError, isCelList, isCelMap, run } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { Environment } from "@marcbachmann/cel-js";
import type { Value } from "../values.ts";

/** What an implementation of CEL yields; undefined where it fails. */
export type CelEngine = (source: string, variables: Readonly<Record<string, unknown>>) => { value: Value } | undefined;

/** Two implementations of CEL that have nothing in common. */
export function celEngines(): Readonly<Record<"cel-js" | "bufbuild", CelEngine>> {
  const environment = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false });
  return {
    "cel-js": (source, variables) => {
      try {
        return { value: fromCel(environment.evaluate(source, variables)) };
      } catch {
        return undefined;
      }
    },
    bufbuild: (source, variables) => {
      const value = run(source, variables as Parameters<typeof run>[1], { funcs: [...strings] });
      return isCelError(value) ? undefined : { value: fromCel(value) };
    },
  };
}

/**
 * JSON as CEL takes it, which has two kinds of number.
 * @param integers whether a number without a fraction is an int, as a schema may say, or a double, as JSON has it
 */
export function toCel(value: Value, integers: boolean): unknown {
  if (typeof value === "number") return integers && Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map((item) => toCel(item, integers));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toCel(inner, integers)]));
}

function fromCel(value: unknown): Value {
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "number") return value + 0;
  if (Array.isArray(value) || isCelList(value)) return [...(value as Iterable<unknown>)].map(fromCel);
  if (value instanceof Map || isCelMap(value))
    return Object.fromEntries([...value.entries()].map(([key, inner]) => [String(key), fromCel(inner)]));
  if (typeof value !== "object" || value === null) return value as Value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fromCel(inner)]));
}
