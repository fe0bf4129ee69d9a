import type { Place, WhoAmI } from "../provider/cloud.ts";
import type { Cloud } from "../provider/provider.ts";
import type { EnvironmentObject } from "../reconcile/environment.ts";
import type { AnyProvider } from "../reconcile/environment-view.ts";
import type { EnvironmentRegistry, Wrap } from "../reconcile/environments.ts";

/** Where a cloud is thought to be that nobody told of: names that stand for the real ones in what is shown. */
const PLACES = {
  aws: {
    region: "us-east-1",
    account: "000000000000",
    imageRegistry: "000000000000.dkr.ecr.us-east-1.amazonaws.com",
  },
  gcp: {
    region: "us-central1",
    account: "example-project",
    imageRegistry: "us-central1-docker.pkg.dev/example-project/images",
  },
} as const satisfies { readonly [C in Cloud]: object };

/** An Environment on a cloud that has none. */
export const assumedEnvironment = (cloud: Cloud): EnvironmentObject => ({
  apiVersion: "onyx.onelens.io/v1alpha1",
  kind: "Environment",
  metadata: { name: cloud, generation: 1 },
  spec: { cloud, ...PLACES[cloud], clusterName: `example-${cloud}`, workloadIdentity: "Native", default: true },
});

/** Environments that are planned for without asking their cloud. */
export interface Assumptions {
  /** Makes nothing be seen in a cloud that is not asked: for `createEnvironmentRegistry`. */
  readonly wrap: Wrap;
  /** From now on this Environment counts as reached, with nothing in its cloud. */
  assume(registry: EnvironmentRegistry, environment: EnvironmentObject): Promise<void>;
}

export function createAssumptions(): Assumptions {
  const assumed = new Set<string>();
  return {
    wrap: (_kind, provider, place) => (assumed.has(place.environment) ? unasked(provider) : provider),
    async assume(registry, { metadata: { name }, spec }) {
      assumed.add(name);
      await registry.connection(name, spec, undefined);
      registry.ready(name, spec, whoeverIsIn(spec));
    },
  };
}

const unasked = (provider: AnyProvider): AnyProvider => ({ ...provider, observe: async () => ({ exists: false }) });

const whoeverIsIn = ({ account }: Pick<Place, "account">): WhoAmI => ({ account, principal: "nobody yet" });
