import { TestBedError } from "./errors.ts";
import { exec } from "./exec.ts";
import type { Host } from "./host.ts";

/** How to come by a program that the chosen way needs and that this project can't bring itself. */
const SOURCES: Readonly<Record<string, string>> = {
  docker: "https://docs.docker.com/get-docker",
  kind: "https://kind.sigs.k8s.io/docs/user/quick-start, or: go install sigs.k8s.io/kind@v0.33.0",
  kubectl: "https://kubernetes.io/docs/tasks/tools",
  helm: "https://helm.sh/docs/intro/install",
};

/** Refuses, naming all that is missing at once. */
export async function requireTools(why: string, names: readonly string[], env: Host["env"]): Promise<void> {
  const found = await Promise.all(
    names.map((name) => exec("sh", ["-c", 'command -v "$1"', "sh", name], { env }).then(isThere, isNot)),
  );
  const missing = names.filter((_, index) => !found[index]);
  if (missing.length === 0) return;
  const how = missing.map((name) => `  ${name}: ${SOURCES[name] ?? "install it"}`).join("\n");
  throw new TestBedError(`${why} needs ${names.join(", ")}. Missing here:\n${how}`);
}

const isThere = (): boolean => true;
const isNot = (): boolean => false;

export async function requireDocker(why: string): Promise<void> {
  try {
    await exec("docker", ["info", "--format", "{{.ServerVersion}}"]);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new TestBedError(
      `${why} needs a running Docker, and the one here doesn't answer. Start it, or leave CLUSTER unset.\n${said}`,
    );
  }
}
