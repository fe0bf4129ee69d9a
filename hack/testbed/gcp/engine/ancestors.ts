/** Whether what a name lies in exists. */
import type { Definitions } from "./definitions.ts";
import { CloudError, notFound } from "./errors.ts";
import { shapeOf } from "./shape.ts";
import type { Call } from "./world.ts";

/** Throws NOT_FOUND for a name in another project than the one that exists, or below a resource that isn't there. */
export type RequireAncestors = (name: string, call: Call) => void;

/** Types that someone can create here; what nobody creates (locations, collection groups) is always there. */
function creatable(definitions: Definitions): readonly string[] {
  const creates = [...definitions.methods.values()].filter(({ name }) => name.startsWith("Create"));
  const types = creates.flatMap((method) => shapeOf(definitions, method)?.resource.type ?? []);
  return [...new Set(types)].filter((type) => !type.startsWith("cloudresourcemanager.googleapis.com/"));
}

export function ancestorsOf(definitions: Definitions): RequireAncestors {
  const types = creatable(definitions);
  return (name, { view, world: { project } }) => {
    const segments = name.split("/");
    if (segments[0] === "projects" && segments[1] !== project.id)
      throw new CloudError(
        "NOT_FOUND",
        `Requested project not found or user does not have access to it (project=${segments[1] ?? ""}).`,
      );
    for (let length = 4; length < segments.length; length += 2) {
      const ancestor = segments.slice(0, length).join("/");
      const type = types.find((one) =>
        definitions.resource(one)?.patterns.some((pattern) => pattern.matches(ancestor)),
      );
      if (type !== undefined && view.get(type, ancestor) === undefined) throw notFound(ancestor);
    }
  };
}
