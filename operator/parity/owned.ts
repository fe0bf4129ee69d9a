/** metadata.managedFields, as far as it is read here. */
interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: Fields;
}
type Fields = { readonly [key: string]: Fields };

const OURS = /^onyx-operator\/[^/]+$/;

/**
 * The part of an object that the operator applied, by its managedFields: what admission or other controllers added on
 * one cluster is none of our differences. An object that we did not apply comes back whole.
 */
export function ownedPart(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const metadata = object.metadata as { managedFields?: readonly ManagedFields[]; name?: string; namespace?: string };
  const mine = metadata.managedFields?.find(
    (one) => one.operation === "Apply" && !one.subresource && OURS.test(one.manager ?? ""),
  );
  if (!mine?.fieldsV1) return object;
  const { apiVersion, kind } = object;
  const owned = project(object, mine.fieldsV1) as { readonly metadata?: object };
  const { name, namespace } = metadata;
  return { ...owned, apiVersion, kind, metadata: { ...owned.metadata, name, namespace } };
}

/** `f:` names a field, `k:` an item of a list by its keys, `v:` an item by its value; what has nothing below is whole. */
function project(value: unknown, fields: Fields): unknown {
  const below = Object.keys(fields).filter((key) => key !== ".");
  if (below.length === 0) return value;
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      const field = below.find((key) => names(key, item));
      return field === undefined ? [] : [project(item, fields[field] as Fields)];
    });
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const own = Object.hasOwn(fields, `f:${key}`) ? fields[`f:${key}`] : undefined;
      return own ? [[key, project(item, own)]] : [];
    }),
  );
}

function names(key: string, item: unknown): boolean {
  if (key.startsWith("v:")) return JSON.stringify(item) === key.slice(2);
  if (!key.startsWith("k:") || typeof item !== "object" || item === null) return false;
  const keys = JSON.parse(key.slice(2)) as Record<string, unknown>;
  return Object.entries(keys).every(([name, value]) => (item as Record<string, unknown>)[name] === value);
}
