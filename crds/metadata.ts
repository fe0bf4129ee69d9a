import type { Rule } from "./rules.ts";

/** metadata of an object, as far as the operator reads it. Times are RFC 3339 strings, as on the wire. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/**
 * Names end up in labels, tags and names of the cloud: a DNS label that begins with a letter. What isn't even a name
 * of Kubernetes is left to Kubernetes, so that there is one message.
 */
export function nameRule(maxLength: number): Rule {
  const name = "self.metadata.name";
  return {
    rule: `!${name}.matches('^[a-z0-9.-]+$') || (${name}.size() <= ${maxLength} && ${name}.matches('^[a-z][a-z0-9-]*$'))`,
    message: `the name must begin with a letter and have at most ${maxLength} characters of a-z, 0-9 and '-': it becomes part of labels, tags and names in the cloud`,
    fieldPath: ".metadata.name",
  };
}
