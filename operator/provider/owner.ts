import { createHash } from "node:crypto";

/** Who a cloud resource belongs to: written on it as tags, read back before every change. */
export interface Owner {
  readonly environment: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  /** UID of the Kubernetes object that last wrote it; a recreated object takes over (same name, other uid). */
  readonly uid: string;
}

/** Tags or labels. A null value means: this key was ours and must be gone. */
export type Tags = Readonly<Record<string, string | null>>;

/** Tags that were found with the wanted ones set, and those taken off that are to go; what others put there stays. */
export function mergeTags(found: Readonly<Record<string, string>>, wanted: Tags): Record<string, string> {
  const merged: Record<string, string> = { ...found };
  for (const [key, value] of Object.entries(wanted)) {
    if (value === null) delete merged[key];
    else merged[key] = value;
  }
  return merged;
}

/**
 * Our marks as tags. Names and values fit the stricter of the two clouds: GCP labels are lower-case
 * [a-z0-9_-], at most 63 characters; Kubernetes names fit but for their length and dots.
 */
const MARKS = {
  environment: "onyx-environment",
  cluster: "onyx-cluster",
  namespace: "onyx-namespace",
  kind: "onyx-kind",
  name: "onyx-name",
  uid: "onyx-uid",
} as const satisfies Record<keyof Owner, string>;

/** True for the tag keys that carry ownership. */
export const isMark = (key: string): boolean => Object.values<string>(MARKS).includes(key);

/**
 * The tag keys that name the living object that holds a resource. Release takes them off and leaves the others, which
 * say whose it was: the same object made again finds it, and everybody else may adopt it.
 */
export const HOLDER_MARKS: readonly string[] = [MARKS.cluster, MARKS.uid];

/** True when the object that held it let go of it (deletionPolicy Retain). */
export const isReleased = (owner: Owner): boolean => owner.cluster === "" && owner.uid === "";

/** The owner as tags, the same on both clouds. */
export function ownerTags(owner: Owner): Record<string, string> {
  return Object.fromEntries(
    (Object.keys(MARKS) as (keyof Owner)[]).map((field) => [MARKS[field], tagValue(owner[field])]),
  );
}

/** The owner that tags tell, or undefined when a mark is missing: then the resource isn't ours. */
export function ownerOf(tags: Readonly<Record<string, string | null | undefined>>): Owner | undefined {
  const read = (field: keyof Owner) => tags[MARKS[field]] ?? "";
  const owner: Owner = {
    environment: read("environment"),
    cluster: read("cluster"),
    namespace: read("namespace"),
    kind: read("kind"),
    name: read("name"),
    uid: read("uid"),
  };
  return owner.environment && owner.namespace && owner.kind && owner.name ? owner : undefined;
}

/** Same object: environment, namespace, kind and name. Cluster and uid are judged by `decide`. */
export function sameObject(a: Owner, b: Owner): boolean {
  return (["environment", "namespace", "kind", "name"] as const).every(
    (field) => tagValue(a[field]) === tagValue(b[field]),
  );
}

/**
 * A value that both clouds take and that comes back as it was written: GCP's label charset. What does not fit is
 * encoded once, here, so that a diff never sees two forms: lower case, other characters become `_`, and what is
 * longer than 63 keeps its head and gets a hash.
 */
export function tagValue(value: string): string {
  const clean = value.toLowerCase().replace(/[^a-z0-9_-]/g, "_");
  if (clean.length <= 63) return clean;
  return `${clean.slice(0, 54)}-${shortHash(value, 8)}`;
}

/** The first characters of a SHA-256 in base 36: stable names, not security. At most 40 characters. */
export function shortHash(text: string, length: number): string {
  const digest = createHash("sha256").update(text).digest("hex");
  return BigInt(`0x${digest}`).toString(36).padStart(50, "0").slice(0, length);
}
