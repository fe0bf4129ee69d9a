import { CONFLICT } from "../calls.ts";
import {
  type Body,
  choose,
  expressionText,
  fail,
  give,
  run,
  type Subworkflow,
  set,
  subworkflow,
  when,
} from "../expression/cloud-workflows-steps.ts";
import { MAX_EXPIRY, RESERVED_NAME } from "../tables/schema.ts";
import { attempt, problem } from "./problem-steps.ts";

const kindOf = (name: string, result = "kind") => run("rt_type", { x: name }, result);
const loop = (value: string, over: string, ...steps: Body[]): Body => ({
  for: { value, index: "at", in: expressionText(over), steps },
});
/** From the last to the first: a list grows at its beginning on every engine alike. */
const backwards = (list: string, ...steps: Body[]): Body =>
  loop("ignored", list, set("item", `${list}[(len(${list}) - 1) - at]`), ...steps);
const matches = (text: string, pattern: string) => `(len(text.find_all_regex(${text}, ${pattern})) > 0)`;
const joined = (part: string): Body[] => [choose(when("at > 0", set("out", 'out + ","'))), set("out", `out + ${part}`)];
const given = (kind: string, ...steps: Body[]) => when(`kind == "${kind}"`, { steps });
const held = (field: string, ...steps: Body[]) => when(`"${field}" in known`, { steps });

/**
 * What calls of Tables and Buckets go by. A value of Firestore is made as text, so that no engine needs to know how to write to
 * a key: https://cloud.google.com/firestore/docs/reference/rest/v1/Value
 */
export const STORE_RUNTIME = {
  /** A value as one of Firestore, in JSON. `left`: so many lists and maps may still be within each other. */
  rt_attribute: subworkflow(
    ["x", "left"],
    {
      assign: [
        { out: "" },
        { as_null: '{"nullValue":null}' },
        { as_bool: '{"booleanValue":' },
        { as_text: '{"stringValue":' },
        { as_whole: '{"integerValue":"' },
        { as_double: '{"doubleValue":' },
        { as_list: '{"arrayValue":{"values":[' },
        { as_map: '{"mapValue":{"fields":' },
        { close: "}" },
        { close_whole: '"}' },
        { close_list: "]}}" },
        { close_map: "}}" },
      ],
    },
    kindOf("x"),
    choose(
      given("null", give("as_null")),
      given("bool", give("(as_bool + json.encode_to_string(x)) + close")),
      given("string", give("(as_text + json.encode_to_string(x)) + close")),
      given(
        "number",
        choose(when("int(x) == x", give("(as_whole + string(int(x))) + close_whole"))),
        give("(as_double + json.encode_to_string(x)) + close"),
      ),
      when("left < 1", fail("too many lists and maps are within each other")),
      given("map", run("rt_fields", { x: "x", left: "left - 1" }, "inner"), give("(as_map + inner) + close_map")),
    ),
    loop(
      "item",
      "x",
      kindOf("item", "of"),
      choose(when('of == "list"', fail("a list lies in a list"))),
      run("rt_attribute", { x: "item", left: "left - 1" }, "inner"),
      ...joined("inner"),
    ),
    give("(as_list + out) + close_list"),
  ),
  /** A map as `fields` of a document, in JSON. */
  rt_fields: subworkflow(
    ["x", "left"],
    { assign: [{ out: "" }, { open: "{" }, { close: "}" }, { form: RESERVED_NAME }] },
    loop(
      "name",
      "keys(x)",
      choose(when(`(name == "") or ${matches("name", "form")}`, fail("no attribute is called so"))),
      run("rt_attribute", { x: "x[name]", left: "left" }, "inner"),
      ...joined('((json.encode_to_string(name) + ":") + inner)'),
    ),
    give("(open + out) + close"),
  ),
  /** The attributes of an item as `fields` of a document. `ttl`: the attribute that holds the expiry, or null. */
  rt_document: subworkflow(
    ["x", "ttl", "left"],
    run("rt_fields", { x: "x", left: "left" }, "written"),
    set("fields", "json.decode(written)"),
    choose(when("ttl == null", give("fields"))),
    set("known", "keys(x)"),
    choose(when("(ttl in known) == false", give("fields"))),
    run("rt_key", { x: "x[ttl]", type: '"number"', whole: "true" }, "seconds"),
    choose(when(`(seconds < 0) or (seconds > ${MAX_EXPIRY})`, fail("an item expires between 1970 and 9999"))),
    { assign: [{ moment: { timestampValue: expressionText("time.format(int(seconds))") } }] },
    run("rt_entry", { name: "ttl", item: "moment" }, "expiry"),
    give("map.merge(fields, expiry)"),
  ),
  /** A value that is compared with attributes, as one of Firestore. */
  rt_compared: subworkflow(["x"], run("rt_attribute", { x: "x", left: "0" }, "written"), give("json.decode(written)")),
  /** A value of Firestore as a plain one. */
  rt_plain: subworkflow(
    ["of"],
    set("known", "keys(of)"),
    choose(
      held("stringValue", give('of["stringValue"]')),
      held("booleanValue", give('of["booleanValue"]')),
      held("timestampValue", give('of["timestampValue"]')),
      held("nullValue", { return: null }),
      held("integerValue", run("rt_range", { x: 'int(of["integerValue"])' }, "number"), give("number")),
      held(
        "doubleValue",
        kindOf('of["doubleValue"]'),
        choose(when('kind != "number"', fail("a number is none"))),
        run("rt_range", { x: 'of["doubleValue"]' }, "number"),
        give("number"),
      ),
      held("mapValue", run("rt_plain_map", { of: 'of["mapValue"]' }, "plain"), give("plain")),
      when('("arrayValue" in known) == false', fail("no value of a workflow")),
    ),
    set("array", 'of["arrayValue"]'),
    set("known", "keys(array)"),
    { assign: [{ plain: [] }] },
    choose(when('("values" in known) == false', give("plain"))),
    set("values", 'array["values"]'),
    backwards("values", run("rt_plain", { of: "item" }, "each"), set("plain", "list.prepend(plain, each)")),
    give("plain"),
  ),
  /** What has `fields`, a document or a map of Firestore, as a plain map. */
  rt_plain_map: subworkflow(
    ["of"],
    set("known", "keys(of)"),
    { assign: [{ plain: {} }] },
    choose(when('("fields" in known) == false', give("plain"))),
    set("fields", 'of["fields"]'),
    loop(
      "name",
      "keys(fields)",
      run("rt_plain", { of: "fields[name]" }, "each"),
      run("rt_entry", { name: "name", item: "each" }, "entry"),
      set("plain", "map.merge(plain, entry)"),
    ),
    give("plain"),
  ),
  /** A document as the item that it holds. */
  rt_item: subworkflow(
    ["document", "ttl"],
    run("rt_plain_map", { of: "document" }, "item"),
    choose(when("ttl == null", give("item"))),
    set("known", "keys(item)"),
    choose(when("(ttl in known) == false", give("item"))),
    set("known", 'keys(document["fields"][ttl])'),
    choose(when('("timestampValue" in known) == false', give("item"))),
    set("seconds", "int(time.parse(item[ttl]) + 0.5)"),
    run("rt_entry", { name: "ttl", item: "seconds" }, "expiry"),
    give("map.merge(item, expiry)"),
  ),
  /** The item in what batchGet answers; null where the document is missing. */
  rt_found: subworkflow(
    ["answers", "ttl"],
    loop(
      "answer",
      "answers",
      set("known", "keys(answer)"),
      choose(held("found", run("rt_item", { document: 'answer["found"]', ttl: "ttl" }, "item"), give("item"))),
    ),
    { return: null },
  ),
  /** The items in what runQuery answers, which has entries without a document too. */
  rt_items: subworkflow(
    ["answers", "ttl"],
    { assign: [{ items: [] }] },
    backwards(
      "answers",
      set("known", "keys(item)"),
      choose(
        held(
          "document",
          run("rt_item", { document: 'item["document"]', ttl: "ttl" }, "each"),
          set("items", "list.prepend(items, each)"),
        ),
      ),
    ),
    give("items"),
  ),
  /** A value of a key, if it is one. */
  rt_key: subworkflow(
    ["x", "type", "whole"],
    kindOf("x"),
    choose(
      when("kind != type", fail("a key is of another type")),
      when('x == ""', fail("a key is empty")),
      when('kind == "string"', give("x")),
      when("(whole == false) or (int(x) == x)", give("x")),
    ),
    fail("a key has a fraction"),
  ),
  /** Looks at an attribute of an index where it is there. */
  rt_indexed: subworkflow(
    ["of", "name", "type"],
    set("known", "keys(of)"),
    choose(when("(name in known) == false", { return: true })),
    run("rt_key", { x: "of[name]", type: "type", whole: "false" }, "ignored"),
    { return: true },
  ),
  /** A map of so many keys: itself. */
  rt_only: subworkflow(
    ["x", "count"],
    run("rt_map", { x: "x" }, "known"),
    choose(when("len(known) != count", fail("a key has other attributes"))),
    give("x"),
  ),
  /** The id of the document that holds an item, by the values of its key. */
  rt_id: subworkflow(
    ["parts"],
    { assign: [{ out: "" }, { dot: "^[.]" }, { line: "^_" }] },
    loop(
      "part",
      "parts",
      kindOf("part"),
      choose(when("at > 0", set("out", 'out + ":"'))),
      choose(
        when('kind == "number"', set("out", "out + string(int(part))")),
        when(
          'kind == "string"',
          set(
            "out",
            'out + text.replace_all(text.replace_all(text.replace_all(part, "%", "%25"), "/", "%2F"), ":", "%3A")',
          ),
        ),
      ),
    ),
    choose(
      when(matches("out", "dot"), give('"%2E" + text.substring(out, 1, len(out))')),
      when(matches("out", "line"), give('"%5F" + text.substring(out, 1, len(out))')),
    ),
    give("out"),
  ),
  /** The name of an object. */
  rt_object: subworkflow(
    ["x"],
    run("rt_text", { x: "x" }, "name"),
    choose(when('name == ""', fail("an object has a name"))),
    give("name"),
  ),
  /** What an object holds: an engine decodes JSON that is called so, and leaves any other text. */
  rt_json: subworkflow(
    ["body"],
    kindOf("body"),
    choose(
      given(
        "string",
        set("known", "body"),
        attempt(set("known", "json.decode(body)")),
        set("body", "known"),
        kindOf("body"),
      ),
    ),
    choose(when('(kind == "map") or (kind == "list")', give("body"))),
    fail("an object is neither a map nor a list in JSON"),
  ),
  /** Fails as `e` says, where a condition of a write did not hold with that; writes that met another one may be tried again. */
  rt_store_failed: subworkflow(
    ["e"],
    run("rt_classify", { e: "e" }, "problem"),
    { assign: [{ status: "" }, { known: null }, { message: expressionText('problem["message"]') }] },
    attempt(set("status", 'e["body"]["error"]["status"]')),
    choose(
      when('problem["class"] != "Business"', give("problem")),
      when('(problem["code"] == "412") or (status == "ALREADY_EXISTS")', problem("Business", CONFLICT)),
      when('problem["code"] == "409"', problem("Transient")),
    ),
    give("problem"),
  ),
} as const satisfies Readonly<Record<string, Subworkflow>>;
