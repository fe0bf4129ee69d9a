/** A kind of object as the API server addresses it. */
export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** One object: its namespace (none for cluster-wide kinds) and its name. */
export interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** metav1.ObjectMeta of an object that the API server gave. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly unknown[];
}

/** An object that the API server gave. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** `group/version`, or the version alone for the core group. */
export function apiVersionOf(type: ResourceType): string {
  return type.group ? `${type.group}/${type.version}` : type.version;
}

/** The type as people read it: `queues.onyx.onelens.io`. */
export function nameOfType(type: ResourceType): string {
  return type.group ? `${type.plural}.${type.group}` : type.plural;
}

/** The key of an object within its type: `namespace/name`, or the name alone for cluster-wide kinds. */
export function keyOf({ namespace, name }: ObjectName): string {
  return namespace ? `${namespace}/${name}` : name;
}

/** What `keyOf` was made of. */
export function nameOfKey(key: string): ObjectName {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/**
 * The path of a collection: of one namespace, or of the whole cluster without one.
 * @throws Error for a namespace with a cluster-wide kind
 */
export function collectionPath(type: ResourceType, namespace?: string): string {
  if (namespace && !type.namespaced) {
    throw new Error(`${nameOfType(type)} belong to no namespace, but namespace "${namespace}" was given.`);
  }
  const root = type.group ? `/apis/${type.group}/${type.version}` : `/api/${type.version}`;
  return namespace ? `${root}/namespaces/${encodeURIComponent(namespace)}/${type.plural}` : `${root}/${type.plural}`;
}

/**
 * The path of one object, or of a subresource of it.
 * @throws Error without a name, or without a namespace where the kind needs one
 */
export function objectPath(type: ResourceType, at: ObjectName, subresource?: string): string {
  if (!at.name) throw new Error(`A name is needed to address one of ${nameOfType(type)}.`);
  if (type.namespaced && !at.namespace) throw new Error(`${nameOfType(type)} "${at.name}": its namespace is missing.`);
  const path = `${collectionPath(type, at.namespace)}/${encodeURIComponent(at.name)}`;
  return subresource ? `${path}/${subresource}` : path;
}
