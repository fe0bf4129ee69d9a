import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetTopicAttributesCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  NotFoundException,
  SetTopicAttributesCommand,
  TagResourceCommand,
} from "@aws-sdk/client-sns";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { carries } from "../marks.ts";
import { ACCOUNT, type AwsUnderTest, REGION } from "./cloud.ts";

/** The field of Want that each attribute is; all others are overrides. */
const FIELDS: Readonly<Record<string, string>> = {
  MaximumMessageSize: "maxMessageBytes",
  KmsMasterKeyId: "encryptionKey",
};

/** Topic on AWS, by the SNS client. */
export function topicOnAws({ eyes: { sns } }: AwsUnderTest): KindOnCloud {
  const arn = ({ name }: Subject) => `arn:aws:sns:${REGION}:${ACCOUNT}:${name}`;
  const tags = async (ResourceArn: string) => {
    const { Tags = [] } = await sns.send(new ListTagsForResourceCommand({ ResourceArn }));
    return Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value]));
  };
  const set = (AttributeName: string, AttributeValue: string) => async (subject: Subject) => {
    await sns.send(new SetTopicAttributesCommand({ TopicArn: arn(subject), AttributeName, AttributeValue }));
  };
  const tag = async (subject: Subject, Key: string, Value: string) => {
    await sns.send(new TagResourceCommand({ ResourceArn: arn(subject), Tags: [{ Key, Value }] }));
  };

  return {
    makes: ["CreateTopic"],
    unmakes: ["DeleteTopic"],
    touches: ({ operation, request }) => {
      if (operation !== "SetTopicAttributes") return operation.endsWith("agResource") ? ["tags"] : [];
      return [FIELDS[(request as { AttributeName: string }).AttributeName] ?? "overrides"];
    },
    async list({ object }) {
      const found: { id: string }[] = [];
      for (const { TopicArn = "" } of (await sns.send(new ListTopicsCommand({}))).Topics ?? [])
        if (carries(ownerOf(await tags(TopicArn)), object)) found.push({ id: TopicArn });
      return found;
    },
    async snapshot(subject) {
      try {
        const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: arn(subject) }));
        return { attributes: Attributes, tags: await tags(arn(subject)) };
      } catch (error) {
        if (error instanceof NotFoundException) return undefined;
        throw error;
      }
    },
    tamper: {
      encryptionKey: set("KmsMasterKeyId", "alias/aws/sns"),
      maxMessageBytes: set("MaximumMessageSize", "2048"),
      overrides: set("TracingConfig", "Active"),
      tags: (subject) => tag(subject, "stage", "somebody"),
    },
    tag,
    async createForeign({ name }) {
      const Attributes = { MaximumMessageSize: "262144" };
      await sns.send(new CreateTopicCommand({ Name: name, Attributes, Tags: [{ Key: "theirs", Value: "x" }] }));
    },
    async remove(subject) {
      await sns.send(new DeleteTopicCommand({ TopicArn: arn(subject) }));
    },
  };
}
