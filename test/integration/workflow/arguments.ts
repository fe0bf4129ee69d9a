import { expect } from "vitest";
import { RUN_KEY } from "../../../operator/workflow/envelope.ts";
import type { Value } from "../../../operator/workflow/expression/index.ts";

/** Tells what its run got; `input.from` sees the input as tasks do. */
export const TELLS = 'input: {from: {it: "${input}"}}\ndo: [{a: {set: {input: "${input.it}", run: "${run}"}}}]';

/** Each is the input of the run as it is. */
export const RAW: readonly Value[] = [
  { a: 1, list: [[]] },
  { run: { id: "theirs" }, input: 3, wrapped: true },
  { nested: { [RUN_KEY]: { id: "theirs" } } },
  {},
  [],
  [1, [2]],
  [RUN_KEY],
  [{ [RUN_KEY]: { id: "theirs" } }],
  0,
  -1.5,
  false,
  null,
  "",
  "text",
  RUN_KEY,
];

const run = { id: "given", startedAt: "2026-01-05T10:00:00Z" };

/** An envelope, and what its run tells. */
export const ENVELOPES: readonly (readonly [argument: Value, told: Value])[] = [
  ...[{ a: 1 }, [[1]], "text", false, null].map(
    (input) =>
      [
        { [RUN_KEY]: run, input },
        { input, run },
      ] as const,
  ),
  [{ [RUN_KEY]: run }, { input: null, run }],
  [
    { [RUN_KEY]: run, input: { [RUN_KEY]: 1 } },
    { input: { [RUN_KEY]: 1 }, run },
  ],
];

/** What a run tells that the engine gave its id. */
export const toldOf = (input: Value, id: unknown) => ({
  input,
  run: { id, startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) },
});
