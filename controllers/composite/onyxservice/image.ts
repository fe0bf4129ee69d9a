/**
 * The image with its registry: a name without a host (no dot, no colon and not `localhost` before the first `/`) is
 * taken from the Environment's registry.
 */
export function imageOf(image: string, registry: string | undefined): string {
  const slash = image.indexOf("/");
  const head = slash < 0 ? "" : image.slice(0, slash);
  const hasHost = head === "localhost" || head.includes(".") || head.includes(":");
  return hasHost || registry === undefined ? image : `${registry}/${image}`;
}

/** The tag as a label's value, or undefined: there is none, or it is no value of a label. */
export function tagOf(image: string): string | undefined {
  const tag = tagIn(image);
  return tag !== undefined && /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(tag) ? tag : undefined;
}

/** What Kubernetes would take when nothing is said, written out: it would not follow a later change of the tag. */
export function pullPolicyOf(image: string): "Always" | "IfNotPresent" {
  if (image.includes("@")) return "IfNotPresent";
  return (tagIn(image) ?? "latest") === "latest" ? "Always" : "IfNotPresent";
}

function tagIn(image: string): string | undefined {
  const name = image.split("@")[0]?.split("/").at(-1) ?? "";
  const colon = name.indexOf(":");
  return colon < 0 ? undefined : name.slice(colon + 1);
}
