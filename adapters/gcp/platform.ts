import type { Place, Platform } from "../../operator/provider/cloud.ts";
import { baseUrl } from "./endpoints.ts";
import { shortName } from "./names.ts";

/**
 * What a workload's objects have on GKE only.
 *
 * Sources: KEDA's prometheus scaler with podIdentity gcp (keda.sh/docs, scalers/prometheus), Cloud Monitoring's PromQL
 * endpoint and names (cloud.google.com/monitoring/promql), network policy with Workload Identity Federation for GKE
 * (cloud.google.com/kubernetes-engine/docs/how-to/network-policy).
 */
export function gkePlatform(place: Place): Platform {
  const monitoring = baseUrl(place, "monitoring", "https://monitoring.googleapis.com");
  const emulated = monitoring.startsWith("http:");
  return {
    backlogTrigger: ({ outputs }, perReplica, activation) => ({
      type: "prometheus",
      metadata: {
        serverAddress: `${monitoring}/v1/projects/${place.account}/location/global/prometheus`,
        // Undelivered messages include those that a consumer holds, as SQS' in-flight ones are counted in. One result only.
        query: `sum(pubsub_googleapis_com:subscription_num_undelivered_messages{monitored_resource="pubsub_subscription",subscription_id="${shortName(outputs.QUEUE_ID ?? "")}"})`,
        threshold: String(perReplica),
        activationThreshold: String(activation),
        // An outage of the metric must be an error: taken for 0 it would scale to nothing.
        ignoreNullValues: "false",
        timeout: "10s",
      },
      authentication: emulated ? null : { podIdentity: { provider: "gcp" } },
    }),
    // Dataplane V2 sees the metadata server's address, Calico that of the node's agent behind it.
    credentialEgress: () => [egress("169.254.169.254/32", [80, 8080, 988]), egress("169.254.169.252/32", [987, 988])],
    // The principal follows from namespace and name: the ServiceAccount needs no annotation.
    serviceAccountAnnotations: () => ({}),
    workloadEnv: () => ({ ONYX_CLOUD: "gcp", ONYX_REGION: place.region, ONYX_ACCOUNT: place.account }),
  };
}

const egress = (cidr: string, ports: readonly number[]) => ({
  to: [{ ipBlock: { cidr } }],
  ports: ports.map((port) => ({ protocol: "TCP" as const, port })),
});
