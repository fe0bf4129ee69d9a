import { join } from "node:path";
import { exec } from "./exec.ts";

export interface PythonInstall {
  /** A file with the packages and their versions. */
  readonly requirements: string;
  /** Where the virtual environment is made. */
  readonly out: string;
  readonly signal?: AbortSignal | undefined;
  readonly detail: (text: string) => void;
}

/** What decides, besides the requirements, what is installed. */
export const pythonIdentity = (): Promise<string> =>
  exec("python3", ["-c", "import sys; print(sys.version, sys.executable)"]);

/** Makes a virtual environment with the packages of `requirements`. @returns its Python */
export async function installPython({ requirements, out, signal, detail }: PythonInstall): Promise<string> {
  await requirePython();
  detail("making a virtual environment");
  await exec("python3", ["-m", "venv", out], { signal });
  detail("installing packages");
  const python = join(out, "bin", "python");
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
  await exec(python, [...pip, "-r", requirements], { signal });
  return python;
}

async function requirePython(): Promise<void> {
  const check =
    "import sys; assert sys.version_info >= (3, 10), 'Python 3.10 or newer is needed, this is ' + sys.version";
  await exec("python3", ["-c", check]);
}
