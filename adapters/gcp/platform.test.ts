import { expect, test } from "vitest";
import type { Place } from "../../operator/provider/cloud.ts";
import { gkePlatform } from "./platform.ts";

const place: Place = {
  environment: "prod",
  cluster: "gke",
  region: "europe-west1",
  account: "my-project",
  workloadIdentity: "Native",
  endpoints: {},
};
const queue = { outputs: { QUEUE_ID: "projects/my-project/subscriptions/jobs-1a2b3c" } };

test("KEDA asks Cloud Monitoring for the backlog, as its own workload identity", () => {
  expect(gkePlatform(place).backlogTrigger(queue, 20, 1)).toEqual({
    type: "prometheus",
    metadata: {
      serverAddress: "https://monitoring.googleapis.com/v1/projects/my-project/location/global/prometheus",
      query:
        'sum(pubsub_googleapis_com:subscription_num_undelivered_messages{monitored_resource="pubsub_subscription",subscription_id="jobs-1a2b3c"})',
      threshold: "20",
      activationThreshold: "1",
      ignoreNullValues: "false",
      timeout: "10s",
    },
    authentication: { podIdentity: { provider: "gcp" } },
  });
});

test("an emulator is asked at its address and without credentials", () => {
  const emulated = gkePlatform({ ...place, endpoints: { monitoring: "http://127.0.0.1:9001/" } });
  expect(emulated.backlogTrigger(queue, 1, 0)).toMatchObject({
    metadata: { serverAddress: "http://127.0.0.1:9001/v1/projects/my-project/location/global/prometheus" },
    authentication: null,
  });
});

test("credentials come from the metadata server, whatever enforces network policies", () => {
  const pairs = gkePlatform(place)
    .credentialEgress()
    .flatMap(({ to, ports }) =>
      to.map(({ ipBlock }) => [ipBlock.cidr, ports.map(({ protocol, port }) => `${protocol} ${port}`)]),
    );
  expect(pairs).toEqual([
    ["169.254.169.254/32", ["TCP 80", "TCP 8080", "TCP 988"]],
    ["169.254.169.252/32", ["TCP 987", "TCP 988"]],
  ]);
});

test("the ServiceAccount carries nothing, the container three variables", () => {
  expect(gkePlatform(place).serviceAccountAnnotations({ IDENTITY: "principal://x" })).toEqual({});
  expect(gkePlatform(place).workloadEnv()).toEqual({
    ONYX_CLOUD: "gcp",
    ONYX_REGION: "europe-west1",
    ONYX_ACCOUNT: "my-project",
  });
});
