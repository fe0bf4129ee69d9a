import fc from "fast-check";
import { expect, it } from "vitest";
import { SEED } from "../../test/support/seed.ts";
import { TaskError } from "./errors.ts";
import type { Task, Typed } from "./ir.ts";
import { parseWorkflow } from "./parse.ts";
import { misfit } from "./schema.ts";
import { drawnWorkflows } from "./testing/generate.ts";
import { world } from "./testing/world.ts";

const RUNS = { numRuns: 1_500, seed: SEED };

it("draws workflows most of which are sound, and runs of which a good part fails", async () => {
  const drawn = fc.sample(drawnWorkflows("https://x"), RUNS);
  const sound = drawn.flatMap(({ definition, input }) => {
    const { workflow } = parseWorkflow(definition);
    return workflow ? [{ workflow, input }] : [];
  });
  expect(sound.length).toBeGreaterThan(drawn.length / 2);
  const came = await Promise.all(sound.map(({ workflow, input }) => moody().run(workflow, input)));
  const failed = came.filter((one) => "error" in one).length;
  expect(failed).toBeGreaterThan(sound.length / 5);
  expect(failed).toBeLessThan((sound.length * 4) / 5);
});

it("never says of a value what it is not", async () => {
  await fc.assert(
    fc.asyncProperty(drawnWorkflows("https://x"), async ({ definition, input }) => {
      const { workflow } = parseWorkflow(definition);
      if (!workflow) return;
      const here = moody();
      await here.run(workflow, input);
      for (const { task, what } of here.steps) {
        const own = ownExpression(task);
        if (what.is === "started" && own) expect(misfit(what.input, own.scope.input!, "input")).toBeUndefined();
        if (what.is !== "ended") continue;
        if (task.as) expect(misfit(what.output, task.as.type, "output")).toBeUndefined();
        else if (task.kind === "set") expect(misfit(what.output, task.value.type, "output")).toBeUndefined();
      }
    }),
    RUNS,
  );
});

/** Services that answer, or fail, by the key and the attempt. */
function moody() {
  return world(({ key, with: { body = null } }, attempt) => {
    const mood = [...key].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1009, attempt * 7);
    if (mood % 3 !== 0) return { status: 200, body };
    const name = (["Throttled", "Transient", "Denied", "Business"] as const)[mood % 4]!;
    throw new TaskError(name, "not now", name === "Business" ? "409" : "");
  });
}

/** One that sees `input` as the task does. */
function ownExpression(task: Task): Typed | undefined {
  switch (task.kind) {
    case "set":
      return task.value;
    case "for":
    case "concurrent":
      return task.over;
    case "call":
      return task.with;
    case "raise":
      return task.message;
    default:
      return undefined;
  }
}
