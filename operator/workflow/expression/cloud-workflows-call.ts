import type { HelperName } from "./cloud-workflows-helpers.ts";
import { isA, type Lowering, type OperandKind } from "./cloud-workflows-lowering.ts";
import type { FunctionName } from "./functions.ts";
import { literalText } from "./parse.ts";
import { readPattern } from "./pattern.ts";
import { readDuration } from "./text-forms.ts";
import type { Call, Expression } from "./tree.ts";

/** The source of what a function gives. */
export function lowerCall({ name, args }: Call, at: Lowering): string {
  return FUNCTIONS[name](args, at);
}

type Lower = (args: readonly Expression[], at: Lowering) => string;

const ofText =
  (helper: HelperName): Lower =>
  ([text, part], at) =>
    at.call(helper, { x: at.as("string", text!), part: at.as("string", part!) });

/** What is of the kind already stays as it is. */
const convert =
  (helper: HelperName, kind: OperandKind): Lower =>
  ([of], at) =>
    isA(kind, at.typeOf(of!)) ? at.source(of!) : at.call(helper, { x: at.source(of!) });

const ofAscii =
  (name: string): Lower =>
  ([of], at) =>
    `${name}(${at.call("rt_ascii", { x: at.as("string", of!) })})`;

const FUNCTIONS: Readonly<Record<FunctionName, Lower>> = {
  size: ([of], at) => {
    const type = at.typeOf(of!);
    if (isA("string", type)) return `len(text.find_all_regex(${at.source(of!)}, "(?s)."))`;
    if (isA("list", type) || isA("map", type)) return `len(${at.source(of!)})`;
    return at.call("rt_size", { x: at.source(of!) });
  },
  string: convert("rt_string", "string"),
  double: convert("rt_double", "number"),
  int: ([of], at) => at.call("rt_int", { x: at.source(of!) }),
  startsWith: ofText("rt_starts_with"),
  endsWith: ofText("rt_ends_with"),
  contains: (args, at) => {
    const [of, part] = args;
    if (!literalText(part!)) return ofText("rt_contains")(args, at);
    return `(len(text.split(${at.as("string", of!)}, ${at.source(part!)})) > 1)`;
  },
  matches: ([of, pattern], at) => {
    const form = at.keep(readPattern(literalText(pattern!)!).re2);
    return `(len(text.find_all_regex(${at.as("string", of!)}, ${form})) > 0)`;
  },
  split: ([of, separator], at) => `text.split(${at.as("string", of!)}, ${at.source(separator!)})`,
  replace: ([of, old, put], at) =>
    `text.replace_all(${at.as("string", of!)}, ${at.source(old!)}, ${at.as("string", put!)})`,
  join: ([list, separator], at) =>
    at.call("rt_join", { items: at.as("list", list!), separator: at.source(separator!) }),
  lowerAscii: ofAscii("text.to_lower"),
  upperAscii: ofAscii("text.to_upper"),
  timestamp: ([of], at) => at.call("rt_timestamp", { x: at.as("string", of!) }),
  duration: ([of], at) => at.literal(readDuration(literalText(of!)!)!),
};
