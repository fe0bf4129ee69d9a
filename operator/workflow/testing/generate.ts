import fc from "fast-check";
import type { Value } from "../expression/index.ts";

/** A definition that may use every task of the language, and an input for it. Some are refused: types that can't fit. */
export interface Drawn {
  readonly definition: { readonly do: readonly unknown[] };
  readonly input: Value;
}

/** A tape of numbers decides, so that a shorter one is a simpler workflow. @param server where calls go */
export function drawnWorkflows(server: string): fc.Arbitrary<Drawn> {
  return fc
    .array(fc.nat({ max: 0xffff }), { minLength: 30, maxLength: 160, size: "max" })
    .map((tape) => createDrawn(readTape(tape), server));
}

/** A number from 0 to `below`, without it. */
type Draw = (below: number) => number;

function readTape(tape: readonly number[]): Draw {
  let at = 0;
  return (below) => (tape[at++] ?? 0) % below;
}

const THEN = "then";
/** An object that has `then` written out looks like a promise, to people and to the linter. */
const leadsTo = (where: string) => Object.fromEntries([[THEN, where]]);

const INPUTS: readonly Value[] = [
  null,
  0,
  7,
  -2.5,
  "",
  "tea",
  "é😀",
  [],
  [1, 2, 3],
  [null, [1], { a: null }],
  ["a", "b"],
  {},
  { a: 1, list: [3, 1] },
  { a: "x", "b-c": [{ n: 1 }, { n: 2 }] },
];
const CODES = ["OutOfStock", "Closed"];
const CLASSES = ["Timeout", "Throttled", "Transient", "Denied", "NotFound", "Expression"];

interface Around {
  readonly depth: number;
  readonly parallel: number;
  /** `then: end` is allowed. */
  readonly mayEnd: boolean;
  /** Loop variables and errors in scope. */
  readonly names: readonly string[];
}

function createDrawn(draw: Draw, server: string): Drawn {
  let count = 0;
  const pick = <T>(all: readonly T[]): T => all[draw(all.length)] as T;
  const maybe = (oneIn: number): boolean => draw(oneIn) === oneIn - 1;

  const value = ({ names }: Around): unknown => {
    const name = pick(["input", "context", ...names]);
    return pick([
      `\${${name}}`,
      `\${${name}}`,
      { got: `\${${name}}`, more: [1, null, "x"] },
      `\${[${name}, input]}`,
      `\${${name} == input ? 1 : [${name}]}`,
      `\${has(context.kept) ? context.kept : ${name}}`,
      "${size(input)}",
      `\${input.a}`,
      `\${${name} + 1}`,
      3,
      "text",
      [[], {}],
    ]);
  };
  const condition = ({ names }: Around): unknown => {
    const name = pick(["input", "context", ...names]);
    return pick([
      `\${${name} == input}`,
      `\${size(${name}) > 1}`,
      `\${has(context.kept)}`,
      `\${${name} in [1, 7, "tea"]}`,
      `\${${name}}`,
      true,
      false,
    ]);
  };
  const list = ({ names }: Around): unknown =>
    pick(["${[1, 2]}", "${[input, context]}", `\${${pick(["input", ...names])}}`, "${[]}", ["a", { b: 1 }, null]]);

  const tasks = (around: Around, most: number): readonly unknown[] => {
    const length = 1 + draw(most);
    const names = Array.from({ length }, () => `t${++count}`);
    return names.map((name, at) => {
      const later = names.slice(at + 2);
      return { [name]: { ...task(around), ...common(around, later, at === length - 1) } };
    });
  };
  const common = (around: Around, later: readonly string[], last: boolean) => ({
    ...(maybe(5) && { if: condition(around) }),
    ...(maybe(7) && { input: { from: value(around) } }),
    ...(maybe(6) && {
      output: { as: pick(["${output}", "${[output, input]}", { out: "${output}" }, "${output.body}"]) },
    }),
    ...(maybe(4) && {
      export: { as: pick<unknown>([{ kept: "${output}" }, { kept: "${input}", n: 1 }, "${context}"]) },
    }),
    ...(!last && later.length > 0 && maybe(5) && { if: condition(around), ...leadsTo(pick(later)) }),
    ...(last && maybe(8) && leadsTo(pick(around.mayEnd ? ["exit", "end"] : ["exit"]))),
  });
  const call = (around: Around) => ({
    call: "http",
    with: {
      method: pick(["POST", "PUT"]),
      endpoint: `${server}/x`,
      body: value(around),
    },
  });

  const task = (around: Around): Record<string, unknown> => {
    const inner = { ...around, depth: around.depth + 1 };
    const kind = draw(around.depth < 3 ? 14 : 6);
    switch (kind) {
      case 0:
      case 1:
        return { set: value(around) };
      case 2:
      case 3:
        return call(around);
      case 4:
        return { wait: { seconds: pick([0, 1]) } };
      case 5:
        return maybe(3) ? raise(around) : { set: value(around) };
      case 6:
        return { do: tasks(inner, 3) };
      case 7:
        return choice(around);
      case 8:
      case 9:
        return loop(inner);
      case 10:
        return around.parallel < 2
          ? {
              fork: {
                branches: Array.from({ length: 1 + draw(3) }, () => ({
                  [`t${++count}`]: task({ ...inner, parallel: around.parallel + 1, mayEnd: false }),
                })),
              },
            }
          : { set: value(around) };
      default:
        return attempt(inner);
    }
  };
  const raise = (around: Around) => ({
    if: condition(around),
    raise: {
      error: maybe(2)
        ? { type: "Business", code: pick(CODES), detail: "no" }
        : { type: pick(CLASSES), detail: "${'as ' + 'said'}" },
    },
  });
  const choice = (around: Around) => ({
    do: [
      {
        [`t${++count}`]: {
          switch: [
            { one: { when: condition(around), ...leadsTo(`t${count + 1}`) } },
            { two: { when: condition(around), ...leadsTo(`t${count + 2}`) } },
            { other: leadsTo(pick(["exit", `t${count + 2}`])) },
          ],
        },
      },
      { [`t${++count}`]: { set: value(around), ...leadsTo("exit") } },
      { [`t${++count}`]: { set: value(around) } },
    ],
  });
  const loop = (around: Around) => {
    const each = `item${around.depth}`;
    const at = `at${around.depth}`;
    const inner = { ...around, names: [...around.names, each, at], mayEnd: false };
    const atOnce = around.parallel < 2 && maybe(2);
    return {
      for: { each, at, in: list(around) },
      ...(atOnce && { metadata: { concurrency: 1 + draw(3) } }),
      ...(!atOnce && maybe(3) && { while: condition(inner) }),
      do: tasks(atOnce ? { ...inner, parallel: around.parallel + 1 } : inner, 2),
    };
  };
  const attempt = (around: Around) => {
    const error = `error${around.depth}`;
    const inner = { ...around, mayEnd: false };
    return {
      try: tasks(inner, 3),
      catch: {
        as: error,
        ...(maybe(2) && {
          errors: {
            with: pick<object>([
              { type: CLASSES.slice(0, 1 + draw(6)) },
              { code: pick(CODES) },
              { type: ["Business", ...CLASSES.slice(0, draw(6))], code: pick(CODES) },
            ]),
          },
        }),
        ...(maybe(2) && {
          retry: {
            delay: { seconds: 1 },
            ...(maybe(2) && { backoff: { exponential: { max: { seconds: 3 } } } }),
            limit: { attempt: { count: 1 + draw(3) } },
          },
        }),
        ...(maybe(2) && {
          do: [{ [`t${++count}`]: { set: { was: `\${${error}.class + ${error}.code}`, input: "${input}" } } }],
        }),
      },
    };
  };

  const input = pick(INPUTS);
  return { definition: { do: tasks({ depth: 0, parallel: 0, mayEnd: true, names: [] }, 4) }, input };
}
