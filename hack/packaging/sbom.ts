import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * The packages that are shipped, as CycloneDX in JSON. `npm sbom --omit=dev` leaves out what a tool needs too, however
 * much of it is shipped: so npm is given a project without tools.
 *
 * @param root the clone
 */
export async function sbom(root: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "onyx-sbom-"));
  try {
    const { devDependencies: _tools, ...project } = read(join(root, "package.json"));
    const lock = read(join(root, "package-lock.json")) as { packages: Record<string, Record<string, unknown>> };
    const { devDependencies: _locked, ...whole } = lock.packages[""] ?? {};
    const shipped = Object.entries(lock.packages).filter(([name, { dev }]) => name !== "" && !dev);
    write(join(folder, "package.json"), project);
    write(join(folder, "package-lock.json"), { ...lock, packages: { "": whole, ...Object.fromEntries(shipped) } });
    const args = ["sbom", "--package-lock-only", "--sbom-format=cyclonedx"];
    return (await promisify(execFile)("npm", args, { cwd: folder, maxBuffer: 64 * 2 ** 20 })).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const read = (file: string): Record<string, unknown> => JSON.parse(readFileSync(file, "utf8"));
const write = (file: string, value: object) => writeFileSync(file, JSON.stringify(value));
