import {
  CreatePodIdentityAssociationCommand,
  DeletePodIdentityAssociationCommand,
  DescribePodIdentityAssociationCommand,
  ListPodIdentityAssociationsCommand,
  type PodIdentityAssociation,
  UpdatePodIdentityAssociationCommand,
} from "@aws-sdk/client-eks";
import { ProviderError } from "../../operator/provider/fault.ts";
import { type Owner, ownerOf, sameObject } from "../../operator/provider/owner.ts";
import type { Call } from "../../operator/provider/provider.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { tagsOf } from "./tags.ts";
import { type Binding, bindingText } from "./trust.ts";

/** An association as it stands in EKS. */
export interface Association {
  readonly binding: Binding;
  readonly id: string;
  readonly role: string;
  readonly owner: Owner | undefined;
  /** What it does besides giving the role, such as `without session tags`; empty for ours. */
  readonly extras: string;
  /** Extras that no update takes away. */
  readonly rebuild: boolean;
}

/**
 * EKS Pod Identity: a ServiceAccount has at most one association, so a repeated create needs no token. Our marks are
 * put on it when it is made, and stay as they are: they tell whose it is when its role was changed or is gone.
 */
export function associations({ eks }: Pick<Aws, "eks">) {
  const options = (call: Call) => ({ abortSignal: call.signal });

  /** The association of a ServiceAccount, or undefined; a cluster that is gone took its associations with it. */
  async function find(binding: Binding, call: Call): Promise<Association | undefined> {
    const { cluster: clusterName, namespace, serviceAccount } = binding;
    const operation = "EKS ListPodIdentityAssociations";
    const listed = await askFor(
      operation,
      eks.send(new ListPodIdentityAssociationsCommand({ clusterName, namespace, serviceAccount }), options(call)),
    );
    if (!listed) return undefined;
    const [first] = required(operation, "associations", listed.associations);
    if (!first) return undefined;
    const associationId = required(operation, "associationId", first.associationId);
    const described = await askFor(
      "EKS DescribePodIdentityAssociation",
      eks.send(new DescribePodIdentityAssociationCommand({ clusterName, associationId }), options(call)),
    );
    if (!described) return undefined;
    const found = required("EKS DescribePodIdentityAssociation", "association", described.association);
    return { binding, id: associationId, ...told(found) };
  }

  async function create(binding: Binding, role: string, tags: Record<string, string>, call: Call): Promise<void> {
    const { cluster: clusterName, namespace, serviceAccount } = binding;
    await ask(
      "EKS CreatePodIdentityAssociation",
      eks.send(
        new CreatePodIdentityAssociationCommand({ clusterName, namespace, serviceAccount, roleArn: role, tags }),
        options(call),
      ),
    );
  }

  async function remove({ binding, id }: Association, call: Call): Promise<void> {
    await askFor(
      "EKS DeletePodIdentityAssociation",
      eks.send(
        new DeletePodIdentityAssociationCommand({ clusterName: binding.cluster, associationId: id }),
        options(call),
      ),
    );
  }

  return {
    find,
    remove,

    /** Makes it so that the ServiceAccount has the role, and nothing else. A foreign association is a conflict. */
    async ensure(binding: Binding, role: string, tags: Record<string, string>, call: Call): Promise<void> {
      const found = await find(binding, call);
      if (!found) return create(binding, role, tags, call);
      if (found.role === role && found.extras === "") return;
      if (!isOurs(found, role, call.owner))
        throw new ProviderError(
          "conflict",
          `the ${bindingText(binding)} gives it ${found.role} and does not carry our marks: remove it, or use another ServiceAccount`,
          { code: "ResourceInUseException" },
        );
      if (found.rebuild) {
        await remove(found, call);
        return create(binding, role, tags, call);
      }
      await ask(
        "EKS UpdatePodIdentityAssociation",
        eks.send(
          new UpdatePodIdentityAssociationCommand({
            clusterName: binding.cluster,
            associationId: found.id,
            roleArn: role,
            disableSessionTags: false,
          }),
          options(call),
        ),
      );
    },
  };
}

/** It carries our marks, or it gives our own role. */
export const isOurs = (found: Association, role: string, owner: Owner): boolean =>
  found.role === role || (found.owner !== undefined && sameObject(found.owner, owner));

function told(found: PodIdentityAssociation): Omit<Association, "binding" | "id"> {
  const operation = "EKS DescribePodIdentityAssociation";
  const rebuild = Boolean(found.targetRoleArn || found.policy);
  const extras = [
    ...(found.disableSessionTags ? ["without session tags"] : []),
    ...(found.targetRoleArn ? [`on to role ${found.targetRoleArn}`] : []),
    ...(found.policy ? ["with a session policy"] : []),
  ];
  return {
    role: required(operation, "roleArn", found.roleArn),
    owner: ownerOf(tagsOf(found.tags)),
    extras: extras.join(", "),
    rebuild,
  };
}
