/**
 * What identifies an item of a list that several may write to (`x-kubernetes-list-type: map`). A list that is not named
 * here is one value: its order and length count.
 */
const KEYS: ReadonlyMap<string, readonly (readonly string[])[]> = new Map(
  Object.entries({
    containers: [["name"]],
    initContainers: [["name"]],
    env: [["name"]],
    // Of a container by containerPort, of a Service by port; the ports of a NetworkPolicy have no name and are one value.
    ports: [
      ["name", "containerPort"],
      ["name", "port"],
    ],
    volumes: [["name"]],
    volumeMounts: [["mountPath"]],
    topologySpreadConstraints: [["topologyKey", "whenUnsatisfiable"]],
    ownerReferences: [["uid"]],
    grants: [["kind", "name", "access"]],
    conditions: [["type"]],
  }),
);

/** The identity of each item of the list under `field`, or undefined when the list is one value. */
export function identities(field: string, items: readonly unknown[]): readonly string[] | undefined {
  for (const keys of KEYS.get(field) ?? []) {
    const named = items.map((item) => identity(item, keys));
    if (named.every((one) => one !== undefined) && new Set(named).size === named.length) return named;
  }
  return undefined;
}

function identity(item: unknown, keys: readonly string[]): string | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  const values = keys.map((key) => (item as Record<string, unknown>)[key]);
  return values.some((value) => value === undefined) ? undefined : values.join("/");
}
