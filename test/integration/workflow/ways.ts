import { readFileSync } from "node:fs";
import type { Case } from "./cases.ts";

const FOLDER = new URL("../../../examples/workflows/samples/", import.meta.url);

/** The definition of a sample. Its hosts, those of example.com, are the service that tests call. */
export const read = (name: string) =>
  readFileSync(new URL(`${name}.yaml`, FOLDER), "utf8").replaceAll(/https:[/][/][a-z]+[.]example[.]com/g, "BASE");

export interface Sample extends Case {
  /** What it comes to with each of its inputs: "output", or the class of an error and its code. */
  readonly comes: readonly string[];
}

type Way = Omit<Sample, "name" | "yaml" | "children"> & { readonly way: string };

/** @param more of all ways */
export const ways = (name: string, all: readonly Way[], more: Pick<Case, "answers" | "children"> = {}): Sample[] =>
  all.map(({ way, answers, ...rest }) => ({
    name: `sample ${name}: ${way}`,
    yaml: read(name),
    ...more,
    ...rest,
    answers: { ...more.answers, ...answers },
  }));
