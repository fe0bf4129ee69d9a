import { type AuditEvent, readAudit } from "../../hack/testbed/audit.ts";
import type { PolicyRule } from "../../operator/rights.ts";

/** Every request of one user, reads included, once it was answered. */
export const auditOf = (user: string) => ({
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived", "ResponseStarted"],
  rules: [{ level: "Metadata", users: [user] }, { level: "None" }],
});

type Judged = AuditEvent & { readonly annotations?: Readonly<Record<string, string>> };

/** What a user did, as RBAC sees it. */
export interface UsedRights {
  /** As `VERB GROUP/RESOURCE`, such as `patch apps/deployments`; the core group has no name. */
  readonly used: ReadonlySet<string>;
  /** What was refused for want of a right, with the path. */
  readonly forbidden: readonly string[];
}

/** Watches show when they end: stop the user's process first. */
export async function usedRights(auditLog: string, user: string): Promise<UsedRights> {
  const used = new Set<string>();
  const forbidden: string[] = [];
  for await (const event of readAudit(auditLog) as AsyncGenerator<Judged>) {
    if (event.user.username !== user || event.objectRef?.resource === undefined) continue;
    const { apiGroup = "", resource, subresource } = event.objectRef;
    const what = `${apiGroup}/${resource}${subresource ? `/${subresource}` : ""}`;
    if (event.annotations?.["authorization.k8s.io/decision"] === "forbid")
      forbidden.push(`${event.verb} ${event.requestURI}`);
    used.add(`${event.verb} ${what}`);
    // Server-side apply of what is not there is a patch that also needs the right to create.
    if (event.verb === "patch" && event.responseStatus?.code === 201) used.add(`create ${what}`);
  }
  return { used, forbidden };
}

/** What rules allow, in the same words. */
export const allowedBy = (rules: readonly PolicyRule[]): Set<string> =>
  new Set(
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
      ),
    ),
  );
