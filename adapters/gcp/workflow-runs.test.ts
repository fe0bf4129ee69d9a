import { expect, test } from "vitest";
import { RUN_STEPS } from "../../operator/provider/runs.ts";
import { type StepEntry, stepsIn } from "./workflow-runs.ts";

const BEGUN = "2026-01-05T10:00:00.123456789Z";
const ENDED = "2026-01-05T10:00:02.9Z";
const entry = (step: string, change: Partial<StepEntry> = {}): StepEntry => ({
  step,
  stepType: "STEP_ASSIGN",
  state: "STATE_SUCCEEDED",
  createTime: BEGUN,
  updateTime: ENDED,
  ...change,
});
const [startedAt, finishedAt] = ["2026-01-05T10:00:00Z", "2026-01-05T10:00:02Z"];

test("steps of tasks are told, oldest first, in whole seconds", () => {
  const entries = [
    entry("t_wait_long", { state: "STATE_IN_PROGRESS" }),
    entry("t_pay", { state: "STATE_FAILED" }),
    entry("t_before"),
  ];
  expect(stepsIn(entries, false)).toEqual([
    { task: "before", state: "Succeeded", startedAt, finishedAt },
    { task: "pay", state: "Failed", startedAt, finishedAt },
    { task: "wait_long", state: "Running", startedAt },
  ]);
  expect(stepsIn(entries, true).at(-1)).toEqual({ task: "wait_long", state: "Failed", startedAt });
});

const failed = { state: "STATE_FAILED" };

test.each<[string, readonly StepEntry[], string]>([
  ["a helper step that fails", [entry("t_pay__2", { ...failed, updateTime: "2026-01-05T10:00:03Z" })], "Failed"],
  ["a helper step that is at work", [entry("t_pay__2", { state: "STATE_IN_PROGRESS" })], "Running"],
  [
    "one that is caught by another one",
    [
      entry("t_pay__3", { ...failed, updateTime: "2026-01-05T10:00:03.1Z" }),
      entry("t_pay__2", { updateTime: "2026-01-05T10:00:03.100001Z" }),
    ],
    "Succeeded",
  ],
])("a task is as its steps are: %s", (_what, entries, state) => {
  expect(stepsIn([...entries, entry("t_pay")], false)).toMatchObject([{ task: "pay", state, startedAt }]);
});

test("each time that a task begins is a step; of one whose beginning is not in the list there is what is", () => {
  const entries = [entry("t_pay__2", failed), entry("t_pay"), entry("t_pay__2"), entry("t_pay"), entry("t_pay__2")];
  expect(stepsIn(entries, true)).toMatchObject([{ task: "pay" }, { task: "pay" }, { task: "pay" }]);
});

test.each([
  ["steps of no task", entry("begin")],
  ["parts of a step", entry("t_pay", { stepType: "STEP_FOR_ITERATION" })],
  ["states that there are not yet", entry("t_pay", { state: "STATE_SKIPPED" })],
  ["entries without a time", { step: "t_pay", state: "STATE_SUCCEEDED" }],
])("%s are left out", (_what, one) => expect(stepsIn([one], false)).toEqual([]));

test("the last ones are told where there are many", () => {
  const many = Array.from({ length: RUN_STEPS + 20 }, (_, at) => entry(`t_s${RUN_STEPS + 20 - at}`));
  const told = stepsIn(many, true).map(({ task }) => task);
  expect([told.length, told[0], told.at(-1)]).toEqual([RUN_STEPS, "s21", `s${RUN_STEPS + 20}`]);
});
