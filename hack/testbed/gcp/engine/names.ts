/** Resource names and the patterns that `google.api.resource` and `google.api.http` give for them. */

const escapeRegex = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A resource pattern such as `projects/{project}/topics/{topic}`. */
export interface NamePattern {
  readonly text: string;
  matches(name: string): boolean;
  /** Collection id of the last segment, such as `topics`; empty for a singleton or a fixed name. */
  readonly collection: string;
  /** The pattern that a parent's name has, or undefined at the top. */
  readonly parent: string | undefined;
}

export function namePattern(text: string): NamePattern {
  const segments = text.split("/");
  const source = segments.map((segment) => (/^\{.+\}$/.test(segment) ? "[^/]+" : escapeRegex(segment))).join("/");
  const regex = new RegExp(`^${source}$`);
  const variable = /^\{.+\}$/.test(segments.at(-1) ?? "");
  const parent = segments.slice(0, variable ? -2 : -1).join("/");
  return {
    text,
    matches: (name) => text === "*" || regex.test(name),
    collection: variable ? (segments.at(-2) ?? "") : "",
    parent: parent === "" ? undefined : parent,
  };
}

/** The parent of a resource name: `projects/p/topics/t` → `projects/p`. */
export const parentName = (name: string): string => name.split("/").slice(0, -2).join("/");
/** The last segment of a name. */
export const shortName = (name: string): string => name.slice(name.lastIndexOf("/") + 1);
/** The project id that a name starts with, or "". */
export const projectOf = (name: string): string => /^projects\/([^/]+)/.exec(name)?.[1] ?? "";

/** The segment that follows `collection` in a name: segmentAfter("projects/p/databases/d/x", "databases") → "d". */
export function segmentAfter(name: string, collection: string): string | undefined {
  const segments = name.split("/");
  const index = segments.indexOf(collection);
  return index < 0 ? undefined : segments[index + 1];
}
