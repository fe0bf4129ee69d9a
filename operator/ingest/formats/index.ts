import { CUR2 } from "./cur2.ts";
import { FOCUS } from "./focus.ts";
import type { Columns, Format } from "./format.ts";
import { GCP } from "./gcp.ts";

const FORMATS: readonly Format[] = [FOCUS, CUR2, GCP];

/** The format that these columns are of, or why there is none, for people. */
export function formatOf(columns: Columns): Format | { readonly unknown: string } {
  const has = (name: string) => columns.find(name) !== undefined;
  const format = FORMATS.find(({ marks }) => marks.every(has));
  if (!format) {
    const [closest] = FORMATS.map(({ name, marks }) => ({
      name,
      lacks: marks.filter((one) => !has(one)),
      marks: marks.length,
    }))
      .filter(({ lacks, marks }) => lacks.length < marks)
      .sort((a, b) => a.lacks.length - b.lacks.length);
    return {
      unknown: closest
        ? `the report lacks the column ${closest.lacks.join(", ")} of ${closest.name}`
        : `the report is none of ${FORMATS.map(({ name }) => name).join(", ")}: it has none of their columns`,
    };
  }
  const lacks = format.needs.filter((names) => !names.some(has)).map(([name]) => name);
  return lacks.length === 0 ? format : { unknown: `the report lacks the column ${lacks.join(", ")} of ${format.name}` };
}
