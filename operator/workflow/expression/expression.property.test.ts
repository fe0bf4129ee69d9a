import fc from "fast-check";
import jsonata from "jsonata";
import { expect, it } from "vitest";
import { SEED } from "../../../test/support/seed.ts";
import { check } from "./check.ts";
import { createCloudWorkflowsContext, toCloudWorkflows } from "./cloud-workflows.ts";
import { ExpressionError, ExpressionFault } from "./errors.ts";
import { evaluate, type Variables } from "./evaluate.ts";
import { toJsonata } from "./jsonata.ts";
import { parse } from "./parse.ts";
import { type Case, cases } from "./testing/cases.ts";
import { type CelEngine, celEngines, toCel } from "./testing/cel.ts";
import { lintSteps } from "./testing/cloud-workflows-lint.ts";
import { childrenOf, fits } from "./testing/shapes.ts";
import type { Expression, Macro } from "./tree.ts";
import type { Scope, Type } from "./types.ts";
import type { Value } from "./values.ts";

const RUNS = { numRuns: 2_000, seed: SEED };

/** What an evaluation gives; undefined where it fails. */
function outcomeOf(expression: Expression, variables: Variables): { value: Value } | undefined {
  try {
    return { value: evaluate(expression, variables) };
  } catch (error) {
    if (error instanceof ExpressionFault) return undefined;
    throw error;
  }
}

function checked(expression: Expression, scope: Scope): Type | ExpressionError {
  try {
    return check(expression, scope);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
}

/** What JSON can tell of it. */
function asJson(value: Value): unknown {
  return JSON.parse(JSON.stringify(value));
}

it("draws expressions of which half or more fail, before or while they run", () => {
  const drawn = fc.sample(cases(), RUNS);
  const good = drawn.filter(({ source, scope, variables }) => {
    const expression = parse(source);
    return !(checked(expression, scope) instanceof ExpressionError) && outcomeOf(expression, variables);
  });
  expect(good.length).toBeLessThan(drawn.length / 2);
  expect(good.length).toBeGreaterThan(drawn.length / 4);
});

it("yields the same in JSONata, or fails there as here", async () => {
  const same = fc.asyncProperty(cases(), async ({ source, variables }) => {
    const expression = parse(source);
    const here = outcomeOf(expression, variables);
    const there = await inJsonata(
      toJsonata(expression, (name) => `$${name}`),
      variables,
    );
    expect(there).toEqual(here && { value: asJson(here.value) });
  });
  await fc.assert(same, RUNS);
});

/** The context is a list of two, which all that looks at it would show. */
async function inJsonata(source: string, variables: Variables): Promise<{ value: unknown } | undefined> {
  const expression = jsonata(source);
  try {
    const value: Value = await expression.evaluate([{ s: 1 }, { s: 2 }], variables);
    return { value: asJson(value) };
  } catch {
    return undefined;
  }
}

it("yields what CEL yields, wherever both yield a value", () => {
  const engines = celEngines();
  const met = { "cel-js": 0, bufbuild: 0 };
  const same = fc.property(cases(), fc.boolean(), (drawn, integers) => {
    const expression = parse(drawn.source);
    if (checked(expression, drawn.scope) instanceof ExpressionError) return;
    const here = outcomeOf(expression, drawn.variables);
    if (!here) return;
    const variables = toCel(drawn.variables, integers) as Readonly<Record<string, unknown>>;
    for (const [name, engine] of Object.entries(engines) as [keyof typeof met, CelEngine][]) {
      if (name === "bufbuild" && asksForNull(expression, drawn)) continue;
      const there = engine(drawn.source, variables);
      if (!there) continue;
      met[name] += 1;
      expect(there.value).toEqual(asJson(here.value));
    }
  });
  fc.assert(same, RUNS);
  expect(Math.min(...Object.values(met))).toBeGreaterThan(RUNS.numRuns / 4);
});

/** @bufbuild/cel takes a key that holds null for one that is missing: CEL's specification does not. */
function asksForNull(expression: Expression, { source, variables }: Case): boolean {
  const asks = (part: Expression): boolean =>
    part.kind === "has" || (part.kind === "binary" && part.operator === "in") || childrenOf(part).some(asks);
  return asks(expression) && `${source} ${JSON.stringify(variables)}`.includes("null");
}

it("knows the type of what comes out, and takes nothing for impossible that works", () => {
  const sound = fc.property(cases(), ({ source, variables, scope }) => {
    const expression = parse(source);
    const type = checked(expression, scope);
    if (type instanceof ExpressionError) {
      if (/can never/.test(type.message)) expect(works(expression, type, variables)).toEqual([]);
      return;
    }
    const outcome = outcomeOf(expression, variables);
    if (outcome)
      expect(fits(outcome.value, type), `${JSON.stringify(outcome.value)} is no ${JSON.stringify(type)}`).toBe(true);
  });
  fc.assert(sound, RUNS);
});

/** Values that come out where the check says that none ever does. */
function works(expression: Expression, { span }: ExpressionError, variables: Variables): Value[] {
  const path = pathTo(expression, (part) => part.span === span)!;
  const [part, parent] = [path.at(-1)!, path.at(-2)];
  return scopesAt(path, variables).flatMap((scope) => {
    const outcome = outcomeOf(part, scope);
    if (!outcome) return [];
    if (parent && isCondition(parent, part)) return typeof outcome.value === "boolean" ? [outcome.value] : [];
    const around = parent && outcomeOf(parent, scope);
    return parent && !around ? [] : [around?.value ?? outcome.value];
  });
}

/** It may never be looked at, where the parent yields a value all the same. */
function isCondition(parent: Expression, part: Expression): boolean {
  if (parent.kind === "binary") return parent.operator === "&&" || parent.operator === "||";
  if (parent.kind === "conditional") return parent.test === part;
  return parent.kind === "macro" && parent.over !== part;
}

/** From the root to the outermost part that is wanted. */
function pathTo(expression: Expression, wanted: (part: Expression) => boolean): Expression[] | undefined {
  if (wanted(expression)) return [expression];
  for (const child of childrenOf(expression)) {
    const path = pathTo(child, wanted);
    if (path) return [expression, ...path];
  }
  return undefined;
}

/** The variables that the last of the path may meet: one for each item that a macro on the way goes over. */
function scopesAt(path: readonly Expression[], variables: Variables): Variables[] {
  return path
    .slice(0, -1)
    .reduce<Variables[]>(
      (scopes, part, at) =>
        part.kind === "macro" && path[at + 1] !== part.over ? scopes.flatMap((scope) => inside(part, scope)) : scopes,
      [variables],
    );
}

function inside({ over, variable }: Macro, variables: Variables): Variables[] {
  const list = outcomeOf(over, variables)?.value;
  return Array.isArray(list) ? list.map((item) => ({ ...variables, [variable]: item })) : [];
}

it("keeps to the rules that make Cloud Workflows safe", () => {
  const kept = fc.property(cases(), ({ source, scope }) => {
    const expression = parse(source);
    if (checked(expression, scope) instanceof ExpressionError) return;
    const context = createCloudWorkflowsContext({ names: (name) => `v_${name}`, prefix: "x" });
    const { steps, value } = toCloudWorkflows(expression, scope, context);
    const helpers = context.helpers();
    const helperFaults = Object.values(helpers).flatMap((helper) => lintSteps(helper.steps, helpers, helper.params));
    const whole = [...steps, { give: { return: value } }];
    const given = Object.keys(scope).map((name) => `v_${name}`);
    expect([...lintSteps(whole, helpers, given), ...helperFaults]).toEqual([]);
  });
  fc.assert(kept, RUNS);
});
