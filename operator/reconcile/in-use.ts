/** An object that could not do without the resource of another one. */
export interface User {
  /** Kind, namespace and name. */
  readonly name: string;
  /** It is being deleted itself. */
  readonly leaving: boolean;
}

/** The names that a message has room for. */
const NAMED = 5;

/**
 * Why a resource can't be deleted yet, for people: some users stay, or all of them are on their way out. Undefined: nobody
 * uses it.
 */
export function inUse(
  users: readonly User[],
  id: string,
): { readonly staying: string } | { readonly leaving: string } | undefined {
  if (users.length === 0) return undefined;
  const staying = users.filter(({ leaving }) => !leaving);
  if (staying.length === 0) return { leaving: `${id} is deleted once those that use it are gone: ${named(users)}.` };
  return {
    staying: `${id} is in use by ${named(staying)}. It is deleted once they are deleted or refer to another one; to let this object go and keep it in the cloud, set spec.deletionPolicy: Retain.`,
  };
}

function named(users: readonly User[]): string {
  const names = users.slice(0, NAMED).map(({ name }) => name);
  return users.length > NAMED ? `${names.join(", ")} and ${users.length - NAMED} more` : names.join(", ");
}
