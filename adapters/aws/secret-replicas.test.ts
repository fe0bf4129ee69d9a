import { afterEach, expect, test } from "vitest";
import { awsClients } from "./clients.ts";
import { liveReplicas, replicasOf, secretReplicas } from "./secret-replicas.ts";
import { call, place } from "./testing/fixtures.ts";
import { type Script, scriptServer } from "./testing/script-server.ts";
import { json } from "./testing/wire.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function against(script: Script) {
  const server = await scriptServer(script);
  const aws = awsClients(place(server.url));
  open.push(server, aws);
  return { replicas: secretReplicas(aws), asked: server.asked };
}

const SecretId = "arn:aws:secretsmanager:us-east-1:000000000000:secret:token-Xy9zQ1";
const key = "arn:aws:kms:eu-west-1:000000000000:key/1";

test("what is told is sorted, AWS's own key is no key, and a copy that is being made counts", () => {
  const told = liveReplicas([
    { Region: "us-west-2", Status: "InProgress", KmsKeyId: "alias/aws/secretsmanager" },
    { Region: "eu-west-1", Status: "InSync", KmsKeyId: key },
  ]);
  expect(told).toEqual(replicasOf([{ region: "us-west-2" }, { region: "eu-west-1", key }]));
});

test("only what differs is sent: first what goes, then what comes", async () => {
  const { replicas, asked } = await against(() => json({ ARN: SecretId }));
  const live = liveReplicas([
    { Region: "eu-west-1", Status: "InSync" },
    { Region: "eu-north-1", Status: "InSync" },
    { Region: "us-west-2", Status: "InSync" },
    { Region: "ap-south-1", Status: "Failed", StatusMessage: "the name is taken" },
  ]);
  const wanted = replicasOf([{ region: "eu-west-1", key }, { region: "us-west-2" }, { region: "ap-south-1" }]);
  await replicas.bring(SecretId, live, wanted, call("token"));
  expect(asked).toEqual([
    {
      operation: "RemoveRegionsFromReplication",
      body: { SecretId, RemoveReplicaRegions: ["eu-north-1", "eu-west-1"] },
    },
    {
      operation: "ReplicateSecretToRegions",
      body: { SecretId, AddReplicaRegions: [{ Region: "ap-south-1" }, { Region: "eu-west-1", KmsKeyId: key }] },
    },
  ]);
  await replicas.bring(SecretId, wanted, wanted, call("token"));
  expect(asked).toHaveLength(2);
});

test("a copy that can't be made names the step and its region", async () => {
  const refused = {
    status: 400,
    headers: { "content-type": "application/x-amz-json-1.1" },
    body: JSON.stringify({ __type: "InvalidParameterException", message: "Invalid region" }),
  };
  const { replicas } = await against(() => refused);
  await expect(replicas.add(SecretId, [{ region: "xx-none-1" }], call("token"))).rejects.toMatchObject({
    fault: "invalid",
    step: "copy it to xx-none-1",
  });
});
