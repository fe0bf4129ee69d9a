import { ApiError } from "../runtime/errors.ts";
import type { ChildKind } from "./composite-object.ts";
import { type Next, SLOW } from "./gather.ts";
import type { Reason } from "./reasons.ts";

/** Why the API server did not take a child, and when to try again. */
export interface Refusal {
  readonly reason: Reason;
  readonly message: string;
  readonly next: Next;
}

const MISSING_API_MS = 60_000;

/** What an unserved API comes to. */
export function missingApi(kind: ChildKind): Refusal {
  return {
    reason: "MissingApi",
    message: `The cluster does not serve ${kind.plural}.${kind.group}/${kind.version}. Install ${kind.install}; the rest is applied without it.`,
    next: { when: "after", ms: MISSING_API_MS },
  };
}

/**
 * Puts the API server's no into a reason. Undefined when it is no answer about this object (unreachable, overloaded,
 * lease lost): then the whole pass fails and is run again.
 */
export function refusal(error: unknown, kind: ChildKind): Refusal | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const { message } = error;
  switch (error.status) {
    case 403:
      if (/exceeded quota/i.test(message)) return { reason: "QuotaExceeded", message, next: SLOW };
      return { reason: deniedByPolicy(message) ? "Refused" : "AccessDenied", message, next: SLOW };
    case 400:
    case 422:
      // Made anew since we looked: the uid that we know is that of another object.
      if (error.details?.causes?.some((cause) => cause.field === "metadata.uid"))
        return { reason: "Conflict", message, next: { when: "backoff" } };
      return { reason: "Refused", message, next: SLOW };
    case 409:
      return { reason: "Conflict", message, next: { when: "backoff" } };
    case 404:
      if (error.details?.kind === "namespaces")
        return {
          reason: "DependencyNotFound",
          message: `Namespace ${error.details.name} does not exist. Create it.`,
          next: { when: "backoff" },
        };
      return kind.install ? missingApi(kind) : undefined;
    default:
      return undefined;
  }
}

/** RBAC says `User "x" cannot patch resource`; a policy or webhook says why it does not like the object. */
const deniedByPolicy = (message: string): boolean => !/ cannot \w+ resource /.test(message);
