import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  type TableDescription,
  type Tag,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import type { TableOutputs, TableWant } from "../../controllers/leaf/wants.ts";
import { limits } from "../../crds/limits.ts";
import { ProviderError, sideBySide, step } from "../../operator/provider/fault.ts";
import { HOLDER_MARKS, ownerOf, ownerTags, sameObject } from "../../operator/provider/owner.ts";
import type { Call, Fitted, Provider } from "../../operator/provider/provider.ts";
import { parseArn } from "./arn.ts";
import type { Aws } from "./clients.ts";
import { ask, askFor, required } from "./errors.ts";
import { keyArn } from "./key.ts";
import { checkOverrides } from "./overrides.ts";
import { fitNumber } from "./range.ts";
import { tableBackups } from "./table-backup.ts";
import { TABLE_OVERRIDES, tableOverrides } from "./table-overrides.ts";
import { actualOf, createInput, phaseOf, updateSteps } from "./table-shape.ts";
import { tagChanges, tagList, tagsOf, tagsToCreate } from "./tags.ts";

/**
 * Table as DynamoDB table, billed by request. CreateTable sets all but expiry and recovery, which follow as an update
 * once the table is active. An update sends as much as DynamoDB takes at that moment: what makes the table busy ends
 * it, and the next pass goes on.
 */
export function tableProvider(aws: Aws): Provider<TableWant, TableOutputs> {
  const { dynamodb, place } = aws;
  const backups = tableBackups(dynamodb);
  const daysAsked = new Map<string, number>();
  const options = (call: Call) => ({ abortSignal: call.signal });

  const outputsOf = (arn: string, stream?: string): TableOutputs => {
    const TABLE_NAME = nameOf(arn);
    return {
      ...(stream !== undefined && { STREAM_ID: stream }),
      TABLE_ID: arn,
      TABLE_NAME,
      COLLECTION: TABLE_NAME,
      REGION: parseArn(arn)?.region ?? place.region,
    };
  };

  const describe = (TableName: string, call: Call) =>
    askFor("DynamoDB DescribeTable", dynamodb.send(new DescribeTableCommand({ TableName }), options(call)));

  /** All tags, page by page. A table whose tags can't be read has unknown, not missing, marks: an error. */
  async function tagsAt(ResourceArn: string, call: Call): Promise<Record<string, string>> {
    const operation = "DynamoDB ListTagsOfResource";
    const found: Tag[] = [];
    let NextToken: string | undefined;
    do {
      const page = await askFor(
        operation,
        dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn, ...(NextToken && { NextToken }) }), options(call)),
      );
      found.push(...required(operation, "tags", page?.Tags));
      NextToken = page?.NextToken;
    } while (NextToken);
    return tagsOf(found.map(({ Key, Value }) => ({ Key: Key ?? "", Value: Value ?? "" })));
  }

  async function ttlFieldAt(TableName: string, call: Call): Promise<string | null> {
    const operation = "DynamoDB DescribeTimeToLive";
    const reply = await ask(operation, dynamodb.send(new DescribeTimeToLiveCommand({ TableName }), options(call)));
    const ttl = required(operation, "TimeToLiveDescription", reply.TimeToLiveDescription);
    const on = ttl.TimeToLiveStatus === "ENABLED" || ttl.TimeToLiveStatus === "ENABLING";
    return (on && ttl.AttributeName) || null;
  }

  /**
   * Days of recovery. Where it is on and the answer doesn't tell the days, they are those that this process asked
   * for; else they are left out and not compared.
   */
  async function recoveryAt(
    TableName: string,
    call: Call,
  ): Promise<Pick<Partial<TableWant>, "pointInTimeRecoveryDays">> {
    const operation = "DynamoDB DescribeContinuousBackups";
    const reply = await ask(
      operation,
      dynamodb.send(new DescribeContinuousBackupsCommand({ TableName }), options(call)),
    );
    const backups = required(operation, "ContinuousBackupsDescription", reply.ContinuousBackupsDescription);
    const recovery = backups.PointInTimeRecoveryDescription;
    if (recovery?.PointInTimeRecoveryStatus !== "ENABLED") return { pointInTimeRecoveryDays: null };
    const days = recovery.RecoveryPeriodInDays ?? daysAsked.get(TableName);
    return days === undefined ? {} : { pointInTimeRecoveryDays: days };
  }

  async function setRecovery(TableName: string, days: number | null, call: Call): Promise<void> {
    const PointInTimeRecoverySpecification =
      days === null
        ? { PointInTimeRecoveryEnabled: false }
        : { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: days };
    await ask(
      "DynamoDB UpdateContinuousBackups",
      dynamodb.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }), options(call)),
    );
    if (days !== null) daysAsked.set(TableName, days);
  }

  async function setTtl(TableName: string, AttributeName: string, Enabled: boolean, call: Call): Promise<void> {
    try {
      await ask(
        "DynamoDB UpdateTimeToLive",
        dynamodb.send(
          new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: { AttributeName, Enabled } }),
          options(call),
        ),
      );
    } catch (error) {
      if (error instanceof ProviderError && /TimeToLive is already (en|dis)abled/.test(error.message)) return;
      throw error;
    }
  }

  async function updateTags(arn: string, seen: Partial<TableWant>, want: TableWant, call: Call): Promise<void> {
    const { set, remove } = tagChanges(seen.tags, want.tags, call.owner);
    if (Object.keys(set).length > 0)
      await step("set tags", () =>
        ask(
          "DynamoDB TagResource",
          dynamodb.send(new TagResourceCommand({ ResourceArn: arn, Tags: tagList(set) }), options(call)),
        ),
      );
    if (remove.length > 0)
      await step("remove tags", () =>
        ask(
          "DynamoDB UntagResource",
          dynamodb.send(new UntagResourceCommand({ ResourceArn: arn, TagKeys: remove }), options(call)),
        ),
      );
  }

  return {
    ids: "derived",
    service: "dynamodb",
    immutable: ["partitionKey", "sortKey"],
    fit: (want) => fitTable(aws, want),
    foresee: (name) => outputsOf(aws.arn("dynamodb", `table/${name}`)),

    async list({ signal }) {
      const names: string[] = [];
      let start: string | undefined;
      do {
        const page = await ask(
          "DynamoDB ListTables",
          dynamodb.send(new ListTablesCommand({ ExclusiveStartTableName: start }), { abortSignal: signal }),
        );
        names.push(...required("DynamoDB ListTables", "TableNames", page.TableNames));
        start = page.LastEvaluatedTableName;
      } while (start);
      return names.map((name) => ({ name, id: aws.arn("dynamodb", `table/${name}`) }));
    },

    async observe(at, call) {
      const name = at.id === undefined ? at.name : nameOf(at.id);
      const found = await describe(name, call);
      if (!found) return { exists: false };
      const table: TableDescription = required("DynamoDB DescribeTable", "Table", found.Table);
      const id = required("DynamoDB DescribeTable", "TableArn", table.TableArn);
      const phase = phaseOf(table);
      const [tags, rest] = await sideBySide([
        tagsAt(id, call),
        phase.phase === "ready"
          ? sideBySide([ttlFieldAt(name, call), recoveryAt(name, call)]).then(([ttlField, recovery]) => ({
              ttlField,
              ...recovery,
            }))
          : {},
      ]);
      const actual: Partial<TableWant> = { ...actualOf(table), ...rest, tags };
      return {
        exists: true,
        id,
        owner: ownerOf(tags),
        ...phase,
        actual,
        outputs: outputsOf(id, actual.overrides?.stream === undefined ? undefined : table.LatestStreamArn),
        ...(actual.deletionProtection && {
          deleteBlockedBy: {
            field: "deletionProtection",
            message: `Deletion protection of ${name} is on: set spec.deletionProtection to false to let the table go.`,
          },
        }),
      };
    },

    async create(name, want, call) {
      const operation = "DynamoDB CreateTable";
      const Tags = tagList(tagsToCreate(want.tags, call.owner));
      try {
        const made = await ask(
          operation,
          dynamodb.send(new CreateTableCommand({ ...createInput(name, want), Tags }), options(call)),
        );
        return { id: required(operation, "TableArn", made.TableDescription?.TableArn) };
      } catch (error) {
        if (!(error instanceof ProviderError) || error.code !== "ResourceInUseException") throw error;
        const id = required(operation, "the table that is there", (await describe(name, call))?.Table?.TableArn);
        const owner = ownerOf(await tagsAt(id, call));
        if (owner && sameObject(owner, call.owner)) return { id };
        throw new ProviderError("conflict", `DynamoDB table ${name} exists and does not carry our marks`, {
          code: error.code,
        });
      }
    },

    async update(seen, want, changed, call) {
      const TableName = nameOf(seen.id);
      if (changed.has("tags")) await updateTags(seen.id, seen.actual, want, call);
      if (changed.has("pointInTimeRecoveryDays"))
        await step("set point-in-time recovery", () => setRecovery(TableName, want.pointInTimeRecoveryDays, call));
      for (const { name, change } of updateSteps(seen.actual, want, changed)) {
        const reply = await step(name, () =>
          ask("DynamoDB UpdateTable", dynamodb.send(new UpdateTableCommand({ TableName, ...change }), options(call))),
        );
        if (phaseOf(reply.TableDescription ?? {}).phase !== "ready") return;
      }
      // Last, since DynamoDB takes one change an hour, and refuses the new field right after the old one's end.
      if (!changed.has("ttlField")) return;
      const { ttlField } = seen.actual;
      if (ttlField) await step("stop the old TTL field", () => setTtl(TableName, ttlField, false, call));
      if (want.ttlField !== null) {
        const field = want.ttlField;
        await step("set the TTL field", () => setTtl(TableName, field, true, call));
      }
    },

    async delete(seen, _at, call) {
      await askFor(
        "DynamoDB DeleteTable",
        dynamodb.send(new DeleteTableCommand({ TableName: nameOf(seen.id) }), options(call)),
      );
    },

    isEmpty: (seen, call) => backups.isEmpty(nameOf(seen.id), call.signal),
    restore: (seen, name, moment, call) => backups.restore(nameOf(seen.id), name, moment, call.signal),
    async finalBackup(seen, call) {
      const table = required("DynamoDB DescribeTable", "Table", (await describe(nameOf(seen.id), call))?.Table);
      return backups.final(nameOf(seen.id), table.TableId ?? seen.id, call.signal);
    },

    async adopt(seen, _want, call) {
      await ask(
        "DynamoDB TagResource",
        dynamodb.send(
          new TagResourceCommand({ ResourceArn: seen.id, Tags: tagList(ownerTags(call.owner)) }),
          options(call),
        ),
      );
    },

    async release(seen, call) {
      await askFor(
        "DynamoDB UntagResource",
        dynamodb.send(new UntagResourceCommand({ ResourceArn: seen.id, TagKeys: [...HOLDER_MARKS] }), options(call)),
      );
    },
  };
}

/** `arn:aws:dynamodb:…:table/orders` → `orders`. */
const nameOf = (arn: string): string => parseArn(arn)?.resource.replace(/^table\//, "") ?? arn;

function fitTable(aws: Pick<Aws, "arn">, want: TableWant): Fitted<TableWant> {
  const days =
    want.pointInTimeRecoveryDays === null
      ? undefined
      : fitNumber("pointInTimeRecovery.days", want.pointInTimeRecoveryDays, limits.table.pointInTimeRecoveryDays);
  const used = checkOverrides(want.overrides, TABLE_OVERRIDES);
  return {
    want: {
      ...want,
      pointInTimeRecoveryDays: days?.value ?? null,
      encryptionKey: keyArn(aws, want.encryptionKey),
      overrides: tableOverrides(want.overrides),
    },
    deviations: [...(days?.deviations ?? []), ...used],
  };
}
