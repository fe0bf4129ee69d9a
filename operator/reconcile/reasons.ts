import type { Fault } from "../provider/fault.ts";

/**
 * Every reason that a condition or event of ours can carry, with what it means and what to do. The reference page
 * docs/reference/conditions.md is generated from it.
 */
export const REASONS = {
  Pending: "Accepted, not looked at yet.",
  Available: "It is there and usable.",
  Creating: "The cloud is making it.",
  Updating: "The cloud is changing it.",
  Deleting: "The cloud is deleting it.",
  Deleted: "It is gone from the cloud.",
  Retained: "The object is gone, the cloud resource stays, by deletionPolicy Retain.",
  Adopted: "A resource that was there before now carries our marks.",
  TakenOver: "A resource of an earlier object of the same name was found again and is ours still.",
  DependencyNotFound: "An object that spec refers to does not exist. Create it, or correct the reference.",
  DependencyNotReady: "An object that spec refers to is not Ready yet. It goes on by itself when that one is.",
  EnvironmentNotReady: "The cluster's Environment is missing, not Ready, or not the one this object was made in.",
  NotServed:
    "The Environment does not serve the object's namespace: its spec.namespaces does not list it. Name another Environment, or have the namespace added.",
  InvalidSpec: "The spec can never work as it is; the message names the field. Nothing is retried until spec changes.",
  Immutable:
    "A field was changed that this cloud can't change on a living resource. Put the old value back, make a new object, or approve its replacement.",
  Replacing: "A new one is made in the place of the old, on your word; the old one serves until the new one is ready.",
  AwaitingApproval:
    "What holds data would be destroyed, or something changed that nobody can undo. The message names what is lost and the word to write in the annotation onyx.onelens.io/approve.",
  OutsidePortableRange:
    "A field is outside what both clouds can do. Change it, or set portability: Warn to take what this cloud gives.",
  Clamped: "This cloud does less than asked: status.deviations tells what it does instead.",
  Emulated: "This cloud does it another way: status.deviations tells how.",
  CloudSpecific: "A setting is used that only one cloud has.",
  Portable: "Every field is inside the range that both clouds have.",
  QuotaExceeded: "A quota of the account or project is used up. Raise it or free some; retried every 10 to 30 minutes.",
  Throttled: "The cloud asks us to slow down. Retried by itself.",
  AccessDenied:
    "The operator's identity may not do this. Grant it; retried often for 10 minutes, since grants take time, then every 10 to 30 minutes.",
  Conflict:
    "The resource is held by somebody else: it lacks our marks or carries another's, or is being changed at this moment. Nothing was changed.",
  CloudError: "The cloud failed or could not be reached. Retried by itself.",
  CloudFailed: "The cloud says that the resource is broken; the message is the cloud's.",
  NotFound: "The resource is expected to be there and is not.",
  DataLost: "A resource that holds data is gone from the cloud. It is made anew, empty, only on your word.",
  DriftDetected: "The cloud differs from spec; status.drift lists the fields.",
  DriftCorrected: "A change made behind our back was put right.",
  DeletionBlocked: "The object is being deleted and something forbids it; the message says what.",
  Disabled: "Kept, but switched off by spec.enabled: false; spec.disabledReason says why.",
  Paused: 'Not reconciled while the annotation onyx.onelens.io/paused is "true".',
  Blueprint: "Nothing is made of it itself: it has the label onyx.onelens.io/blueprint, and Tenants have copies of it.",
  Waiting: "As many are under way as may be at once. It goes on by itself when one of them has ended.",
  Running: "It is under way.",
  Succeeded: "It came to its end; status.output tells to what.",
  Failed: "It failed; status.error tells with what. It is not tried again: make another object, or `onyx run retry`.",
  Cancelled: "It was ended, or not begun, since spec.cancel says so or somebody ended it in the cloud.",
  ReportIngested: "The last report of cost was taken in.",
  ReportRefused: "The last report of cost was refused; the message says why. The next one is tried.",
  NoReport: "No report of cost has come yet.",
  WithinBudget: "What was spent is below each threshold of the budget.",
  ThresholdReached: "What was spent has reached a threshold of the budget; the message says which.",
  OverBudget: "What was spent has reached the budget.",
  Resolved: "All references are resolved.",
  Recoverable: "What it is bound to can be restored as tier and recovery ask.",
  NotRecoverable:
    "What it is bound to could not be restored as tier or recovery ask; the message names the object, the field and the value that it needs.",
  Unsupported: "This cloud has nothing for this kind.",
  Progressing: "The objects it is made of are being applied or are not all ready yet.",
  ChildFailed: "An object that it is made of failed; the message carries that one's reason.",
  MissingApi: "The cluster does not serve an API that is needed; the message says what to install.",
  Refused:
    "The API server, a policy or a webhook does not take an object that it is made of; the message is theirs. Retried every 10 to 30 minutes.",
  Reachable: "The cloud answers and the credentials are the expected ones.",
  WrongAccount: "The credentials belong to another account or project than spec.account says. Nothing is touched.",
  CredentialsMissing: "The Secret or ServiceAccount that spec.credentials names is missing, or the Secret lacks a key.",
  InternalError: "A fault of the operator itself; the log has the stack. Retried by itself.",
} as const satisfies Record<string, string>;

export type Reason = keyof typeof REASONS;

/**
 * How an error is retried.
 *
 * - `backoff`     1 s to 10 min, doubled with jitter
 * - `slow`        10 to 30 min, and on any change: somebody has to do something
 * - `never`       not before the spec changes
 */
export type RetryClass = "backoff" | "slow" | "never";

/** The one table from what a cloud answers to what users see and when it is tried again. */
export const FAULTS: Readonly<Record<Fault, { readonly reason: Reason; readonly retry: RetryClass }>> = {
  notFound: { reason: "NotFound", retry: "backoff" },
  throttled: { reason: "Throttled", retry: "backoff" },
  transient: { reason: "CloudError", retry: "backoff" },
  denied: { reason: "AccessDenied", retry: "slow" },
  quota: { reason: "QuotaExceeded", retry: "slow" },
  // What is foreign is refused by decide; what a call meets is somebody else's change, and that passes.
  conflict: { reason: "Conflict", retry: "backoff" },
  invalid: { reason: "InvalidSpec", retry: "never" },
};
