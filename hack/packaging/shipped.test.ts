import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { readImage } from "../../test/support/image.ts";
import { sbom } from "./sbom.ts";

const root = resolve(import.meta.dirname, "../..");
const json = (file: string) => JSON.parse(readFileSync(join(root, file), "utf8"));

interface Locked {
  /** Where the folder's name is another one. */
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
}
const locked = Object.entries(json("package-lock.json").packages as Readonly<Record<string, Locked>>).filter(
  ([folder]) => folder !== "",
);

test("besides the clouds' own clients, at most 20 packages are asked for, each in one version", () => {
  const { dependencies, devDependencies } = json("package.json") as Readonly<Record<string, Record<string, string>>>;
  const chosen = Object.keys(dependencies ?? {}).filter((name) => !/^@(aws-sdk|google-cloud)\//.test(name));
  expect(chosen.length).toBeLessThanOrEqual(20);
  // DuckDB's releases for Node are named so: `r.1` is the first one of that DuckDB.
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
    expect(version, name).toMatch(name.startsWith("@duckdb/") ? /^\d+\.\d+\.\d+-r\.\d+$/ : /^\d+\.\d+\.\d+$/);
});

test("every package of the lock file has its SHA-512, and comes from the registry", () => {
  expect(locked.length).toBeGreaterThan(100);
  for (const [folder, { integrity, resolved = "https://registry.npmjs.org/" }] of locked) {
    expect(integrity, folder).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
    expect(resolved, folder).toMatch(/^https:\/\/registry\.npmjs\.org\//);
  }
});

test("the SBOM lists all packages that are shipped, and no tool", async () => {
  const { bomFormat, components } = JSON.parse(await sbom(root)) as {
    bomFormat: string;
    components: { "bom-ref": string; version: string; name: string; group?: string }[];
  };
  expect(bomFormat).toBe("CycloneDX");
  const listed = new Set(components.map(({ group, name, version }) => `${group ? `${group}/` : ""}${name}@${version}`));
  const named = ([folder, { name, version }]: (typeof locked)[number]) =>
    `${name ?? folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length)}@${version}`;
  const shipped = locked.filter(([, { dev, devOptional, optional }]) => !dev && !devOptional && !optional);
  expect(shipped.map(named).filter((one) => !listed.has(one))).toEqual([]);
  const tools = locked.filter(([, { dev }]) => dev).map(named);
  expect(tools.filter((one) => listed.has(one) && !shipped.map(named).includes(one))).toEqual([]);
}, 60_000);

test("the image's Node refuses __proto__, and may read files and nothing more", () => {
  const flags = readImage(root).entrypoint.slice(0, -1);
  expect(flags.filter((flag) => flag !== "--allow-fs-read=*").sort()).toEqual([
    "--disable-proto=throw",
    "--max-semi-space-size=8",
    "--permission",
  ]);
});

test("the worker's image lets it load DuckDB and write where reports lie, and nothing more", () => {
  const flags = readImage(root, "ingest").entrypoint.slice(0, -1);
  expect(flags.sort()).toEqual([
    "--allow-addons",
    "--allow-fs-read=*",
    "--allow-fs-write=/work",
    "--disable-proto=throw",
    "--max-old-space-size=128",
    "--permission",
  ]);
});

test("the images run as a number that is not root, from packages that ran no script", () => {
  const dockerfile = readFileSync(join(root, "Dockerfile"), "utf8");
  expect(dockerfile.match(/^USER 65532:65532$/gm)?.length).toBe(dockerfile.match(/^ENTRYPOINT /gm)?.length);
  expect(dockerfile).toMatch(/npm ci --ignore-scripts/);
});
