import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { painter } from "../../operator/cli/output.ts";
import { runWorkflowCheck } from "../../operator/cli/workflow/check.ts";
import { interpreted, runsOf } from "../integration/workflow/interpreted.ts";
import { SAMPLES } from "../integration/workflow/samples.ts";

const FOLDER = new URL("../../examples/workflows/samples/", import.meta.url).pathname;
const BASE = "https://service.example.org";

describe("a sample", () => {
  it.each(readdirSync(FOLDER))("%s is sound, and both clouds take it", async (file) => {
    expect((await runWorkflowCheck(FOLDER + file, painter(false))).text).toMatch(/^\u2713 sound/);
  });

  it.each(readdirSync(FOLDER))("%s has ways that end well and ways that fail", (file) => {
    const name = file.replace(/(-child)?\.yaml$/, "");
    const comes = SAMPLES.filter((one) => one.name.startsWith(`sample ${name}:`)).flatMap((one) => one.comes);
    expect(comes).toContain("output");
    expect(comes.filter((one) => one !== "output")).not.toEqual([]);
  });

  it.each(SAMPLES)("$name", async (sample) => {
    const came = await Promise.all(
      runsOf([sample], BASE).map(async (run) => {
        const { came } = await interpreted(run, BASE);
        return "output" in came ? "output" : `${came.error.class} ${came.error.code}`.trim();
      }),
    );
    expect(came).toEqual(sample.comes);
  });
});
