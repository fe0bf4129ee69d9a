import { type Fault, ProviderError } from "../../operator/provider/fault.ts";

/**
 * AWS's error codes and what they mean to us. Codes of the SDK's models (client-sqs, -dynamodb, -s3, -iam, -eks, -sts)
 * and of https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html. What is not here is judged by its
 * HTTP status. Written without the ending `Exception`, which one service puts and another leaves out.
 */
const CODES: Readonly<Record<Fault, readonly string[]>> = {
  notFound: [
    "QueueDoesNotExist",
    "NonExistentQueue",
    "ResourceNotFound",
    "TableNotFound",
    "IndexNotFound",
    "NoSuchEntity",
    "NotFound",
    "KmsNotFound",
    "NoSuchBucket",
    "ExecutionDoesNotExist",
    "StateMachineDoesNotExist",
  ],
  throttled: [
    "Throttling",
    "Throttled",
    "RequestThrottled",
    "RequestLimitExceeded",
    "TooManyRequests",
    "PriorRequestNotComplete",
    "BandwidthLimitExceeded",
    "ConcurrentAccess",
    "ProvisionedThroughputExceeded",
    "SlowDown",
    "KmsThrottled",
  ],
  transient: [
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServer",
    "Server",
    "ServiceFailure",
    "ServiceUnavailable",
    "RequestTimeout",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "ExpiredToken",
    "CredentialsProviderError",
    "TokenProviderError",
    "QueueDeletedRecently",
    "ConcurrentModification",
    // Somebody wrote the item between our look and our write.
    "ConditionalCheckFailed",
    "EntityTemporarilyUnmodifiable",
    "ContinuousBackupsUnavailable",
    "InvalidRequest",
    "ResourceInUse",
    "ReplicatedWriteConflict",
    "DependencyTimeout",
    "IDPCommunicationError",
    "Disabled",
    "KMSInternal",
    "KMSInvalidState",
    "KeyUnavailable",
    "KmsDisabled",
    "KmsInvalidState",
    // S3 works on the bucket, or doesn't see yet what we have just set.
    "OperationAborted",
    "InvalidBucketState",
    "IncompleteReply",
    "StateMachineDeleting",
  ],
  denied: [
    "AccessDenied",
    "AuthFailure",
    "IDPRejectedClaim",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidIdentityToken",
    "InvalidSecurity",
    "InvalidSignature",
    "MissingAuthenticationToken",
    "NotAuthorized",
    "OptInRequired",
    "RegionDisabled",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClient",
    "KmsAccessDenied",
    "KmsOptInRequired",
  ],
  quota: [
    "ExecutionLimitExceeded",
    "LimitExceeded",
    "OverLimit",
    "ResourceLimitExceeded",
    "ServiceQuotaExceeded",
    "StateMachineLimitExceeded",
    "TooManyBuckets",
  ],
  conflict: [
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "BucketNotEmpty",
    "AlreadyExists",
    "Conflict",
    "DeleteConflict",
    "EntityAlreadyExists",
    "ExecutionAlreadyExists",
    "PermanentRedirect",
    "QueueAlreadyExists",
    "QueueNameExists",
    "ResourceAlreadyExists",
    "ResourceExists",
    "StateMachineAlreadyExists",
    "TableAlreadyExists",
    "TableInUse",
  ],
  invalid: [
    "InvalidAction",
    "InvalidAddress",
    "InvalidAliasName",
    "InvalidArn",
    "InvalidAttributeName",
    "InvalidAttributeValue",
    "InvalidBucketName",
    "InvalidDefinition",
    "InvalidEncryptionConfiguration",
    "InvalidExecutionInput",
    "InvalidInput",
    "InvalidLoggingConfiguration",
    "InvalidName",
    "InvalidParameter",
    "InvalidParameterValue",
    "KmsInvalidKeyUsage",
    "MalformedPolicyDocument",
    "MissingParameter",
    "PolicyNotAttachable",
    "StateMachineTypeNotSupported",
    "Tag",
    "TooManyTags",
    "UnmodifiableEntity",
    "UnsupportedOperation",
    "ValidationError",
    "Validation",
  ],
};

const CLOCKS = "the clocks of this machine and of AWS differ too much";

const ELSEWHERE = "the bucket of this name stands in another region; give the object another spec.externalName";

const NO_ACCOUNT =
  "the policy names an account that does not exist, or no longer: look at overrides.aws.deliverers, and at what others wrote in it";

/** Where one code means several things, the message tells which. First match wins. */
const BY_MESSAGE: readonly { code: string; message: RegExp; fault: Fault; retryAfterMs?: number; words?: string }[] = [
  { code: "InvalidSignature", message: /signature (expired|not yet)/i, fault: "transient", words: CLOCKS },
  // DynamoDB runs one index change a table and 500 table operations an account at a time, and calls both a limit.
  { code: "LimitExceeded", message: /simultaneous|concurrent|too many/i, fault: "throttled" },
  { code: "Validation", message: /table is being (created|updated|deleted)/i, fault: "transient" },
  // We write the policy, so what is wrong with it is its target: not there yet, or no longer.
  { code: "InvalidParameterValue", message: /RedrivePolicy(?!.*(match|type))/s, fault: "notFound" },
  { code: "InvalidAttributeValue", message: /RedrivePolicy(?!.*(match|type))/s, fault: "notFound" },
  // A role, and a change of its trust, take some seconds until EKS can see them.
  { code: "InvalidParameter", message: /role provided/i, fault: "transient" },
  // A role, and a change of its trust, take some seconds until Scheduler can see them.
  { code: "Validation", message: /execution role .*assume/is, fault: "transient" },
  // A role, and a change of its trust or its rights, take some seconds until Step Functions can see them.
  {
    code: "AccessDenied",
    message: /authorized to (assume the provided role|access the log destination)/i,
    fault: "transient",
  },
  // S3 tells a bucket of another region by the region that it was not signed for.
  { code: "AuthorizationHeaderMalformed", message: /region .* is wrong/i, fault: "conflict", words: ELSEWHERE },
  // We write the policy, so the principal that does not exist is one that spec names.
  { code: "MalformedPolicy", message: /invalid principal/i, fault: "invalid", words: NO_ACCOUNT },
  // SQS keeps the name of a deleted queue for 60 s.
  { code: "QueueDeletedRecently", message: /./s, fault: "transient", retryAfterMs: 60_000 },
  // A TTL setting takes up to an hour, and one change is taken in that time.
  {
    code: "Validation",
    message: /time to live has been modified multiple times/i,
    fault: "throttled",
    retryAfterMs: 600_000,
    words: "DynamoDB takes one change of a table's TTL field an hour; this one is made as soon as it is taken",
  },
];

/** Words of ours where AWS's would not help, or would change with every call. */
const WORDS: Readonly<Record<string, string>> = {
  QueueDeletedRecently:
    "a queue of this name was deleted less than 60 seconds ago and SQS still holds the name; it is made as soon as the name is free",
  BucketAlreadyExists:
    "the name is taken: a bucket of another AWS account has it; give the object another spec.externalName",
  BucketNotEmpty:
    "the bucket still holds objects, or old versions of them: take them out, or set spec.deletionPolicy to Retain to leave it as it is",
  PermanentRedirect: ELSEWHERE,
  RequestExpired: CLOCKS,
  RequestInTheFuture: CLOCKS,
  RequestTimeTooSkewed: CLOCKS,
  ExpiredToken: "the credentials have expired",
  CredentialsProviderError:
    "the operator has no AWS credentials: give its ServiceAccount a role, or the Environment a credentials Secret",
};

/** What Node says when there was no answer at all. */
const NETWORK: Readonly<Record<string, string>> = {
  AbortError: "stopped before it was answered",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the connection broke before the whole answer was there",
  EPIPE: "the connection broke before the whole answer was there",
  ETIMEDOUT: "no answer in time",
  TimeoutError: "no answer in time",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name server did not answer",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  SyntaxError: "the answer was cut off or is not what AWS answers",
};

const FAULT_OF: ReadonlyMap<string, Fault> = new Map(
  (Object.keys(CODES) as Fault[]).flatMap((fault) => CODES[fault].map((code) => [code, fault] as const)),
);

interface SdkError {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly $fault?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> };
}

/**
 * Waits for a reply of AWS and turns every error into a ProviderError. `operation` names service and call for
 * people, such as `SQS CreateQueue`.
 */
export async function ask<Reply>(operation: string, reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply;
  } catch (error) {
    throw translate(operation, error);
  }
}

/** Like `ask`, with undefined for what isn't there. */
export async function askFor<Reply>(operation: string, reply: Promise<Reply>): Promise<Reply | undefined> {
  try {
    return await ask(operation, reply);
  } catch (error) {
    if (error instanceof ProviderError && error.fault === "notFound") return undefined;
    throw error;
  }
}

/** A part of a reply that must be there: a reply without it was cut off and says nothing about the resource. */
export function required<Value>(operation: string, part: string, value: Value | null | undefined): Value {
  if (value !== undefined && value !== null) return value;
  throw new ProviderError("transient", `${operation}: the answer lacks ${part}`, { code: "IncompleteReply" });
}

/** Any error of the SDK as a ProviderError. */
export function translate(operation: string, error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  const sdk = (typeof error === "object" && error !== null ? error : {}) as SdkError;
  const status = sdk.$metadata?.httpStatusCode ?? sdk.$response?.statusCode;
  const code = codeOf(sdk);
  const text = clean(sdk.message ?? String(error));
  const known = code.replace(/Exception$/, "");
  const special = BY_MESSAGE.find((one) => one.code === known && one.message.test(text));
  const network = sdk.$fault === undefined ? (NETWORK[sdk.code ?? ""] ?? NETWORK[code]) : undefined;
  const fault = special?.fault ?? FAULT_OF.get(known) ?? (network ? "transient" : byStatus(status));
  return new ProviderError(fault, `${operation}: ${special?.words ?? WORDS[known] ?? network ?? text} (${code})`, {
    code,
    requestId: sdk.$metadata?.requestId,
    retryAfterMs: special?.retryAfterMs ?? retryAfter(sdk.$response?.headers),
    cause: error,
  });
}

/** `AWS.SimpleQueueService.NonExistentQueue` and `com.amazonaws.sqs#QueueDoesNotExist` without their prefixes. */
function codeOf(error: SdkError): string {
  const name = error.name && error.name !== "Error" ? error.name : (error.code ?? "UnknownError");
  return name.replace(/^.*[#.]/, "");
}

/** Without what changes from call to call: a message that changes makes a status write each time. */
function clean(message: string): string {
  return message
    .replace(/\s*\(Service: [^)]*\)/g, "")
    .replace(/[,;]?\s*request ?id:? [0-9a-f-]{16,}/gi, "")
    .replace(/\s+/g, " ")
    .trim();
}

function byStatus(status: number | undefined): Fault {
  if (status === undefined || status < 400 || status === 408 || status >= 500) return "transient";
  if (status === 401 || status === 403) return "denied";
  if (status === 404) return "notFound";
  if (status === 409) return "conflict";
  return status === 429 ? "throttled" : "invalid";
}

/** The `retry-after` header in seconds, as milliseconds. */
function retryAfter(headers: Readonly<Record<string, string>> | undefined): number | undefined {
  const seconds = Number(headers?.["retry-after"]);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}
