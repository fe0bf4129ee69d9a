/** Workflows that conformance tests run on the engine of a cloud, and their runs. */
import { expect, it } from "vitest";
import type { WorkflowOutputs, WorkflowTarget, WorkflowWant } from "../../controllers/leaf/wants.ts";
import type { Tags } from "../../operator/provider/owner.ts";
import type { Call, Neutral, Provider } from "../../operator/provider/provider.ts";
import type { RunSeen, Runs } from "../../operator/provider/runs.ts";

export const STARTED_AT = "2026-01-05T10:00:00Z";

/** Marked as an expression of the language. */
export const expression = (text: string) => `\${${text}}`;

const listen = (type: string) => ({
  listen: { to: { one: { with: { type } } } },
  timeout: { after: { minutes: 10 } },
});

/** One that succeeds, one that fails, one that takes its time and one that waits for two signals, the second inside a try. */
export const RUNNABLE: Readonly<Record<"sums" | "fails" | "waits" | "listens", readonly Neutral[]>> = {
  sums: [{ sum: { set: { sum: expression("input.a + 1"), run: expression("run") } } }],
  fails: [{ stop: { raise: { error: { type: "Business", code: "Empty", detail: "nothing" } } } }],
  waits: [{ before: { set: 1 } }, { long: { wait: { seconds: 600 } } }],
  listens: [
    { before: { set: 1 } },
    { first: { ...listen("approved"), export: { as: { first: expression("output") } } } },
    {
      hear: {
        try: [{ second: { ...listen("paid"), output: { as: [expression("context.first"), expression("output")] } } }],
        catch: { errors: { with: { type: "Timeout" } }, do: [{ silence: { set: "nobody" } }] },
      },
    },
  ],
};

/** What deploys them, and starts and looks at their runs. */
export interface Deployments {
  deploy(name: string, tasks: readonly Neutral[], targets?: readonly WorkflowTarget[]): Promise<void>;
  /** Id in the cloud of what was deployed. */
  of(name: string): string;
  start(name: string, uid: string, input?: Neutral): Promise<{ readonly id: string }>;
  /** Waits until a run has ended. */
  ended(name: string, uid: string): Promise<void>;
  /** Starts one, and gives what became of it. */
  run(name: string, uid: string, input: Neutral): Promise<RunSeen>;
}

/** A run of `listens`, answered by whoever may. */
export function testSignals({ start, of, ended }: Deployments, runs: () => Runs, as: (uid: string) => Call): void {
  it("that waits for a signal is seen to, and goes on with what it is brought", async () => {
    const { id } = await start("listens", "l1");
    const stepsNow = async () =>
      (await runs().find(of("listens"), id, as("l1")))?.steps.map(({ task, state }) => [task, state]);
    const listening = async () => await runs().listening(id, as("l1"));
    await expect.poll(stepsNow, { timeout: 10_000 }).toEqual([
      ["before", "Succeeded"],
      ["first", "Running"],
    ]);
    await expect.poll(listening, { timeout: 10_000 }).toBeDefined();
    const [first, again] = [(await listening())!, (await listening())!];
    expect(again).toEqual(first);
    expect(first.visit.length).toBeLessThanOrEqual(256);
    await runs().answer(first, { by: ["me", null], n: 1.5 }, as("l1"));
    await expect.poll(async () => (await listening())?.visit, { timeout: 10_000 }).not.toBe(first.visit);
    await expect.poll(listening, { timeout: 10_000 }).toBeDefined();
    await expect.poll(stepsNow, { timeout: 10_000 }).toContainEqual([expect.stringMatching(/second$/), "Running"]);
    const second = (await listening())!;
    expect(second.visit).not.toBe(first.visit);
    await runs().answer(second, null, as("l1"));
    await ended("listens", "l1");
    const seen = await runs().find(of("listens"), id, as("l1"));
    expect(JSON.parse(seen?.output ?? "")).toEqual([{ by: ["me", null], n: 1.5 }, null]);
    await runs().answer(second, "late", as("l1"));
    expect(await listening()).toBeUndefined();
  });

  it("that waits for none is not seen to", async () => {
    const { id } = await start("waits", "l2");
    expect(await runs().listening(id, as("l2"))).toBeUndefined();
    await runs().stop(id, as("l2"));
    expect(await runs().listening(id, as("l2"))).toBeUndefined();
  });
}

/** @param as the call for a run of that uid; `about` that for a workflow, with its tags */
export function deployments(
  provider: () => Provider<WorkflowWant, WorkflowOutputs>,
  runs: () => Runs,
  as: (uid: string) => Call,
  about: (name: string) => { readonly call: Call; readonly tags: Tags },
): Deployments {
  const made = new Map<string, string>();
  const of = (name: string): string => made.get(name) ?? expect.fail(`no ${name}`);
  const start: Deployments["start"] = (name, uid, input = {}) =>
    runs().start(of(name), { id: uid, startedAt: STARTED_AT, input }, as(uid));
  const ended = async (name: string, uid: string) =>
    await expect
      .poll(async () => (await runs().find(of(name), undefined, as(uid)))?.phase, { timeout: 10_000 })
      .not.toBe("Running");
  return {
    of,
    start,
    ended,
    async run(name, uid, input) {
      const { id } = await start(name, uid, input);
      await ended(name, uid);
      return (await runs().find(of(name), id, as(uid)))!;
    },
    async deploy(name, tasks, targets = []) {
      const { call, tags } = about(name);
      const want: WorkflowWant = {
        source: { definition: { do: tasks }, targets },
        program: "",
        permissions: [],
        logLevel: "None",
        overrides: {},
        tags,
      };
      const { id } = await provider().create(name, provider().fit?.(want).want ?? want, call);
      made.set(name, id);
    },
  };
}
