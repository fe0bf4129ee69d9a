import { describe, expect, it } from "vitest";
import { awsPlatform } from "./platform.ts";
import { place } from "./testing/fixtures.ts";

const onAws = { ...place(""), endpoints: {} };
const queue = {
  outputs: { QUEUE_ID: "arn", QUEUE_URL: "https://sqs.us-east-1.amazonaws.com/1/q", REGION: "us-east-1" },
};

describe("on EKS", () => {
  it("a backlog is read by KEDA's aws-sqs-queue, in-flight messages included", () => {
    expect(awsPlatform(onAws).backlogTrigger(queue, 10, 0)).toEqual({
      type: "aws-sqs-queue",
      metadata: {
        queueURL: queue.outputs.QUEUE_URL,
        awsRegion: "us-east-1",
        queueLength: "10",
        activationQueueLength: "0",
        scaleOnInFlight: "true",
        scaleOnDelayed: "false",
      },
      authentication: { podIdentity: { provider: "aws" } },
    });
  });

  it("through an endpoint of the Environment, the service's before the default", () => {
    const trigger = (endpoints: Record<string, string>) =>
      awsPlatform({ ...onAws, endpoints }).backlogTrigger(queue, 1, 0).metadata.awsEndpoint;
    expect(trigger({ default: "http://e:1/" })).toBe("http://e:1");
    expect(trigger({ default: "http://e:1", sqs: "http://q:2" })).toBe("http://q:2");
  });

  it("Pod Identity: egress to its agent, an unchanged ServiceAccount", () => {
    const platform = awsPlatform(onAws);
    expect(platform.credentialEgress()).toEqual([
      { to: [{ ipBlock: { cidr: "169.254.170.23/32" } }], ports: [{ protocol: "TCP", port: 80 }] },
      { to: [{ ipBlock: { cidr: "fd00:ec2::23/128" } }], ports: [{ protocol: "TCP", port: 80 }] },
    ]);
    expect(platform.serviceAccountAnnotations({ IDENTITY: "arn:role" })).toEqual({});
  });

  it("IRSA: no agent, the role as annotation", () => {
    const platform = awsPlatform({ ...onAws, workloadIdentity: "Irsa" });
    expect(platform.credentialEgress()).toEqual([]);
    expect(platform.serviceAccountAnnotations({ IDENTITY: "arn:role" })).toEqual({
      "eks.amazonaws.com/role-arn": "arn:role",
      "eks.amazonaws.com/sts-regional-endpoints": "true",
    });
    expect(platform.serviceAccountAnnotations({})).toEqual({});
  });

  it("the environment has the names that both clouds have, and no credentials", () => {
    expect(awsPlatform(onAws).workloadEnv()).toEqual({
      ONYX_CLOUD: "aws",
      ONYX_REGION: "us-east-1",
      ONYX_ACCOUNT: "000000000000",
    });
  });
});
