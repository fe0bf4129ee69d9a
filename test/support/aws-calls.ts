import type { IncomingHttpHeaders } from "node:http";
import type { Described, ProxyCall, Trouble } from "./fault-proxy.ts";

/** Operations that only look, by how AWS names them. */
const READS = /^(Get|List|Describe|BatchGet|Head|Query|Scan|Simulate)/;

/**
 * What a request to AWS is, in each of the protocols that our services speak: JSON with a target header (SQS,
 * DynamoDB), Query with an Action in the body (IAM, STS), REST (EKS, S3, Scheduler).
 */
export function describeAws(method: string, path: string, headers: IncomingHttpHeaders, body: string): Described {
  const target = headers["x-amz-target"];
  if (typeof target === "string") {
    const [service = "", operation = ""] = target.split(".");
    return named(service.startsWith("DynamoDB") ? "dynamodb" : service === "AmazonSQS" ? "sqs" : service, operation);
  }
  const action = new URLSearchParams(body).get("Action");
  if (action) return named(signedFor(headers), action);
  const service = signedFor(headers);
  const operation = service === "s3" ? s3Operation(method, path, headers) : restOperation(method, path);
  return { service, operation, mutating: method !== "GET" && method !== "HEAD" };
}

const named = (service: string, operation: string): Described => ({
  service,
  operation,
  mutating: !READS.test(operation),
});

/** The service in the signature's scope: `…/20260105/eu-west-1/iam/aws4_request`. */
const signedFor = (headers: IncomingHttpHeaders): string =>
  /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? "")?.[1] ?? "unknown";

/** EKS names operations by method and path: `POST /clusters/{c}/pod-identity-associations`. Tags have a path of their own. */
function restOperation(method: string, path: string): string {
  const [route = ""] = path.split("?");
  const scheduled = /^\/schedule(-group)?s\/[^/]+$/.exec(route);
  if (scheduled) {
    const verb = { GET: "Get", POST: "Create", PUT: "Update" }[method] ?? "Delete";
    return `${verb}Schedule${scheduled[1] ? "Group" : ""}`;
  }
  if (route.startsWith("/tags/")) return { GET: "ListTagsForResource", POST: "TagResource" }[method] ?? "UntagResource";
  const one = /\/pod-identity-associations\/[^/]+$/.test(route);
  const verbs = one
    ? { GET: "Describe", POST: "Update", DELETE: "Delete" }
    : { GET: "List", POST: "Create", DELETE: "Delete" };
  return `${verbs[method as "GET" | "POST" | "DELETE"]}PodIdentityAssociation${one || method !== "GET" ? "" : "s"}`;
}

/** S3 names the part of a bucket in the query: `PUT /orders?tagging`. Objects are one part to us. */
function s3Operation(method: string, path: string, headers: IncomingHttpHeaders): string {
  const { pathname, searchParams } = new URL(path, "http://s3");
  const [bucket, key] = pathname.slice(1).split("/", 2);
  const verb = { GET: "Get", HEAD: "Head", PUT: "Put", POST: "Post", DELETE: "Delete" }[method] ?? method;
  if (!bucket) return "ListBuckets";
  if (key && headers["x-amz-copy-source"]) return "CopyObject";
  if (key) return `${verb}Object`;
  const part = S3_PARTS.find(([name]) => searchParams.has(name));
  if (part) return `${verb}${method === "DELETE" ? (part[2] ?? part[1]) : part[1]}`;
  if (method === "GET") return "ListObjects";
  return method === "PUT" ? "CreateBucket" : `${verb}Bucket`;
}

/** The query of each part of a bucket, its name in operations, and in those that delete it where that differs. */
const S3_PARTS: readonly (readonly [string, string, string?])[] = [
  ["tagging", "BucketTagging"],
  ["versioning", "BucketVersioning"],
  ["lifecycle", "BucketLifecycleConfiguration", "BucketLifecycle"],
  ["encryption", "BucketEncryption"],
  ["policy", "BucketPolicy"],
  ["publicAccessBlock", "PublicAccessBlock"],
  ["ownershipControls", "BucketOwnershipControls"],
  ["cors", "BucketCors"],
  ["object-lock", "ObjectLockConfiguration"],
  ["notification", "BucketNotificationConfiguration"],
  ["replication", "BucketReplication"],
];

/** What AWS may answer, in the words of each service. */
export type AwsRefusal = "denied" | "throttled" | "unavailable";

const REFUSALS: Readonly<Record<AwsRefusal, { status: number; code: string; text: string }>> = {
  denied: { status: 403, code: "AccessDenied", text: "User is not authorized to perform this action" },
  throttled: { status: 400, code: "Throttling", text: "Rate exceeded" },
  unavailable: { status: 503, code: "ServiceUnavailable", text: "The service is not available" },
};

/** The answer of the service that was asked, in its own protocol. */
export function awsRefusal(refusal: AwsRefusal): (call: ProxyCall) => Trouble {
  const { status, code, text } = REFUSALS[refusal];
  return ({ service, number }) => {
    const requestId = `req-${number}`;
    if (service === "iam" || service === "sts" || service === "sns")
      return {
        do: "answer",
        status,
        headers: { "content-type": "text/xml" },
        body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${text}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
      };
    if (service === "s3")
      return {
        do: "answer",
        status: code === "Throttling" ? 503 : status,
        headers: { "content-type": "application/xml", "x-amz-request-id": requestId },
        body: `<Error><Code>${code === "Throttling" ? "SlowDown" : code}</Code><Message>${text}</Message><RequestId>${requestId}</RequestId></Error>`,
      };
    const type = `${code}Exception`;
    return {
      do: "answer",
      status,
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amzn-errortype": type,
        "x-amzn-requestid": requestId,
      },
      body: JSON.stringify({ __type: type, message: text }),
    };
  };
}
