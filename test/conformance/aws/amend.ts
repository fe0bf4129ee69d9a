import type { FaultProxy, ProxyCall } from "../../support/fault-proxy.ts";

/** AWS's own number of days where none is asked for: API_PointInTimeRecoverySpecification. */
const DEFAULT_DAYS = 35;

/**
 * ministack forgets RecoveryPeriodInDays, which DynamoDB tells of every table whose recovery is on: it is put back, as
 * it was last asked for through the proxy.
 */
export function recoveryDays(call: ProxyCall, body: string, before: readonly ProxyCall[]): string {
  if (call.operation !== "DescribeContinuousBackups") return body;
  const answer = JSON.parse(body) as {
    ContinuousBackupsDescription?: {
      PointInTimeRecoveryDescription?: { PointInTimeRecoveryStatus?: string; RecoveryPeriodInDays?: number };
    };
  };
  const recovery = answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  if (recovery?.PointInTimeRecoveryStatus !== "ENABLED") return body;
  recovery.RecoveryPeriodInDays ??= daysAsked(tableIn(call), before) ?? DEFAULT_DAYS;
  return JSON.stringify(answer);
}

function daysAsked(table: string | undefined, calls: readonly ProxyCall[]): number | undefined {
  const last = calls.findLast((call) => call.operation === "UpdateContinuousBackups" && tableIn(call) === table);
  const asked =
    last && (JSON.parse(last.body) as { PointInTimeRecoverySpecification?: { RecoveryPeriodInDays?: number } });
  return asked?.PointInTimeRecoverySpecification?.RecoveryPeriodInDays;
}

const tableIn = ({ body }: ProxyCall): string | undefined => (JSON.parse(body) as { TableName?: string }).TableName;

/**
 * ministack makes and changes a table within the call, where DynamoDB takes seconds to minutes: from now on a table that
 * was made or changed since then is told to be at it still. Gives back the way to end that.
 */
export function tablesAtWork(proxy: FaultProxy): () => void {
  const from = proxy.calls.length;
  let over = false;
  const lastOn = (table: string | undefined) =>
    proxy.calls
      .slice(from)
      .findLast(({ operation, body }) => WORK.has(operation) && body.includes(`"TableName":"${table}"`))?.operation;
  proxy.inject({
    when: (call) => !over && (call.operation === "DescribeTable" || WORK.has(call.operation)),
    trouble: (call) => {
      const state = WORK.get(lastOn(tableIn(call)) ?? "");
      return { do: "rewrite", body: (body) => (state ? withStatus(body, state) : body) };
    },
  });
  return () => {
    over = true;
  };
}

const WORK: ReadonlyMap<string, string> = new Map([
  ["CreateTable", "CREATING"],
  ["UpdateTable", "UPDATING"],
]);

/** A table's description with another state. */
export const withStatus = (body: string, state: string): string =>
  body.replace(/"TableStatus":\s*"ACTIVE"/, `"TableStatus":"${state}"`);
