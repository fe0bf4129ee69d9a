import {
  type BackupSummary,
  CreateBackupCommand,
  type DynamoDBClient,
  ListBackupsCommand,
  RestoreTableToPointInTimeCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import { shortHash } from "../../operator/provider/owner.ts";
import { ask, askFor, required } from "./errors.ts";

/** What is done with a table before it is destroyed. */
export interface TableBackups {
  /** Counts at most one item, consistently; no item is read: the policy of the operator allows counting alone. */
  isEmpty(TableName: string, signal: AbortSignal): Promise<boolean>;
  /**
   * The on-demand backup that stays when the table is gone: `<table>-final-<hash>`, one for each making of a table.
   * @param incarnation tells this table from one of the same name that was destroyed before
   */
  final(
    TableName: string,
    incarnation: string,
    signal: AbortSignal,
  ): Promise<{ readonly id: string; readonly ready: boolean }>;
  /** Needs point-in-time recovery to be on. Indexes are restored; tags, expiry, recovery and protection are not. */
  restore(from: string, to: string, moment: Date | undefined, signal: AbortSignal): Promise<void>;
}

/** BackupName: 3 to 255 characters of [a-zA-Z0-9_.-]. */
const NAME_LIMIT = 255;

export function tableBackups(dynamodb: DynamoDBClient): TableBackups {
  /** All pages: a table may have many backups of its users. */
  async function find(TableName: string, name: string, signal: AbortSignal): Promise<BackupSummary | undefined> {
    let after: string | undefined;
    do {
      const page = await ask(
        "DynamoDB ListBackups",
        dynamodb.send(
          new ListBackupsCommand({
            TableName,
            BackupType: "USER",
            ...(after && { ExclusiveStartBackupArn: after }),
          }),
          { abortSignal: signal },
        ),
      );
      const found = page.BackupSummaries?.find((one) => one.BackupName === name && one.BackupStatus !== "DELETED");
      if (found) return found;
      after = page.LastEvaluatedBackupArn;
    } while (after);
    return undefined;
  }

  return {
    async isEmpty(TableName, abortSignal) {
      const command = new ScanCommand({ TableName, Select: "COUNT", Limit: 1, ConsistentRead: true });
      const counted = await askFor("DynamoDB Scan", dynamodb.send(command, { abortSignal }));
      return counted === undefined || (counted.Count === 0 && counted.LastEvaluatedKey === undefined);
    },
    async restore(SourceTableName, TargetTableName, moment, abortSignal) {
      const when = moment ? { RestoreDateTime: moment } : { UseLatestRestorableTime: true };
      const command = new RestoreTableToPointInTimeCommand({ SourceTableName, TargetTableName, ...when });
      await ask("DynamoDB RestoreTableToPointInTime", dynamodb.send(command, { abortSignal }));
    },
    async final(TableName, incarnation, abortSignal) {
      const ending = `-final-${shortHash(incarnation, 6)}`;
      const BackupName = TableName.slice(0, NAME_LIMIT - ending.length) + ending;
      const found = await find(TableName, BackupName, abortSignal);
      if (found) return { id: found.BackupArn ?? BackupName, ready: found.BackupStatus === "AVAILABLE" };
      const operation = "DynamoDB CreateBackup";
      const command = new CreateBackupCommand({ TableName, BackupName });
      const made = required(
        operation,
        "BackupDetails",
        (await ask(operation, dynamodb.send(command, { abortSignal }))).BackupDetails,
      );
      return { id: made.BackupArn ?? BackupName, ready: made.BackupStatus === "AVAILABLE" };
    },
  };
}
