import { isReleased, type Owner } from "../../operator/provider/owner.ts";
import type { KubeObject } from "../../operator/reconcile/object.ts";

/** The marks name this object, and it holds what carries them. */
export const carries = (owner: Owner | undefined, { kind, metadata }: KubeObject): boolean =>
  owner !== undefined &&
  !isReleased(owner) &&
  owner.kind === kind.toLowerCase() &&
  owner.namespace === metadata.namespace &&
  owner.name === metadata.name;
