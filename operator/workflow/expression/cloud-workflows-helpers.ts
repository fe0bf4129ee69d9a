import {
  type Body,
  choose,
  constant,
  expressionText,
  fail,
  give,
  run,
  type Subworkflow,
  set,
  subworkflow,
  when,
  withCalled,
} from "./cloud-workflows-steps.ts";
import { DECIMAL, INTEGER, MAX_WRITTEN, NON_ASCII, TIMESTAMP } from "./text-forms.ts";
import { MAX_NUMBER } from "./values.ts";

/** Tries `source`, which works on one kind of value only. */
const probe = (source: string, kind: string): Body => ({
  try: { steps: [{ assign: [{ probed: expressionText(source) }, { kind }] }] },
  except: { as: "e", steps: [constant("probed", null)] },
});

const kindOf = (name: string, result = "kind") => run("rt_type", { x: name }, result);
const only = (kind: string, message: string) =>
  subworkflow(["x"], kindOf("x"), choose(when(`kind == "${kind}"`, give("x"))), fail(message));
const found = (text: string, pattern: string) => `len(text.find_all_regex(${text}, ${pattern})) > 0`;

/** What emitted expressions call. No engine's own way of telling kinds apart, of joining lists or of counting is relied on. */
export const HELPERS = {
  /** Which kind a value is of: `get_type` differs between engines. */
  rt_type: subworkflow(
    ["x"],
    choose(when("x == null", { return: "null" }), when("(x == true) or (x == false)", { return: "bool" })),
    constant("kind", "string"),
    probe("x - 0", "number"),
    probe("keys(x)", "map"),
    probe("list.prepend(x, 0)", "list"),
    give("kind"),
  ),
  rt_bool: subworkflow(["x"], choose(when("(x == true) or (x == false)", give("x"))), fail("a bool is wanted")),
  rt_text: only("string", "a string is wanted"),
  rt_list: only("list", "a list is wanted"),
  rt_map: only("map", "a map is wanted"),
  rt_range: subworkflow(
    ["x"],
    choose(when(`(x > ${MAX_NUMBER}) or (x < (0 - ${MAX_NUMBER}))`, fail("a number is out of range"))),
    give("x"),
  ),
  rt_add: subworkflow(
    ["a", "b"],
    kindOf("a", "left"),
    kindOf("b", "right"),
    choose(
      when("left != right", fail("+ takes two of one kind")),
      when('left == "string"', give("a + b")),
      when('left == "number"', { steps: [run("rt_range", { x: "a + b" }, "sum"), give("sum")] }),
      when('left == "list"', { steps: [run("rt_concat", { a: "a", b: "b" }, "both"), give("both")] }),
    ),
    fail("+ takes numbers, strings or lists"),
  ),
  /** `list.concat` nests or flattens, by engine. */
  rt_concat: subworkflow(
    ["a", "b"],
    set("out", "b"),
    {
      for: {
        value: "ignored",
        index: "at",
        in: expressionText("a"),
        steps: [set("out", "list.prepend(out, a[(len(a) - 1) - at])")],
      },
    },
    give("out"),
  ),
  /** Integers of 64 bits wrap: the product is looked at as a double first. */
  rt_multiply: subworkflow(["a", "b"], run("rt_range", { x: "(a * 1.0) * b" }, "ignored"), give("a * b")),
  rt_divide: subworkflow(
    ["a", "b"],
    choose(when("b == 0", fail("division by zero"))),
    run("rt_range", { x: "a / b" }, "quotient"),
    give("quotient"),
  ),
  /** `%` and `//` differ in sign, by engine. */
  rt_modulo: subworkflow(
    ["a", "b"],
    choose(when("(int(a) != a) or (int(b) != b)", fail("% takes integers")), when("b == 0", fail("division by zero"))),
    give("a - (int(a / b) * b)"),
  ),
  rt_has: subworkflow(["of", "key"], set("known", "keys(of)"), give("key in of")),
  rt_index: subworkflow(
    ["of", "at"],
    kindOf("at"),
    choose(
      when('kind == "string"', { steps: [set("known", "keys(of)"), give("of[at]")] }),
      when('kind != "number"', fail("an index is a number or a string")),
      when("(at < 0) or (int(at) != at)", fail("an index is an integer from 0")),
    ),
    run("rt_list", { x: "of" }, "items"),
    give("items[int(at)]"),
  ),
  rt_in: subworkflow(
    ["x", "within"],
    kindOf("within"),
    choose(
      when('kind == "list"', give("x in within")),
      when('kind == "map"', { steps: [run("rt_text", { x: "x" }, "key"), give("key in within")] }),
    ),
    fail("in takes a list or a map"),
  ),
  rt_size: subworkflow(
    ["x"],
    kindOf("x"),
    choose(
      when('kind == "string"', give('len(text.find_all_regex(x, "(?s)."))')),
      when('(kind == "list") or (kind == "map")', give("len(x)")),
    ),
    fail("size takes a string, a list or a map"),
  ),
  rt_string: subworkflow(
    ["x"],
    kindOf("x"),
    choose(
      when('kind == "string"', give("x")),
      when("x == true", { return: "true" }),
      when("x == false", { return: "false" }),
      when('kind != "number"', fail("string takes a string, a bool or an integer")),
      when(
        `(int(x) != x) or ((x >= ${MAX_WRITTEN}) or (x <= (0 - ${MAX_WRITTEN})))`,
        fail("string takes integers of at most 15 digits"),
      ),
    ),
    give("string(int(x))"),
  ),
  rt_int: subworkflow(
    ["x"],
    kindOf("x"),
    constant("form", INTEGER.re2),
    choose(
      when('kind == "number"', give("int(x)")),
      when('kind != "string"', fail("int takes a number or a string")),
      when(found("x", "form"), give("int(x)")),
    ),
    fail("the text is no plain integer"),
  ),
  rt_double: subworkflow(
    ["x"],
    kindOf("x"),
    constant("form", DECIMAL.re2),
    choose(
      when('kind == "number"', give("x")),
      when('kind != "string"', fail("double takes a number or a string")),
      when(found("x", "form"), give("double(x)")),
    ),
    fail("the text is no plain decimal"),
  ),
  rt_starts_with: subworkflow(
    ["x", "part"],
    choose(when("len(x) < len(part)", { return: false })),
    give("text.substring(x, 0, len(part)) == part"),
  ),
  rt_ends_with: subworkflow(
    ["x", "part"],
    choose(when("len(x) < len(part)", { return: false })),
    give("text.substring(x, len(x) - len(part), len(x)) == part"),
  ),
  rt_contains: subworkflow(
    ["x", "part"],
    choose(when('part == ""', { return: true })),
    give("len(text.split(x, part)) > 1"),
  ),
  rt_join: subworkflow(
    ["items", "separator"],
    constant("out", ""),
    {
      for: {
        value: "item",
        index: "at",
        in: expressionText("items"),
        steps: [
          run("rt_text", { x: "item" }, "part"),
          choose(when("at > 0", set("out", "out + separator"))),
          set("out", "out + part"),
        ],
      },
    },
    give("out"),
  ),
  rt_ascii: subworkflow(
    ["x"],
    constant("form", NON_ASCII.re2),
    choose(when(found("x", "form"), fail("the text holds a character beyond ASCII"))),
    give("x"),
  ),
  rt_timestamp: subworkflow(
    ["x"],
    constant("form", TIMESTAMP.re2),
    choose(when(found("x", "form"), give("int(time.parse(x) + 0.5)"))),
    fail("the text is no time"),
  ),
} as const satisfies Readonly<Record<string, Subworkflow>>;

export type HelperName = keyof typeof HELPERS;

/** The helpers by name, and those they call. */
export function subworkflows(wanted: Iterable<HelperName>): Readonly<Record<string, Subworkflow>> {
  return withCalled(HELPERS, wanted);
}
