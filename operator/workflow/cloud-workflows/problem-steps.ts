import { type Body, constant, expressionText } from "../expression/cloud-workflows-steps.ts";
import type { ErrorClass } from "../ir.ts";

/** Returns a problem whose message is in the variable `message`. */
export const problem = (errorClass: ErrorClass, code = ""): Body => ({
  return: { class: errorClass, code, message: expressionText("message") },
});

export const otherwise = (body: Body): Body => ({ condition: true, ...body });

/** Steps that may fail: then `known` is null. */
export const attempt = (...steps: Body[]): Body => ({
  try: { steps },
  except: { as: "missed", steps: [constant("known", null)] },
});
