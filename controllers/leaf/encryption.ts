import type { Given, Naming, Reference } from "../../operator/reconcile/leaf-object.ts";

/** The part of spec that names a customer's key: the same for every kind that can be encrypted with one. */
interface Encryptable {
  readonly encryption?:
    | { readonly keyRef: { readonly name?: string | undefined; readonly external?: string | undefined } }
    | undefined;
}

const FIELD = "encryption.keyRef";

/** What `spec.encryption.keyRef` refers to: an EncryptionKey of the same namespace; nothing where the key is external. */
export function keyReferences({ encryption }: Encryptable): readonly Reference[] {
  const name = encryption?.keyRef.name;
  return name === undefined ? [] : [{ field: FIELD, kind: "EncryptionKey", name }];
}

/**
 * The cloud's id of the key that spec asks for, for `Want.encryptionKey`; null: the key that the cloud manages.
 *
 * @throws Error when spec asks for a key that can't be told: nothing is made without the encryption that was asked for
 */
export function encryptionKeyOf({ encryption }: Encryptable, given: Pick<Given, "target">): string | null {
  if (!encryption) return null;
  const key = encryption.keyRef.external ?? given.target(FIELD).outputs.KEY_ID;
  if (!key) throw new Error(`EncryptionKey ${encryption.keyRef.name} (spec.${FIELD}) has no KEY_ID in status.outputs`);
  return key;
}

/** `spec.encryption` for the key that encrypts a resource, for `specOf`. */
export const encryptionSpec = (key: string | null | undefined, naming: Naming): Encryptable["encryption"] =>
  key ? { keyRef: naming.reference("EncryptionKey", key) } : undefined;
