import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseAllDocuments } from "yaml";
import type { z } from "zod";
import { API_VERSION, type Kind } from "../../crds/define.ts";
import { kinds } from "../../crds/index.ts";
import type { KubeObject } from "../reconcile/object.ts";

/** Something in a file that can't be used; the message names file, object and field. */
export class ManifestError extends Error {
  override readonly name = "ManifestError";
}

/** An object from a file, with the defaults that the API server would fill in. */
export interface Manifest {
  readonly file: string;
  readonly object: KubeObject;
}

/**
 * Reads YAML files, folders (all .yaml, .yml and .json in them, sorted, with subfolders) or `-` for standard input.
 * Objects of ours are checked against their schema.
 * @throws ManifestError naming the first thing that is wrong
 */
export async function readManifests(paths: readonly string[]): Promise<readonly Manifest[]> {
  const files = (await Promise.all(paths.map(expand))).flat();
  const read = await Promise.all(files.map(async (file) => parse(file, await textOf(file))));
  return read.flat();
}

async function expand(path: string): Promise<readonly string[]> {
  if (path === "-") return [path];
  const info = await stat(path).catch(() => undefined);
  if (!info) throw new ManifestError(`${path} does not exist.`);
  if (!info.isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** What is in a file, or `-` for standard input. @throws ManifestError it can't be read */
export async function textOf(file: string): Promise<string> {
  try {
    return await (file === "-" ? text(process.stdin) : readFile(file, "utf8"));
  } catch (error) {
    throw new ManifestError(`${file} can't be read: ${(error as Error).message}`);
  }
}

function parse(file: string, text: string): readonly Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error) throw new ManifestError(`${file}: ${error.message}`);
    const value = document.toJS() as { kind?: string; items?: unknown[] } | null;
    if (value === null) return [];
    const objects = value.kind === "List" && Array.isArray(value.items) ? value.items : [value];
    return objects.map((object) => ({ file, object: checked(file, object as KubeObject) }));
  });
}

/** An object of ours with the defaults that the API server would fill in; another one as it is. */
export function defaulted(object: KubeObject): KubeObject {
  const kind: Kind | undefined = kinds.find((one) => one.kind === object.kind && object.apiVersion === API_VERSION);
  const spec = kind && (kind.spec as z.ZodType).safeParse(object.spec ?? {});
  return spec?.success ? { ...object, spec: spec.data } : object;
}

function checked(file: string, object: KubeObject): KubeObject {
  if (typeof object.kind !== "string" || typeof object.metadata?.name !== "string")
    throw new ManifestError(`${file}: an object needs apiVersion, kind and metadata.name.`);
  if (object.apiVersion !== API_VERSION) return object;
  const kind: Kind | undefined = kinds.find((one) => one.kind === object.kind);
  if (!kind) throw new ManifestError(`${file}: there is no kind ${object.kind} in ${API_VERSION}.`);
  const spec = (kind.spec as z.ZodType).safeParse(object.spec ?? {});
  if (!spec.success) {
    const issue = spec.error.issues[0];
    throw new ManifestError(
      `${file}: ${object.kind} ${object.metadata.name}: spec.${issue?.path.join(".")}: ${issue?.message}`,
    );
  }
  const namespace = kind.scope === "Namespaced" ? (object.metadata.namespace ?? "default") : undefined;
  return { ...object, metadata: { ...object.metadata, ...(namespace ? { namespace } : {}) }, spec: spec.data };
}
