import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

const root = resolve(import.meta.dirname, "../..");

interface Job {
  readonly uses?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly steps?: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Readonly<Record<string, unknown>>;
  }[];
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

describe.each(globSync(".github/workflows/*.yaml", { cwd: root }))("%s", (file) => {
  const text = readFileSync(join(root, file), "utf8");
  const workflow = parse(text) as Workflow;
  const jobs = Object.entries(workflow.jobs);
  const steps = jobs.flatMap(([, job]) => job.steps ?? []);

  test("what others propose runs without any right, and nothing may write unless its job says so", () => {
    expect(Object.keys(workflow.on)).not.toContain("pull_request_target");
    expect(workflow.permissions).toEqual({ contents: "read" });
    if ("pull_request" in workflow.on)
      for (const [name, { permissions }] of jobs) expect(permissions, name).toBeUndefined();
  });

  test("every action is pinned by digest, with its version beside it, and every job ends by itself", () => {
    for (const { uses } of steps) if (uses) expect(uses).toMatch(/^[a-z-]+\/[a-z-]+@[0-9a-f]{40}$/);
    for (const [line] of text.matchAll(/uses: [a-z-]+\/.*/g)) expect(line).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    for (const [name, job] of jobs) if (!job.uses) expect(job["timeout-minutes"], name).toBeGreaterThan(0);
  });

  test("the token stays out of the clone, and nobody's text becomes part of a script", () => {
    for (const step of steps) {
      if (step.uses?.startsWith("actions/checkout@")) expect(step.with).toMatchObject({ "persist-credentials": false });
      expect(step.run ?? "").not.toContain("${{");
    }
  });

  test("what a script calls of this project is there", () => {
    const makefile = readFileSync(join(root, "Makefile"), "utf8");
    const targets = steps.flatMap(({ run = "" }) =>
      [...run.matchAll(/\bmake ([a-z -]+)/g)].flatMap(([, names]) => names!.split(" ")),
    );
    for (const target of targets) expect(makefile).toContain(`\n${target}:`);
    for (const { run = "" } of steps)
      for (const [path] of run.matchAll(/(?<![\w./-])(?:hack|\.ci)\/[\w.-]+/g))
        expect(globSync(path, { cwd: root })).toEqual([path]);
  });
});

test("package and charts are of one version", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const charts = globSync("charts/*/Chart.yaml", { cwd: root });
  expect(charts).toHaveLength(2);
  for (const chart of charts)
    expect(parse(readFileSync(join(root, chart), "utf8")), chart).toMatchObject({ version, appVersion: version });
});
