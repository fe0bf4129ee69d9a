import type { TestProject } from "vitest/node";
import type { ArtifactName } from "../hack/testbed/artifacts.ts";
import { ensureBuilt } from "../hack/testbed/build.ts";
import { thisHost } from "../hack/testbed/host.ts";
import { sweep } from "../hack/testbed/run.ts";

const CLOUDS: readonly ArtifactName[] = ["ministack", "pubsub"];

/** What the tests of each project start. */
const NEEDED: Readonly<Record<string, readonly ArtifactName[]>> = {
  conformance: CLOUDS,
  "second-opinion": ["moto"],
  integration: [...CLOUDS, "workflows", "pki", "controlplane", "keda"],
  chaos: [...CLOUDS, "pki", "controlplane"],
  e2e: [...CLOUDS, "pki", "controlplane", "keda"],
};

/** Builds what is missing before the first test; before and after ends what killed tests left running. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const host = thisHost();
  await ensureBuilt(host, NEEDED[project.name] ?? []);
  await sweep(host);
  return () => sweep(host);
}
