import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { ProviderError, sideBySide } from "../../operator/provider/fault.ts";
import type { Call } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { linesOf, type PolicyDocument, parsePolicy } from "./policy.ts";
import { tagList, tagsOf } from "./tags.ts";

/** Name of the one inline policy that is ours. */
const OURS = "onyx";

/** A role with all that decides what it may do. */
export interface Role {
  readonly arn: string;
  readonly trust: readonly string[];
  readonly boundary: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** What a role may do: our policy as lines, and one line for each policy that isn't ours. */
const inlineText = (name: string) => `inline policy ${name}`;
const attachedText = (arn: string) => `attached policy ${arn}`;

/** IAM roles by name, with the calls that an identity needs. */
export function roles({ iam }: Pick<Aws, "iam">) {
  const options = (call: Call) => ({ abortSignal: call.signal });

  async function inlineNames(RoleName: string, call: Call): Promise<string[]> {
    const operation = "IAM ListRolePolicies";
    return pages(async (Marker) => {
      const page = await askFor(
        operation,
        iam.send(new ListRolePoliciesCommand({ RoleName, ...(Marker && { Marker }) }), options(call)),
      );
      return page && { items: required(operation, "PolicyNames", page.PolicyNames), next: next(page) };
    });
  }

  async function attachedArns(RoleName: string, call: Call): Promise<string[]> {
    const operation = "IAM ListAttachedRolePolicies";
    return pages(async (Marker) => {
      const page = await askFor(
        operation,
        iam.send(new ListAttachedRolePoliciesCommand({ RoleName, ...(Marker && { Marker }) }), options(call)),
      );
      const items = page && required(operation, "AttachedPolicies", page.AttachedPolicies);
      return page && items && { items: items.map(({ PolicyArn }) => PolicyArn ?? ""), next: next(page) };
    });
  }

  async function ourLines(RoleName: string, call: Call): Promise<string[]> {
    const operation = "IAM GetRolePolicy";
    const found = await askFor(
      operation,
      iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: OURS }), options(call)),
    );
    return found ? linesOf(parseDocument(operation, found.PolicyDocument)) : [];
  }

  async function removeInline(RoleName: string, PolicyName: string, call: Call): Promise<void> {
    await askFor(
      "IAM DeleteRolePolicy",
      iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }), options(call)),
    );
  }

  async function detach(RoleName: string, PolicyArn: string, call: Call): Promise<void> {
    await askFor("IAM DetachRolePolicy", iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }), options(call)));
  }

  return {
    async find(RoleName: string, call: Call): Promise<Role | undefined> {
      const operation = "IAM GetRole";
      const found = await askFor(operation, iam.send(new GetRoleCommand({ RoleName }), options(call)));
      if (!found) return undefined;
      const role = required(operation, "Role", found.Role);
      return {
        arn: required(operation, "Arn", role.Arn),
        trust: linesOf(parseDocument(operation, role.AssumeRolePolicyDocument)),
        boundary: role.PermissionsBoundary?.PermissionsBoundaryArn || undefined,
        tags: tagsOf((role.Tags ?? []).map(({ Key, Value }) => ({ Key: Key ?? "", Value: Value ?? "" }))),
      };
    },

    /** Makes the role; undefined when there is one of that name. */
    async create(
      wanted: {
        name: string;
        path: string;
        trust: PolicyDocument;
        boundary: string | undefined;
        tags: Record<string, string>;
      },
      call: Call,
    ): Promise<string | undefined> {
      const operation = "IAM CreateRole";
      try {
        const made = await ask(
          operation,
          iam.send(
            new CreateRoleCommand({
              RoleName: wanted.name,
              Path: wanted.path,
              AssumeRolePolicyDocument: JSON.stringify(wanted.trust),
              Description: "Made by the Onyx operator; its rights are computed from bindings.",
              ...(wanted.boundary !== undefined && { PermissionsBoundary: wanted.boundary }),
              Tags: tagList(wanted.tags),
            }),
            options(call),
          ),
        );
        return required(operation, "Role.Arn", made.Role?.Arn);
      } catch (error) {
        if (error instanceof ProviderError && error.fault === "conflict") return undefined;
        throw error;
      }
    },

    async setTrust(RoleName: string, trust: PolicyDocument, call: Call): Promise<void> {
      await ask(
        "IAM UpdateAssumeRolePolicy",
        iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: JSON.stringify(trust) }), options(call)),
      );
    },

    async setBoundary(RoleName: string, boundary: string | undefined, call: Call): Promise<void> {
      if (boundary === undefined)
        await askFor(
          "IAM DeleteRolePermissionsBoundary",
          iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName }), options(call)),
        );
      else
        await ask(
          "IAM PutRolePermissionsBoundary",
          iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: boundary }), options(call)),
        );
    },

    /** Our policy becomes `policy`; without one it goes. */
    async setPolicy(RoleName: string, policy: PolicyDocument | undefined, call: Call): Promise<void> {
      if (!policy) return removeInline(RoleName, OURS, call);
      await ask(
        "IAM PutRolePolicy",
        iam.send(
          new PutRolePolicyCommand({ RoleName, PolicyName: OURS, PolicyDocument: JSON.stringify(policy) }),
          options(call),
        ),
      );
    },

    /** What the role may do, as lines; what others put on it is named, so that it shows as drift. */
    async permissions(RoleName: string, call: Call): Promise<string[]> {
      const [ours, inline, attached] = await sideBySide([
        ourLines(RoleName, call),
        inlineNames(RoleName, call),
        attachedArns(RoleName, call),
      ]);
      const foreign = inline.filter((name) => name !== OURS).map(inlineText);
      return [...ours, ...foreign, ...attached.map(attachedText)].sort();
    },

    /** Takes off what `permissions` named as not ours. */
    async removeForeign(RoleName: string, lines: readonly string[], call: Call): Promise<void> {
      for (const line of lines) {
        if (line.startsWith(inlineText(""))) await removeInline(RoleName, line.slice(inlineText("").length), call);
        if (line.startsWith(attachedText(""))) await detach(RoleName, line.slice(attachedText("").length), call);
      }
    },

    async tag(RoleName: string, tags: Record<string, string>, call: Call): Promise<void> {
      await ask("IAM TagRole", iam.send(new TagRoleCommand({ RoleName, Tags: tagList(tags) }), options(call)));
    },

    async untag(RoleName: string, TagKeys: string[], call: Call): Promise<void> {
      await askFor("IAM UntagRole", iam.send(new UntagRoleCommand({ RoleName, TagKeys }), options(call)));
    },

    /** IAM deletes a role only when nothing is on it. */
    async remove(RoleName: string, call: Call): Promise<void> {
      for (const name of await inlineNames(RoleName, call)) await removeInline(RoleName, name, call);
      for (const arn of await attachedArns(RoleName, call)) await detach(RoleName, arn, call);
      await askFor("IAM DeleteRole", iam.send(new DeleteRoleCommand({ RoleName }), options(call)));
    },
  };
}

async function pages(
  page: (marker: string | undefined) => Promise<{ items: readonly string[]; next: string | undefined } | undefined>,
): Promise<string[]> {
  const found: string[] = [];
  let marker: string | undefined;
  do {
    const one = await page(marker);
    found.push(...(one?.items ?? []));
    marker = one?.next;
  } while (marker);
  return found;
}

const next = (page: { IsTruncated?: boolean | undefined; Marker?: string | undefined }) =>
  page.IsTruncated ? page.Marker : undefined;

/** IAM gives documents URL-encoded. @throws ProviderError transient: it is no document */
const parseDocument = (operation: string, text: string | undefined): PolicyDocument =>
  parsePolicy(decoded(required(operation, "the policy document", text)), `${operation}: the policy document`);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Cut off within a character: it is no JSON either.
    return "";
  }
}
