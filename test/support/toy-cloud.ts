import { ProviderError } from "../../operator/provider/fault.ts";
import type { Owner } from "../../operator/provider/owner.ts";
import type { Present, Provider, Wanted } from "../../operator/provider/provider.ts";
import type { AnyConnection } from "../../operator/reconcile/environments.ts";
import { SIDES } from "./composing.ts";

type Outputs = Readonly<Record<string, string>>;
interface Thing {
  want: Wanted;
  readonly owner: Owner;
}

/** A cloud in memory that has every kind: for tests of what the operator does in Kubernetes. */
export interface ToyCloud {
  readonly connection: AnyConnection;
  /** Names in the cloud, by kind. */
  names(kind: string): readonly string[];
  /** What was asked for, of each of a kind. */
  wants(kind: string): readonly Wanted[];
  /** Kinds that take their time. */
  readonly slow: Set<string>;
  /** Kinds that our credentials may not touch. */
  readonly denied: Set<string>;
  /** Told of each delete. */
  onDelete: (kind: string, name: string) => void;
}

/** @param account what `whoAmI` tells */
export function toyCloud(account: string): ToyCloud {
  const things = new Map<string, Map<string, Thing>>();
  const cloud: ToyCloud = {
    slow: new Set(),
    denied: new Set(),
    onDelete: () => {},
    names: (kind) => [...(things.get(kind)?.keys() ?? [])],
    wants: (kind) => [...(things.get(kind)?.values() ?? [])].map(({ want }) => want),
    connection: {
      cloud: "aws",
      platform: SIDES.aws.platform,
      whoAmI: async () => ({ account, principal: "toy" }),
      providers: Object.fromEntries(
        ["Queue", "Table", "TableItem", "WorkloadIdentity"].map((kind) => [kind, provider(kind)]),
      ),
      close: () => {},
    },
  };

  function provider(kind: string): Provider<Wanted, Outputs> {
    const mine = new Map<string, Thing>();
    things.set(kind, mine);
    const check = () => {
      if (cloud.denied.has(kind))
        throw new ProviderError("denied", `not allowed to make a ${kind}`, { code: "Denied" });
    };
    const present = (name: string, { want, owner }: Thing): Present<Wanted, Outputs> => ({
      exists: true,
      id: `toy/${kind}/${name}`,
      owner,
      phase: cloud.slow.has(kind) ? "pending" : "ready",
      actual: want,
      outputs: kind === "WorkloadIdentity" ? { IDENTITY: name } : SIDES.aws.outputs(kind, name),
    });
    const nameOf = (seen: Present<Wanted, Outputs>) => seen.id.split("/").at(-1) ?? "";
    return {
      ids: "derived",
      immutable: [],
      service: "toy",
      async observe({ name }) {
        const thing = mine.get(name);
        return thing ? present(name, thing) : { exists: false };
      },
      async create(name, want, { owner }) {
        check();
        mine.set(name, { want, owner });
        return { id: `toy/${kind}/${name}` };
      },
      async update(seen, want) {
        check();
        const thing = mine.get(nameOf(seen));
        if (thing) thing.want = want;
      },
      async delete(seen) {
        cloud.onDelete(kind, nameOf(seen));
        mine.delete(nameOf(seen));
      },
      async adopt() {
        throw new ProviderError("invalid", "nothing here is foreign");
      },
    };
  }
  return cloud;
}
