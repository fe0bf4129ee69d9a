import type { Place, Platform } from "../../operator/provider/cloud.ts";
import { endpointOf } from "./clients.ts";

/** What the objects of a workload need on EKS. */
export function awsPlatform(place: Place): Platform {
  const native = place.workloadIdentity === "Native";
  return {
    backlogTrigger({ outputs }, perReplica, activation) {
      const awsEndpoint = endpointOf(place, "sqs");
      return {
        type: "aws-sqs-queue",
        metadata: {
          queueURL: outputs.QUEUE_URL ?? "",
          awsRegion: outputs.REGION ?? place.region,
          queueLength: String(perReplica),
          activationQueueLength: String(activation),
          scaleOnInFlight: "true",
          scaleOnDelayed: "false",
          ...(awsEndpoint !== undefined && { awsEndpoint }),
        },
        // KEDA's own identity, as on GKE: it needs sqs:GetQueueAttributes on the queues it scales on.
        authentication: { podIdentity: { provider: "aws" } },
      };
    },

    // The Pod Identity agent. IRSA asks STS, which is one of the cloud's APIs and needs no rule of its own.
    credentialEgress: () =>
      native
        ? ["169.254.170.23/32", "fd00:ec2::23/128"].map((cidr) => ({
            to: [{ ipBlock: { cidr } }],
            ports: [{ protocol: "TCP", port: 80 }],
          }))
        : [],

    serviceAccountAnnotations: (identity): Record<string, string> =>
      native || identity.IDENTITY === undefined
        ? {}
        : {
            "eks.amazonaws.com/role-arn": identity.IDENTITY,
            "eks.amazonaws.com/sts-regional-endpoints": "true",
          },

    // AWS_REGION and the credentials' variables are injected by EKS; ours have the same names on both clouds.
    workloadEnv: () => ({
      ONYX_CLOUD: "aws",
      ONYX_REGION: place.region,
      ONYX_ACCOUNT: place.account,
    }),
  };
}
