import { z } from "zod";
import { exactlyOne, withRules } from "./rules.ts";
import { objectName, text } from "./text.ts";

/** An object of the same namespace by name, or a thing in the cloud that no object stands for. */
export const reference = (kind: string, id: string) =>
  withRules(
    z
      .strictObject({
        name: objectName().optional().describe(`Name of the ${kind}, in the namespace of this object.`),
        external: text(512)
          .optional()
          .describe(`${id} of one that this cluster doesn't manage. It is a value of one cloud.`),
      })
      .refine((ref) => (ref.name === undefined) !== (ref.external === undefined), "give exactly one of name, external"),
    exactlyOne("name", "external"),
  );

/** What a reference to another object looks like once it is read. */
export type Reference = z.output<ReturnType<typeof reference>>;

/** An object of the same namespace, or a cluster-scoped one. */
export const localReference = (kind: string) => z.strictObject({ name: objectName().describe(`Name of the ${kind}.`) });
