import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { startAws } from "../../../hack/testbed/index.ts";
import type { Value } from "../../../operator/workflow/expression/index.ts";
import { parseWorkflow } from "../../../operator/workflow/parse.ts";
import {
  problemOf,
  type StepFunctionsPlace,
  toStepFunctions,
} from "../../../operator/workflow/step-functions/index.ts";
import { drawnWorkflows } from "../../../operator/workflow/testing/generate.ts";
import type { Came } from "../../../operator/workflow/testing/world.ts";
import { aslErrors } from "../../support/asl.ts";
import { type StatusOf, startScheduledService } from "../../support/scheduled-service.ts";
import { SEED } from "../../support/seed.ts";
import { type Ended, stateMachines } from "../../support/state-machines.ts";
import { CASES } from "./cases.ts";
import { CONTROL_CASES } from "./control-cases.ts";
import { inOrder, interpreted, moody, type Ran, type Run, runsOf, withoutMessage } from "./interpreted.ts";

const statuses = new Map<string, StatusOf>();
const service = await startScheduledService((request) => statuses.get(request.key.split("/")[0]!)!(request));
const aws = await startAws({ env: { SFN_WAIT_SCALE: "0" } });
const machines = stateMachines(aws.endpoint);
afterAll(() => Promise.all([aws.stop(), service.stop()]));

const place: StepFunctionsPlace = {
  target: () => ({}),
  workflow: (name) => `arn:aws:states:eu-west-1:000000000000:stateMachine:${name}`,
  connection: "arn:aws:events:eu-west-1:000000000000:connection/none/1",
  signals: "https://sqs.eu-west-1.amazonaws.com/000000000000/signals",
};

/** What came of the run on Step Functions, and what it asked the service. */
async function ran({ id, workflow, input, statusOf }: Run): Promise<Ran> {
  statuses.set(id, statusOf);
  const arn = await machines.create(id, toStepFunctions(workflow, place));
  const ended = await machines.run(arn, "x", { run: { id, startedAt: "2026-01-05T10:00:00Z" }, input });
  return { came: withoutMessage(cameOf(ended)), received: inOrder(service.received(id)) };
}

function cameOf(ended: Ended): Came {
  if (!("error" in ended)) return { output: ended.output as Value };
  return { error: problemOf(ended.error, ended.cause) };
}

describe("Step Functions runs a workflow like the interpreter", () => {
  const runs = runsOf([...CASES, ...CONTROL_CASES], service.url);
  it.concurrent.each(runs)("$name: $input", async (run) => {
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
