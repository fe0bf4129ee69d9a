import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TestBedError } from "./errors.ts";
import { exec } from "./exec.ts";

export interface GoBuild {
  /** The folder of the module. */
  readonly folder: string;
  /** Packages to build: `.` or import paths. */
  readonly packages: readonly string[];
  /** A folder (ends in a slash) or a file. */
  readonly out: string;
  readonly ldflags: string;
  readonly signal?: AbortSignal | undefined;
  readonly detail: (text: string) => void;
}

/** No C compiler needed, no git read, no go.work from a folder above taken in. */
function goEnv(): Record<string, string> {
  const flags = `${process.env.GOFLAGS ?? ""} -buildvcs=false -mod=readonly`;
  return { CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: flags.trim() };
}

/** Downloads what is missing, then builds; tells how far it is. */
export async function goBuild(build: GoBuild): Promise<void> {
  const count = goProgress(build.detail);
  const options = { cwd: build.folder, env: goEnv(), signal: build.signal, onLine: count.take };
  build.detail("looking at modules");
  const packages = await exec("go", ["list", "-deps", ...build.packages], options);
  count.total(packages.trim().split("\n").length);
  const args = ["build", "-v", "-trimpath", "-ldflags", `-s -w ${build.ldflags}`.trim(), "-o", build.out];
  await exec("go", [...args, ...build.packages], options);
}

/** The folder where the module cache holds this module. */
export async function moduleFolder(folder: string, module: string): Promise<string> {
  return (await exec("go", ["list", "-m", "-f", "{{.Dir}}", module], { cwd: folder, env: goEnv() })).trim();
}

/** What decides, besides the sources, what Go builds. */
export async function goIdentity(folder: string): Promise<string> {
  const names = ["GOVERSION", "GOOS", "GOARCH"];
  return (await exec("go", ["env", ...names], { cwd: folder, env: goEnv() })).trim().replaceAll("\n", " ");
}

/** The version that a module's go.mod asks of another module, with its `v`. */
export function requiredVersion(goMod: string, module: string): string {
  const line = goMod.split("\n").find((each) => each.replace("require", "").trim().startsWith(`${module} v`));
  const version = line?.match(/ (v\S+)/)?.[1];
  if (!version) throw new TestBedError(`go.mod requires no ${module}`);
  return version;
}

export function readGoMod(folder: string): string {
  return readFileSync(join(folder, "go.mod"), "utf8");
}

/** Counts what go says on standard error: downloads, then the names of compiled packages. */
function goProgress(detail: (text: string) => void): { take: (line: string) => void; total: (count: number) => void } {
  let downloads = 0;
  let compiled = 0;
  let total = 0;
  return {
    total: (count) => {
      total = count;
      detail(`compiling; ${total} packages, those in Go's build cache at once`);
    },
    take: (line) => {
      if (line.startsWith("go: downloading")) detail(`${++downloads} modules downloaded`);
      else if (total > 0 && /^[\w.-]+(\/\S+)*$/.test(line))
        detail(`${++compiled} of at most ${total} packages compiled`);
    },
  };
}
