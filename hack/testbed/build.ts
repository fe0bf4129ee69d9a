import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Artifact, type ArtifactName, artifacts } from "./artifacts.ts";
import { TestBedError } from "./errors.ts";
import type { Host } from "./host.ts";
import { withLock } from "./lock.ts";
import { type Progress, progressOn, stderrTerminal } from "./progress.ts";

/** Marks a folder whose build came to its end. */
const DONE = ".done";

export interface BuildOptions {
  readonly progress?: Progress;
  readonly signal?: AbortSignal | undefined;
}

/** Builds what is missing of the named artifacts and gives the folder of each. */
export async function ensureBuilt<Name extends ArtifactName>(
  host: Host,
  names: readonly Name[],
  options: BuildOptions = {},
): Promise<Record<Name, string>> {
  const all = artifacts(host);
  const wanted = await Promise.all(names.map((name) => locate(host, all[name])));
  const missing = wanted.filter(({ folder }) => !isDone(folder));
  const progress = options.progress ?? progressOn(stderrTerminal);
  if (missing.length > 0)
    progress.say(`Building ${missing.length} of ${wanted.length} parts into ${host.cache}; only once.`);
  for (const [index, each] of missing.entries()) {
    await buildOne(each, { number: index + 1, of: missing.length }, { ...options, progress });
  }
  return Object.fromEntries(wanted.map(({ artifact, folder }) => [artifact.name, folder])) as Record<Name, string>;
}

interface Located {
  readonly artifact: Artifact;
  readonly folder: string;
}

async function locate(host: Host, artifact: Artifact): Promise<Located> {
  const key = contentKey(readFolder(artifact.source), await artifact.identity());
  return { artifact, folder: join(host.cache, "testbed", `${artifact.name}-${key}`) };
}

/** Twelve hex digits that change when a file or the identity does. */
export function contentKey(files: ReadonlyMap<string, string>, identity: string): string {
  const hash = createHash("sha256").update(JSON.stringify(identity));
  for (const name of [...files.keys()].sort()) hash.update(JSON.stringify([name, files.get(name)]));
  return hash.digest("hex").slice(0, 12);
}

function readFolder(folder: string): Map<string, string> {
  const files = readdirSync(folder, { withFileTypes: true }).filter((each) => each.isFile());
  return new Map(files.map(({ name }) => [name, readFileSync(join(folder, name), "utf8")]));
}

function isDone(folder: string): boolean {
  return existsSync(join(folder, DONE));
}

async function buildOne(
  { artifact, folder }: Located,
  place: { number: number; of: number },
  options: BuildOptions & { progress: Progress },
): Promise<void> {
  const step = options.progress.step({ ...place, title: artifact.title, usual: artifact.usual });
  try {
    mkdirSync(join(folder, ".."), { recursive: true });
    const waiting = (pid: number): void => step.detail(`process ${pid} is building it, waiting for it`);
    await withLock(`${folder}.lock`, { waiting, signal: options.signal }, async () => {
      if (isDone(folder)) return;
      requireDisk(folder, artifact);
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      await artifact.build(folder, { detail: step.detail, signal: options.signal });
      writeFileSync(join(folder, DONE), "");
    });
    step.done();
  } catch (error) {
    step.failed();
    throw error;
  }
}

function requireDisk(folder: string, artifact: Artifact): void {
  const { bavail, bsize } = statfsSync(join(folder, ".."));
  const freeMiB = Math.floor((bavail * bsize) / 2 ** 20);
  if (freeMiB >= artifact.diskMiB) return;
  const need = `${artifact.title} needs up to ${artifact.diskMiB} MiB of disk to build (with Go's caches)`;
  throw new TestBedError(`${need}, ${freeMiB} MiB are free. Make room, or point XDG_CACHE_HOME at another disk.`);
}
