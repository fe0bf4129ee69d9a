/** Workflows that conformance tests run on the engine of a cloud, and their runs. */
import { expect } from "vitest";
import type { WorkflowOutputs, WorkflowTarget, WorkflowWant } from "../../controllers/leaf/wants.ts";
import type { Tags } from "../../operator/provider/owner.ts";
import type { Call, Neutral, Provider } from "../../operator/provider/provider.ts";
import type { Runs } from "../../operator/provider/runs.ts";

export const STARTED_AT = "2026-01-05T10:00:00Z";

/** Marked as an expression of the language. */
export const expression = (text: string) => `\${${text}}`;

/** One that succeeds, one that fails and one that takes its time. */
export const RUNNABLE: Readonly<Record<"sums" | "fails" | "waits", readonly Neutral[]>> = {
  sums: [{ sum: { set: { sum: expression("input.a + 1"), run: expression("run") } } }],
  fails: [{ stop: { raise: { error: { type: "Business", code: "Empty", detail: "nothing" } } } }],
  waits: [{ before: { set: 1 } }, { long: { wait: { seconds: 600 } } }],
};

/** What deploys them, and starts and looks at their runs. */
export interface Deployments {
  deploy(name: string, tasks: readonly Neutral[], targets?: readonly WorkflowTarget[]): Promise<void>;
  /** Id in the cloud of what was deployed. */
  of(name: string): string;
  start(name: string, uid: string, input?: Neutral): Promise<{ readonly id: string }>;
  /** Waits until a run has ended. */
  ended(name: string, uid: string): Promise<void>;
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
  return {
    of,
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
    start: (name, uid, input = {}) => runs().start(of(name), { id: uid, startedAt: STARTED_AT, input }, as(uid)),
    ended: async (name, uid) =>
      await expect
        .poll(async () => (await runs().find(of(name), undefined, as(uid)))?.phase, { timeout: 10_000 })
        .not.toBe("Running"),
  };
}
