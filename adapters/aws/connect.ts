import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import type { Leaves } from "../../controllers/leaf/wants.ts";
import type { CloudConnection, Place } from "../../operator/provider/cloud.ts";
import { bucketProvider } from "./bucket.ts";
import { type AwsLog, awsClients } from "./clients.ts";
import { encryptionKeyProvider } from "./encryptionkey.ts";
import { ask, required } from "./errors.ts";
import { eventRuleProvider } from "./eventrule.ts";
import { identityProvider } from "./identity.ts";
import { awsPlatform } from "./platform.ts";
import { queueProvider } from "./queue.ts";
import { secretProvider } from "./secret.ts";
import { tableProvider } from "./table.ts";
import { tableItemProvider } from "./tableitem.ts";
import { topicProvider } from "./topic.ts";
import { workflowProvider } from "./workflow.ts";

/** AWS as it is reached from one Place. Nothing is asked before the first call. */
export function connectAws(
  place: Place,
  deps: { readonly log?: AwsLog; readonly now?: () => number } = {},
): CloudConnection<Leaves> {
  const aws = awsClients(place, deps.log, deps.now);
  return {
    cloud: "aws",
    providers: {
      Queue: queueProvider(aws),
      Table: tableProvider(aws),
      TableItem: tableItemProvider(aws),
      Bucket: bucketProvider(aws),
      EncryptionKey: encryptionKeyProvider(aws),
      ManagedSecret: secretProvider(aws),
      EventRule: eventRuleProvider(aws),
      Topic: topicProvider(aws),
      Workflow: workflowProvider(aws),
      WorkloadIdentity: identityProvider(aws),
    },
    platform: awsPlatform(place),
    async whoAmI(signal) {
      const operation = "STS GetCallerIdentity";
      const reply = await ask(operation, aws.sts.send(new GetCallerIdentityCommand({}), { abortSignal: signal }));
      return {
        account: required(operation, "Account", reply.Account),
        principal: required(operation, "Arn", reply.Arn),
      };
    },
    close: aws.close,
  };
}
