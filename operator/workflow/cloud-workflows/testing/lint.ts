import { lintSteps } from "../../expression/testing/cloud-workflows-lint.ts";
import type { Source } from "../source.ts";

/** What is wrong with a source by the rules that keep it safe on every engine, with the subworkflow; empty: nothing. */
export function lintSource(source: Source): readonly string[] {
  return Object.entries(source).flatMap(([name, { params, steps }]) =>
    lintSteps(steps, source, params).map((wrong) => `${name}: ${wrong}`),
  );
}
