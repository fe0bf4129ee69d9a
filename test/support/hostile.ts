import fc from "fast-check";
import { expect } from "vitest";
import { SEED } from "./seed.ts";

/** Bounds of one property: what is found within some seconds is found; a slow machine tries fewer values, and fails none. */
export const WITHIN_SECONDS = {
  seed: SEED,
  numRuns: 2_000,
  interruptAfterTimeLimit: 2_000,
  markInterruptAsFailure: false,
} as const;

/** Names that mean something to JavaScript, and texts that cut, escape or convert badly. */
const TRAPS = [
  ...["__proto__", "constructor", "prototype", "toString", "valueOf", "toJSON", "hasOwnProperty", "length", "then"],
  ...[
    "",
    " ",
    "\n",
    "\u2028",
    "\0",
    "\ud800",
    "a\udfff",
    "null",
    "NaN",
    "-1",
    "1e999",
    '"',
    "\\",
    "$&",
    "*",
    "%",
    "%zz",
  ],
];

/** Any text: of `known` words, of traps, or at random. Sometimes long. */
export const hostileText = (...known: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...known, "x") },
    { weight: 3, arbitrary: fc.constantFrom(...TRAPS) },
    { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(...known, ...TRAPS), fc.nat(2_000)).map(([one, n]) => one.repeat(n)),
    },
    {
      weight: 2,
      arbitrary: fc.array(fc.constantFrom(...known, ...TRAPS), { maxLength: 8 }).map((parts) => parts.join("")),
    },
  );

/** Any JSON value whose texts and keys are often `known` words. `__proto__` is a field of its own, as JSON.parse makes it. */
export function hostileJson(...known: readonly string[]): fc.Arbitrary<unknown> {
  const leaf = fc.oneof(
    hostileText(...known),
    fc.constantFrom(null, true, false, 0, -0, -1, 0.5, 1e21, Number.MAX_SAFE_INTEGER),
    fc.integer(),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.array(tie("value"), { maxLength: 4 }),
      fc
        .array(fc.tuple(hostileText(...known), tie("value")), { maxLength: 4 })
        .map((entries) => Object.fromEntries(entries)),
    ),
  }));
  return value;
}

/** A JSON value in which nothing, or one or two things at any place, are another value or are missing. */
export function nearly(valid: fc.Arbitrary<unknown>, other: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const edit = fc.record({ at: fc.array(fc.nat(20), { maxLength: 6 }), put: fc.option(other, { nil: undefined }) });
  return fc.tuple(valid, fc.array(edit, { maxLength: 2 })).map(([value, edits]) => {
    let result = JSON.parse(JSON.stringify(value) ?? "null") as unknown;
    for (const { at, put } of edits) result = edited(result, at, put);
    return result;
  });
}

function edited(value: unknown, [step, ...rest]: readonly number[], put: unknown): unknown {
  if (step === undefined || typeof value !== "object" || value === null) return put;
  if (Array.isArray(value)) {
    if (value.length === 0) return put === undefined ? value : [put];
    const index = step % value.length;
    return value.flatMap((one, n) => {
      if (n !== index) return [one];
      const next = edited(one, rest, put);
      return next === undefined ? [] : [next];
    });
  }
  const keys = Object.keys(value);
  if (keys.length === 0) return put === undefined ? value : { [String(step)]: put };
  const key = keys[step % keys.length];
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, one]): [string, unknown] => [name, name === key ? edited(one, rest, put) : one])
      .filter(([, one]) => one !== undefined),
  );
}

/** JSON text that was cut, or has other characters in it. */
export const brokenJson = (value: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.tuple(value, fc.nat(), hostileText(), fc.integer({ min: 0, max: 3 })).map(([one, at, other, how]) => {
    const text = JSON.stringify(one) ?? "";
    const place = text.length === 0 ? 0 : at % text.length;
    if (how === 0) return text.slice(0, place);
    return how === 1 ? text.slice(0, place) + other + text.slice(place) : text;
  });

/** So deep that each level of a recursion costs: the most that an API server takes is 10,000. */
export const deep = (levels: number, list: boolean): unknown =>
  JSON.parse(`${(list ? "[" : '{"a":').repeat(levels)}1${(list ? "]" : "}").repeat(levels)}`);

const accessor = Object.getOwnPropertyDescriptor(Object.prototype, "__proto__") as PropertyDescriptor;
const refuse = () => {
  throw new Error("__proto__ was used, which Node refuses with the flags of the image");
};

/**
 * Calls `run` under the rule of `--disable-proto=throw`, and looks whether all objects are what they were.
 *
 * @param documented what it may throw
 * @returns what it gives, undefined where it threw what it may
 */
export function survives<T>(run: () => T, documented: (error: unknown) => boolean = () => false): T | undefined {
  Object.defineProperty(Object.prototype, "__proto__", { get: refuse, set: refuse, configurable: true });
  const before = Reflect.ownKeys(Object.prototype);
  try {
    return run();
  } catch (error) {
    if (!documented(error)) throw error;
    return undefined;
  } finally {
    const added = Reflect.ownKeys(Object.prototype).slice(before.length);
    Object.defineProperty(Object.prototype, "__proto__", accessor);
    expect(added, "fields that all objects have now").toEqual([]);
  }
}
