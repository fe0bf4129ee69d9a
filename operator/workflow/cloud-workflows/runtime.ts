import { RUN_KEY } from "../envelope.ts";
import {
  type Body,
  choose,
  EXPRESSION_TAG,
  expressionText,
  give,
  run,
  type Subworkflow,
  set,
  subworkflow,
  when,
} from "../expression/cloud-workflows-steps.ts";
import type { ErrorClass } from "../ir.ts";
import { NOW } from "./now.ts";
import { attempt, otherwise, problem } from "./problem-steps.ts";
import { STORE_RUNTIME } from "./stores-runtime.ts";
import { BUSINESS_TAG, TAG } from "./tags.ts";

const tagged = (tag: string, errorClass: ErrorClass): Body => when(`"${tag}" in tags`, problem(errorClass));
/** Takes a field of the error where it has one of that kind. */
const take = (field: string, kind: string): Body[] => [
  attempt(
    set("taken", `e["${field}"]`),
    run("rt_type", { x: "taken" }, "kind"),
    choose(when(`kind == "${kind}"`, set(field, "taken"))),
  ),
];

/** What the tasks of a workflow call. Beside them are those of the expressions. */
export const RUNTIME = {
  /** What a run begins with: its argument is the input, or an envelope. Nothing but a map has keys. */
  rt_start: subworkflow(
    ["args"],
    { assign: [{ known: null }, { envelope: {} }] },
    attempt(set("known", "keys(args)"), set("envelope", "args")),
    choose(
      when(`"${RUN_KEY}" in envelope`, {
        return: {
          run: expressionText(`envelope["${RUN_KEY}"]`),
          input: expressionText('map.get(envelope, "input")'),
          wrapped: expressionText('"wrapped" in envelope'),
        },
      }),
    ),
    set("now", NOW),
    {
      return: {
        run: {
          id: expressionText('sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")'),
          startedAt: expressionText('now + "Z"'),
        },
        input: expressionText("args"),
        wrapped: false,
      },
    },
  ),
  /**
   * An error of any form as `{class, code, message}`. It never fails. What was raised here carries the same as JSON; of the
   * others, tags say more than codes do; and codes are what `ofStatus` says, so that a status means the same everywhere.
   */
  rt_classify: subworkflow(
    ["e"],
    {
      assign: [
        { message: "an error without a message" },
        { tags: [] },
        { code: 0 },
        { kind: null },
        { taken: null },
        { known: null },
      ],
    },
    run("rt_type", { x: "e" }, "kind"),
    choose(when('kind == "string"', set("message", "e"))),
    ...take("message", "string"),
    ...take("tags", "list"),
    ...take("code", "number"),
    attempt(
      set("known", "json.decode(message)"),
      choose(
        when(`(("${TAG}" + known["class"]) in tags) or (("${BUSINESS_TAG}" + known["code"]) in tags)`, {
          return: {
            class: expressionText('known["class"]'),
            code: expressionText('known["code"]'),
            message: expressionText('known["message"]'),
          },
        }),
      ),
    ),
    choose(
      ...[EXPRESSION_TAG, "KeyError", "TypeError", "IndexError", "ValueError", "ZeroDivisionError"].map((tag) =>
        tagged(tag, "Expression"),
      ),
      tagged("TimeoutError", "Timeout"),
      when("code == 408", problem("Timeout")),
      when("code == 429", problem("Throttled")),
      tagged("AuthError", "Denied"),
      when("(code == 401) or (code == 403)", problem("Denied")),
      when("code == 404", problem("NotFound")),
      when("code >= 500", problem("Transient")),
      when("code >= 300", problem("Business", expressionText("string(int(code))"))),
      otherwise(problem("Transient")),
    ),
  ),
  /** Raises what `rt_classify` gave, so that it gives the same again. */
  rt_raise: subworkflow(
    ["problem"],
    set("tag", `"${TAG}" + problem["class"]`),
    choose(when('problem["class"] == "Business"', set("tag", `"${BUSINESS_TAG}" + problem["code"]`))),
    { raise: { message: expressionText("json.encode_to_string(problem)"), tags: [expressionText("tag")] } },
  ),
  /** The map that holds one value: no engine needs to know how to write to a key. */
  rt_entry: subworkflow(
    ["name", "item"],
    {
      assign: [
        { open: "{" },
        { middle: ":" },
        { close: "}" },
        { content: expressionText("json.encode_to_string(item)") },
        { head: expressionText("(open + json.encode_to_string(name)) + middle") },
      ],
    },
    give("json.decode((head + content) + close)"),
  ),
  /**
   * The outputs of branches in order; or the error of the first of them that failed is raised. `slots` has one for each of
   * `items`, under the text of its index.
   */
  rt_collect: subworkflow(
    ["slots", "items"],
    { assign: [{ outputs: [] }, { failed: null }] },
    {
      for: {
        value: "ignored",
        index: "at",
        in: expressionText("items"),
        steps: [
          set("slot", "slots[string((len(items) - 1) - at)]"),
          choose(
            when('"err" in slot', set("failed", 'slot["err"]')),
            otherwise(set("outputs", 'list.prepend(outputs, slot["ok"])')),
          ),
        ],
      },
    },
    choose(when("failed != null", { steps: [run("rt_raise", { problem: "failed" }, "ignored")] })),
    give("outputs"),
  ),
  /** Such as headers or attributes. */
  rt_texts: subworkflow(
    ["x"],
    run("rt_map", { x: "x" }, "texts"),
    {
      for: {
        value: "name",
        in: expressionText("keys(texts)"),
        steps: [set("each", "texts[name]"), run("rt_text", { x: "each" }, "each")],
      },
    },
    give("texts"),
  ),
  /** What `http.request` gave, when it was a success: engines raise from 400 on, and hand on what is between. */
  rt_answer: subworkflow(
    ["response"],
    set("status", 'response["code"]'),
    choose(
      when("(status < 200) or (status >= 300)", {
        steps: [
          {
            assign: [
              {
                failure: {
                  message: expressionText('"HTTP status " + string(status)'),
                  code: expressionText("status"),
                  tags: ["HttpError"],
                },
              },
            ],
          },
          { raise: expressionText("failure") },
        ],
      }),
    ),
    { return: { status: expressionText("status"), body: expressionText('map.get(response, "body")') } },
  ),
  /** What a run that another one waits for gave. */
  rt_unwrap: subworkflow(
    ["given"],
    choose(when('"err" in given', { steps: [run("rt_raise", { problem: 'given["err"]' }, "ignored")] })),
    give('given["ok"]'),
  ),
  ...STORE_RUNTIME,
} as const satisfies Readonly<Record<string, Subworkflow>>;

export type RuntimeName = keyof typeof RUNTIME;
