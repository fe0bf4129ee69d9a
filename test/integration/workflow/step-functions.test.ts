import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { startAws } from "../../../hack/testbed/index.ts";
import { RUN_KEY } from "../../../operator/workflow/envelope.ts";
import type { Value } from "../../../operator/workflow/expression/index.ts";
import { parseWorkflow } from "../../../operator/workflow/parse.ts";
import {
  problemOf,
  type StepFunctionsPlace,
  toStepFunctions,
} from "../../../operator/workflow/step-functions/index.ts";
import { knownSchema } from "../../../operator/workflow/tables/schema.ts";
import { drawnWorkflows } from "../../../operator/workflow/testing/generate.ts";
import type { Came } from "../../../operator/workflow/testing/world.ts";
import { aslErrors } from "../../support/asl.ts";
import { answerTo, type Received, startScheduledService } from "../../support/scheduled-service.ts";
import { SEED } from "../../support/seed.ts";
import { createTargets, type Targets } from "../../support/sent.ts";
import { type Ended, stateMachines } from "../../support/state-machines.ts";
import { CASES } from "./cases.ts";
import { CONTROL_CASES } from "./control-cases.ts";
import { byKey, inOrder, interpreted, moody, type Ran, type Run, runsOf, withoutMessage } from "./interpreted.ts";
import { MISFIT_CASES } from "./misfit-cases.ts";
import { SAMPLES } from "./samples.ts";

const runs = new Map<string, Run>();
const runOf = ({ key }: Received) => runs.get(key.split("/")[0]!)!;
const service = await startScheduledService(
  (request) => runOf(request).statusOf(request),
  (request) => (runOf(request).answerOf ?? answerTo)(request),
);
const aws = await startAws({ env: { SFN_WAIT_SCALE: "0" } });
const machines = stateMachines(aws.endpoint);
afterAll(() => Promise.all([aws.stop(), service.stop()]));

/** Queues, Topics and Workflows are those of one run: their names begin with its id. */
const placeOf = (id: string, targets: Targets): StepFunctionsPlace => ({
  target: (kind, name) => targets.environmentOf(kind, name),
  schema: (table) => knownSchema(table, undefined),
  workflow: (name) => `arn:aws:states:eu-west-1:000000000000:stateMachine:${id}-${name}`,
  connection: "arn:aws:events:eu-west-1:000000000000:connection/none/1",
});

/** What came of the run on Step Functions, and what it asked the service. */
async function ran(run: Run): Promise<Ran> {
  const { id, workflow, input, children = {} } = run;
  runs.set(id, run);
  const targets = createTargets(aws.endpoint, id);
  const place = placeOf(id, targets);
  const machine = toStepFunctions(workflow, place);
  await targets.make();
  for (const [name, child] of Object.entries(children))
    await machines.create(`${id}-${name}`, toStepFunctions(child, place));
  const arn = await machines.create(id, machine);
  const ended = await machines.run(arn, "x", { [RUN_KEY]: { id, startedAt: "2026-01-05T10:00:00Z" }, input });
  return {
    came: withoutMessage(cameOf(ended)),
    received: inOrder(service.received(id)),
    sent: byKey(await targets.sent()),
  };
}

function cameOf(ended: Ended): Came {
  if (!("error" in ended)) return { output: ended.output as Value };
  return { error: problemOf(ended.error, ended.cause) };
}

describe("Step Functions runs a workflow like the interpreter", () => {
  const all = runsOf([...CASES, ...CONTROL_CASES, ...MISFIT_CASES, ...SAMPLES], service.url);
  it.concurrent.each(all)("$name: $input", async (run) => {
    const place = placeOf(run.id, createTargets(aws.endpoint, run.id));
    expect(aslErrors(toStepFunctions(run.workflow, place))).toEqual([]);
    expect(await ran(run)).toEqual(await interpreted(run, service.url));
  });

  it("whatever it is", { timeout: 480_000 }, async () => {
    let drawn = 0;
    const one = fc.asyncProperty(drawnWorkflows(service.url), async ({ definition, input }) => {
      const { workflow } = parseWorkflow(definition);
      if (!workflow) return;
      const run = { id: `drawn-${++drawn}`, workflow, input, statusOf: moody };
      expect(await ran(run)).toEqual(await interpreted(run, service.url));
    });
    // An execution takes a sixth of a second, however short it is: many at once, each line with draws of its own.
    const lines = Array.from({ length: 12 }, (_, line) =>
      fc.assert(one, { numRuns: 60, seed: SEED + line, endOnFailure: true }),
    );
    await Promise.all(lines);
  });
});
