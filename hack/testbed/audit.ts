import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** Each write, once, with who and what but not its content. Reads would drown them. */
export const AUDIT_POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [
    { level: "None", verbs: ["get", "list", "watch"] },
    {
      level: "None",
      resources: [
        { group: "", resources: ["events"] },
        { group: "events.k8s.io", resources: ["events"] },
        { group: "coordination.k8s.io", resources: ["leases"] },
      ],
    },
    { level: "Metadata" },
  ],
};

/** The part of an audit.k8s.io/v1 Event that the tests look at. */
export interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly requestURI: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code: number };
  /** When the answer was sent, RFC 3339 with microseconds. */
  readonly stageTimestamp: string;
}

/** The writes that an API server has answered, in order. */
export async function* readAudit(path: string): AsyncGenerator<AuditEvent> {
  const lines = createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) if (line.endsWith("}")) yield JSON.parse(line) as AuditEvent;
}
