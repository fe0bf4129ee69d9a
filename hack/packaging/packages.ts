import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** An npm package as it is installed. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, or UNKNOWN. */
  readonly license: string;
  /** The licence and notice files that lie in it. */
  readonly texts: readonly string[];
}

/** A package by its folder. */
export function readPackage(folder: string): Package {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(licen[cs]e|copying|notice)/i.test(entry.name))
    .map((entry) => entry.name)
    .sort();
  return {
    name,
    version,
    license: typeof license === "string" ? license : (license?.type ?? "UNKNOWN"),
    texts: files.map((file) => readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n").trim()),
  };
}

const LINE = `\n\n${"-".repeat(80)}\n\n`;

/** One file that names every package with its licence, and carries each text that must go along once. */
export function thirdParty(packages: readonly Package[]): string {
  const list = packages.map(({ name, version, license }) => `${name} ${version}: ${license}`).join("\n");
  const holders = new Map<string, string[]>();
  for (const { name, version, texts } of packages)
    for (const text of texts) holders.set(text, [...(holders.get(text) ?? []), `${name} ${version}`]);
  const chapters = [...holders].map(([text, names]) => `${names.join(", ")}:\n\n${text}`);
  return `${[`The programs in this folder contain these packages.\n\n${list}`, ...chapters].join(LINE)}\n`;
}
