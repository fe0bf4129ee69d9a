import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ListBackupsCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  ResourceNotFoundException,
  TagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { carries } from "../marks.ts";
import { withStatus } from "./amend.ts";
import type { AwsUnderTest } from "./cloud.ts";

/** The field of Want that each operation, and each part of UpdateTable, is about. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  UpdateTimeToLive: ["ttlField"],
  UpdateContinuousBackups: ["pointInTimeRecoveryDays"],
  TagResource: ["tags"],
  UntagResource: ["tags"],
  GlobalSecondaryIndexUpdates: ["indexes"],
  DeletionProtectionEnabled: ["deletionProtection"],
  OnDemandThroughput: ["overrides"],
  StreamSpecification: ["overrides"],
  TableClass: ["overrides"],
};

/** Table on AWS, by the DynamoDB client. */
export function tableOnAws({ eyes: { dynamodb }, proxy }: AwsUnderTest): KindOnCloud {
  const describe = async (TableName: string) => {
    try {
      return (await dynamodb.send(new DescribeTableCommand({ TableName }))).Table;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  };
  const tags = async (ResourceArn: string | undefined) => {
    const reply = await dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn }));
    return Object.fromEntries((reply.Tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value]));
  };
  const tag = async ({ name }: Subject, Key: string, Value: string) => {
    const ResourceArn = (await describe(name))?.TableArn;
    await dynamodb.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key, Value }] }));
  };
  const reports = (state: string) => () =>
    void proxy.inject({
      when: ({ operation }) => operation === "DescribeTable",
      trouble: { do: "rewrite", body: (body) => withStatus(body, state) },
    });

  return {
    makes: ["CreateTable"],
    unmakes: ["DeleteTable"],
    touches({ operation, request }) {
      if (operation !== "UpdateTable") return FIELDS[operation] ?? [];
      const asked = request as object;
      const parts = Object.keys(asked).filter((key) => key !== "TableName" && key !== "AttributeDefinitions");
      return parts.map((key) => FIELDS[key]?.[0] ?? key);
    },
    async list({ object }) {
      const found: { id: string }[] = [];
      let after: string | undefined;
      do {
        const page = await dynamodb.send(new ListTablesCommand({ ...(after && { ExclusiveStartTableName: after }) }));
        for (const name of page.TableNames ?? []) {
          const table = await describe(name);
          if (table && carries(ownerOf(await tags(table.TableArn)), object)) found.push({ id: name });
        }
        after = page.LastEvaluatedTableName;
      } while (after);
      return found;
    },
    async snapshot({ name: TableName }) {
      const table = await describe(TableName);
      if (!table) return undefined;
      const { TimeToLiveDescription } = await dynamodb.send(new DescribeTimeToLiveCommand({ TableName }));
      const { ContinuousBackupsDescription } = await dynamodb.send(new DescribeContinuousBackupsCommand({ TableName }));
      const recovery = ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus;
      return { table, expiry: TimeToLiveDescription, recovery, tags: await tags(table.TableArn) };
    },
    tamper: {
      deletionProtection: async ({ name: TableName }) => {
        await dynamodb.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true }));
      },
      ttlField: async ({ name: TableName }) => {
        const TimeToLiveSpecification = { AttributeName: "theirs", Enabled: true };
        await dynamodb.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
      },
      pointInTimeRecoveryDays: async ({ name: TableName }) => {
        const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
        await dynamodb.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }));
      },
      indexes: async ({ name: TableName }) => {
        await dynamodb.send(
          new UpdateTableCommand({
            TableName,
            AttributeDefinitions: [{ AttributeName: "theirs", AttributeType: "S" }],
            GlobalSecondaryIndexUpdates: [
              {
                Create: {
                  IndexName: "theirs",
                  KeySchema: [{ AttributeName: "theirs", KeyType: "HASH" }],
                  Projection: { ProjectionType: "ALL" },
                },
              },
            ],
          }),
        );
      },
      overrides: async ({ name: TableName }) => {
        const StreamSpecification = { StreamEnabled: true, StreamViewType: "KEYS_ONLY" } as const;
        await dynamodb.send(new UpdateTableCommand({ TableName, StreamSpecification }));
      },
      tags: (subject) => tag(subject, "stage", "somebody"),
    },
    tag,
    async createForeign({ name: TableName }) {
      await dynamodb.send(
        new CreateTableCommand({
          TableName,
          BillingMode: "PAY_PER_REQUEST",
          AttributeDefinitions: [
            { AttributeName: "tenant", AttributeType: "S" },
            { AttributeName: "at", AttributeType: "N" },
          ],
          KeySchema: [
            { AttributeName: "tenant", KeyType: "HASH" },
            { AttributeName: "at", KeyType: "RANGE" },
          ],
          Tags: [{ Key: "theirs", Value: "x" }],
        }),
      );
    },
    async fill({ name: TableName }) {
      await dynamodb.send(new PutItemCommand({ TableName, Item: { tenant: { S: "t" }, at: { N: "1" } } }));
    },
    async backups({ name: TableName }) {
      const { BackupSummaries = [] } = await dynamodb.send(new ListBackupsCommand({ TableName }));
      return BackupSummaries.map(({ BackupArn: id = "" }) => ({ id }));
    },
    async remove({ name: TableName }) {
      if (!(await describe(TableName))) return;
      await dynamodb.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }));
      await dynamodb.send(new DeleteTableCommand({ TableName }));
    },
    states: { unknown: reports("MIGRATING"), keyDisabled: reports("INACCESSIBLE_ENCRYPTION_CREDENTIALS") },
  };
}
