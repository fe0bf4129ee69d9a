import { expect, it } from "vitest";
import { problemOf } from "./problem.ts";

const raised = (problem: object, ...tags: string[]) => JSON.stringify({ message: JSON.stringify(problem), tags });
const empty = { class: "Business", code: "Empty", message: 'no "tea" \\ \n ü😀' };
const denied = { class: "Denied", code: "", message: "" };

it.each<[string, string, object]>([
  ["a Business error of our own", raised(empty, "Wf.Business.Empty"), empty],
  ["another one of our own", raised(denied, "Wf.Denied"), denied],
  ["one that has been raised with more tags", raised(denied, "HttpError", "Wf.Denied"), denied],
  ["a code that no class but Business has", raised({ ...denied, code: "x" }, "Wf.Denied"), denied],
])("%s is what it was raised as", (_what, payload, problem) => expect(problemOf(payload)).toEqual(problem));

it.each([
  ["the tag of another class", raised(denied, "Wf.Timeout"), JSON.stringify(denied)],
  ["the tag of another code", raised(empty, "Wf.Business.Full"), JSON.stringify(empty)],
  ["no tags", JSON.stringify({ message: JSON.stringify(denied) }), JSON.stringify(denied)],
  ["half a problem", raised({ class: "Denied" }, "Wf.Denied"), '{"class":"Denied"}'],
  ["a message that is no JSON", JSON.stringify({ message: "oh", tags: ["HttpError"], code: 500 }), "oh"],
  ["no message", '{"tags":["Wf.Denied"],"code":7}', '{"tags":["Wf.Denied"],"code":7}'],
  ["a text in JSON", '"out of memory"', "out of memory"],
  ["plain text", "ResourceLimitError: memory", "ResourceLimitError: memory"],
  ["a number", "7", "7"],
  ["null", "null", "null"],
  ["a list", '["Wf.Denied"]', '["Wf.Denied"]'],
  ["nothing", "", ""],
])("what has %s is Transient, in the words that there are", (_what, payload, message) =>
  expect(problemOf(payload)).toEqual({ class: "Transient", code: "", message }),
);
