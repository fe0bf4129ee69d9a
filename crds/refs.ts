import { z } from "zod";
import { exactlyOne, withRules } from "./rules.ts";
import { objectName, text } from "./text.ts";

/** `name` or `external`, and not both. */
export const oneOf = <Fields extends z.ZodType<{ name?: string | undefined; external?: string | undefined }>>(
  fields: Fields,
) =>
  withRules(
    fields.refine(
      (ref) => (ref.name === undefined) !== (ref.external === undefined),
      "give exactly one of name, external",
    ),
    exactlyOne("name", "external"),
  );

/** An object of the same namespace by name, or a thing in the cloud that no object stands for. */
export const reference = (kind: string, id: string) =>
  oneOf(
    z.strictObject({
      name: objectName().optional().describe(`Name of the ${kind}, in the namespace of this object.`),
      external: text(512)
        .optional()
        .describe(`${id} of one that this cluster doesn't manage. It is a value of one cloud.`),
    }),
  );

/** What a reference to another object looks like once it is read. */
export type Reference = z.output<ReturnType<typeof reference>>;

/** An object of the same namespace, or a cluster-scoped one. */
export const localReference = (kind: string) => z.strictObject({ name: objectName().describe(`Name of the ${kind}.`) });
