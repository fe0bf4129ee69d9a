import { isDeepStrictEqual } from "node:util";
import type { IdentityOutputs, IdentityWant } from "../../controllers/leaf/wants.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import { HOLDER_MARKS, ownerOf, ownerTags, sameObject } from "../../operator/provider/owner.ts";
import type { Call, Fitted, Present, Provider } from "../../operator/provider/provider.ts";
import { parseArn } from "./arn.ts";
import { type Association, associations, isOurs } from "./association.ts";
import type { Aws } from "./clients.ts";
import { policyOf } from "./grants.ts";
import { keyArn } from "./key.ts";
import { checkOverrides } from "./overrides.ts";
import { linesOf, type PolicyDocument } from "./policy.ts";
import { roles } from "./role.ts";
import { tagChanges, tagsToCreate } from "./tags.ts";
import { type Binding, bindingsIn, bindingText, trustDocument } from "./trust.ts";

type Seen = Present<IdentityWant, IdentityOutputs>;

/**
 * WorkloadIdentity as IAM role with one inline policy, given to one ServiceAccount: by EKS Pod Identity with an
 * association, or by IRSA with the trust policy alone. Every step can be repeated; deletion goes backwards and ends
 * with the role, so that it is found until all is gone.
 */
export function identityProvider(aws: Aws): Provider<IdentityWant, IdentityOutputs> {
  const { place } = aws;
  const role = roles(aws);
  const association = associations(aws);
  const native = place.workloadIdentity === "Native";
  const path = `/onyx/${place.environment}/`;

  const bindingOf = (want: IdentityWant): Binding => ({
    cluster: place.cluster,
    namespace: want.serviceAccount.namespace,
    serviceAccount: want.serviceAccount.name,
  });
  const boundary = (want: IdentityWant) => want.overrides.permissionsBoundary as string | undefined;

  async function findAll(places: readonly string[], call: Call): Promise<Association[]> {
    const found = await sideBySide(bindingsIn(places).map((binding) => association.find(binding, call)));
    return found.filter((one) => one !== undefined);
  }

  const ensureBinding = async (id: string, want: IdentityWant, call: Call) => {
    if (!native) return;
    const tags = tagsToCreate(want.tags, call.owner);
    await step("bind the ServiceAccount", () => association.ensure(bindingOf(want), id, tags, call));
  };

  async function make(name: string, want: IdentityWant, call: Call): Promise<{ id: string; fresh: boolean }> {
    const tags = tagsToCreate(want.tags, call.owner);
    const trust = trustDocument(aws, bindingOf(want));
    const made = await step("make the role", () =>
      role.create({ name, path, trust, boundary: boundary(want), tags }, call),
    );
    const id = made ?? (await ownRole(name, call));
    await step("set its policy", () => role.setPolicy(name, policyOf(want.grants), call));
    await ensureBinding(id, want, call);
    return { id, fresh: made !== undefined };
  }

  async function ownRole(name: string, call: Call): Promise<string> {
    const found = await role.find(name, call);
    if (!found) throw new ProviderError("transient", `IAM role ${name} is being made or deleted`, { code: "NotYet" });
    const owner = ownerOf(found.tags);
    if (owner && sameObject(owner, call.owner)) return found.arn;
    throw new ProviderError("conflict", `IAM role ${name} exists and does not carry our marks`, {
      code: "EntityAlreadyExists",
    });
  }

  return {
    ids: "derived",
    service: "iam",
    immutable: [],
    footprint: (want) => (native ? [bindingText(bindingOf(want))] : []),
    fit: (want) => fitIdentity(aws, want, bindingOf(want)),

    async observe(at, call) {
      const name = at.id === undefined ? at.name : nameOf(at.id);
      const [found, bound] = await sideBySide([role.find(name, call), findAll(at.footprint, call)]);
      if (!found) return left(aws.arn("iam", `role${path}${name}`), bound, call);
      const permissions = await role.permissions(name, call);
      return {
        exists: true,
        id: found.arn,
        owner: ownerOf(found.tags),
        phase: "ready",
        actual: {
          permissions,
          trust: [...found.trust, ...bound.map((one) => told(one, found.arn))].sort(),
          overrides: found.boundary === undefined ? {} : { permissionsBoundary: found.boundary },
          tags: found.tags,
        },
        outputs: { IDENTITY: found.arn },
      };
    },

    async create(name, want, call) {
      const { id, fresh } = await make(name, want, call);
      return fresh ? { id, outputs: { IDENTITY: id } } : { id };
    },

    async update(seen, want, changed, call) {
      const name = nameOf(seen.id);
      if (isRemnant(seen)) {
        await make(name, want, call);
        return;
      }
      if (changed.has("overrides"))
        await step("set the permissions boundary", () => role.setBoundary(name, boundary(want), call));
      if (changed.has("permissions")) {
        await step("set its policy", () => role.setPolicy(name, policyOf(want.grants), call));
        await step("take off other policies", () => role.removeForeign(name, seen.actual.permissions ?? [], call));
      }
      if (changed.has("trust")) {
        const trust = trustDocument(aws, bindingOf(want));
        if (!sameTrust(seen, trust)) await step("set its trust", () => role.setTrust(name, trust, call));
        await ensureBinding(seen.id, want, call);
        const other = bindingsIn(seen.actual.trust ?? []).filter(
          (one) => !native || bindingText(one) !== bindingText(bindingOf(want)),
        );
        await step("unbind other ServiceAccounts", () => unbind(other.map(bindingText), seen.id, call));
      }
      if (changed.has("tags")) await step("set tags", () => setTags(seen, want, call));
    },

    async delete(seen, at, call) {
      const places = [...at.footprint, ...(seen.actual.trust ?? [])];
      await step("unbind the ServiceAccount", () => unbind(places, seen.id, call));
      await step("delete the role", () => role.remove(nameOf(seen.id), call));
    },

    async adopt(seen, _want, call) {
      await role.tag(nameOf(seen.id), ownerTags(call.owner), call);
    },

    async release(seen, call) {
      await role.untag(nameOf(seen.id), [...HOLDER_MARKS], call);
    },
  };

  async function unbind(places: readonly string[], id: string, call: Call): Promise<void> {
    for (const one of await findAll(places, call)) if (isOurs(one, id, call.owner)) await association.remove(one, call);
  }

  async function setTags(seen: Seen, want: IdentityWant, call: Call): Promise<void> {
    const name = nameOf(seen.id);
    const { set, remove } = tagChanges(seen.actual.tags, want.tags, call.owner);
    if (Object.keys(set).length > 0) await role.tag(name, set, call);
    if (remove.length > 0) await role.untag(name, remove, call);
  }

  /** Without a role there is nothing, but where an association of ours outlived it. */
  function left(id: string, bound: readonly Association[], call: Call): { exists: false } | Seen {
    const ours = bound.filter((one) => isOurs(one, id, call.owner));
    if (ours.length === 0) return { exists: false };
    return {
      exists: true,
      id,
      owner: ours.map((one) => one.owner).find((owner) => owner !== undefined),
      phase: "ready",
      actual: { permissions: [], trust: ours.map((one) => told(one, id)) },
      outputs: { IDENTITY: id },
    };
  }
}

/** An association whose role is gone: no tags of a role were read. */
const isRemnant = (seen: Seen): boolean => seen.actual.tags === undefined;

/** The role's own trust is as it should be, whatever is to be done about associations. */
function sameTrust({ actual }: Seen, wanted: PolicyDocument): boolean {
  const own = (actual.trust ?? []).filter((line) => bindingsIn([line]).length === 0);
  return isDeepStrictEqual(own.sort(), linesOf(wanted).sort());
}

/** `arn:aws:iam::…:role/onyx/prod/orders` → `orders`. */
const nameOf = (arn: string): string => parseArn(arn)?.resource.split("/").at(-1) ?? arn;

/** An association as a line of trust. For ours the line is just where it stands. */
function told(one: Association, role: string): string {
  const gives = one.role === role ? "" : ` gives ${one.role}`;
  return `${bindingText(one.binding)}${gives}${one.extras && ` ${one.extras}`}`;
}

function fitIdentity(aws: Aws, want: IdentityWant, binding: Binding): Fitted<IdentityWant> {
  const grants = want.grants.map((grant) => ({ ...grant, encryptionKey: keyArn(aws, grant.encryptionKey) }));
  const policy = policyOf(grants);
  const trust = linesOf(trustDocument(aws, binding));
  const own = want.overrides.permissionsBoundary;
  const permissionsBoundary = aws.place.permissionsBoundary ?? own;
  if (own !== undefined && own !== permissionsBoundary)
    throw new ProviderError(
      "invalid",
      `overrides.aws.permissionsBoundary: Environment "${aws.place.environment}" bounds every role by ${permissionsBoundary}, and no object can choose another one. Leave it out.`,
      { code: "BoundaryIsGiven" },
    );
  return {
    want: {
      ...want,
      grants,
      permissions: policy ? linesOf(policy) : [],
      trust: aws.place.workloadIdentity === "Native" ? [...trust, bindingText(binding)].sort() : trust,
      overrides: permissionsBoundary === undefined ? {} : { permissionsBoundary },
    },
    deviations: checkOverrides(want.overrides, ["permissionsBoundary"]),
  };
}
