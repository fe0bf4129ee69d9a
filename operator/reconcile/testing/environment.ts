import type { EnvironmentView } from "../environment-view.ts";

/** An Environment that is there and Ready, with one provider. */
export function environmentWith(
  provider: ReturnType<EnvironmentView["provider"]>,
  over: Partial<EnvironmentView> = {},
): EnvironmentView {
  return {
    name: "prod",
    cloud: "aws",
    place: {
      environment: "prod",
      cluster: "blue",
      region: "eu-west-1",
      account: "111122223333",
      workloadIdentity: "Native",
      endpoints: {},
    },
    who: { account: "111122223333", principal: "arn:aws:iam::111122223333:role/onyx" },
    prefix: "prod",
    defaultTags: {},
    deletionPolicies: {},
    succeeds: [],
    provider: () => provider,
    ...over,
  };
}
