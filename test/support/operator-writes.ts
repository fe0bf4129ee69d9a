import { readAudit } from "../../hack/testbed/index.ts";

/** What an operator in the test's own process has written to the API server, oldest first, such as `patch queues/status`. */
export async function operatorWrites(auditLog: string, namespace?: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { verb, objectRef, userAgent } of readAudit(auditLog))
    if (userAgent?.startsWith("onyx-operator") && (namespace === undefined || objectRef?.namespace === namespace))
      found.push(`${verb} ${objectRef?.resource}${objectRef?.subresource ? `/${objectRef.subresource}` : ""}`);
  return found;
}
