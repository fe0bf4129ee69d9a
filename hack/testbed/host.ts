import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** What the test bed knows of the machine that it runs on. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The clone. */
  readonly root: string;
  /** Where built things are kept, outside the clone: the clones of one user share them. */
  readonly cache: string;
  /** Where running things keep their state: inside the clone, so that two clones never meet. */
  readonly runs: string;
  /** Tells the person at the terminal what is going on, a line at a time. */
  readonly say: (line: string) => void;
}

/** This machine, this clone. `say` writes to stderr, for stdout belongs to results. */
export function thisHost(say: Host["say"] = (line) => process.stderr.write(`${line}\n`)): Host {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  return { env: process.env, root, cache: cacheFolder(process.env, homedir()), runs: join(root, ".run"), say };
}

/** The cache folder by the XDG rules: an unset or relative XDG_CACHE_HOME counts as `~/.cache`. */
export function cacheFolder(env: Host["env"], home: string): string {
  const base = env.XDG_CACHE_HOME;
  return join(base?.startsWith("/") ? base : join(home, ".cache"), "onyx");
}
