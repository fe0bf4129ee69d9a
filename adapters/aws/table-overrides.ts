/** Settings of DynamoDB alone: canonical forms both ways, and the calls that change them. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { CreateTableCommandInput, TableDescription, UpdateTableCommandInput } from "@aws-sdk/client-dynamodb";
import type { TableWant } from "../../controllers/leaf/wants.ts";
import type { Neutral } from "../../operator/provider/provider.ts";

type Overrides = TableWant["overrides"];
type Change = Omit<UpdateTableCommandInput, "TableName">;
type Step = { readonly name: string; readonly change: Change };

export const TABLE_OVERRIDES = ["tableClass", "onDemandMaximum", "stream"] as const;

const INFREQUENT = "StandardInfrequentAccess";
const CLASSES: Readonly<Record<string, "STANDARD" | "STANDARD_INFREQUENT_ACCESS">> = {
  Standard: "STANDARD",
  [INFREQUENT]: "STANDARD_INFREQUENT_ACCESS",
};

const VIEWS = {
  KeysOnly: "KEYS_ONLY",
  NewImage: "NEW_IMAGE",
  OldImage: "OLD_IMAGE",
  NewAndOldImages: "NEW_AND_OLD_IMAGES",
} as const;
type View = keyof typeof VIEWS;

/** What DynamoDB takes for "no maximum". */
const UNLIMITED = -1;

/** The overrides in their one form: absent where they say what DynamoDB does anyway. */
export function tableOverrides(given: Overrides): Overrides {
  const maximum = maximumOf(given.onDemandMaximum);
  return {
    ...(given.tableClass === INFREQUENT && { tableClass: INFREQUENT }),
    ...(maximum && { onDemandMaximum: maximum }),
    ...(typeof given.stream === "string" && { stream: given.stream }),
  };
}

function maximumOf(given: Neutral): { readUnits?: number; writeUnits?: number } | undefined {
  const { readUnits, writeUnits } = (given ?? {}) as { readUnits?: number; writeUnits?: number };
  const [read, write] = [readUnits, writeUnits].map((units) => (units !== undefined && units > 0 ? units : undefined));
  if (read === undefined && write === undefined) return undefined;
  return { ...(read !== undefined && { readUnits: read }), ...(write !== undefined && { writeUnits: write }) };
}

/** The live settings. A table that is paid for by reserved capacity tells so: that is never wanted. */
export function actualOverrides(table: TableDescription): Overrides {
  const { MaxReadRequestUnits, MaxWriteRequestUnits } = table.OnDemandThroughput ?? {};
  const { StreamEnabled, StreamViewType } = table.StreamSpecification ?? {};
  return {
    ...tableOverrides({
      ...(table.TableClassSummary?.TableClass === CLASSES[INFREQUENT] && { tableClass: INFREQUENT }),
      onDemandMaximum: { readUnits: MaxReadRequestUnits, writeUnits: MaxWriteRequestUnits },
      ...(StreamEnabled && { stream: viewOf(StreamViewType) }),
    }),
    ...(isProvisioned(table) && { billing: "Provisioned" }),
  };
}

const viewOf = (type: string | undefined): string =>
  Object.entries(VIEWS).find(([, value]) => value === type)?.[0] ?? String(type);

/** DynamoDB leaves the summary out for a table that was always provisioned, and tells zero units for one on demand. */
const isProvisioned = ({ BillingModeSummary, ProvisionedThroughput }: TableDescription): boolean =>
  (BillingModeSummary?.BillingMode ?? "PROVISIONED") === "PROVISIONED" &&
  (ProvisionedThroughput?.ReadCapacityUnits ?? 0) > 0;

const classOf = ({ tableClass }: Overrides) => CLASSES[String(tableClass ?? "Standard")];

const streamOf = (view: Neutral) => ({
  StreamSpecification: { StreamEnabled: true, StreamViewType: VIEWS[view as View] },
});

function throughputOf({ onDemandMaximum }: Overrides, usual: number | undefined) {
  const { readUnits = usual, writeUnits = usual } = maximumOf(onDemandMaximum) ?? {};
  return {
    OnDemandThroughput: {
      ...(readUnits !== undefined && { MaxReadRequestUnits: readUnits }),
      ...(writeUnits !== undefined && { MaxWriteRequestUnits: writeUnits }),
    },
  };
}

/** What CreateTable is given. */
export const overridesToCreate = ({ overrides }: TableWant): Partial<CreateTableCommandInput> => ({
  TableClass: classOf(overrides),
  ...(overrides.onDemandMaximum !== undefined && throughputOf(overrides, undefined)),
  ...(overrides.stream !== undefined && streamOf(overrides.stream)),
});

/** The calls that lead from what is seen to what is wanted: one setting a call. Another kind of stream is another stream. */
export function overrideSteps(seen: Overrides, want: Overrides): readonly Step[] {
  const differs = (field: string) => !isDeepStrictEqual(seen[field], want[field]);
  const one = (field: string, name: string, change: Change) => (differs(field) ? [{ name, change }] : []);
  return [
    ...one("billing", "bill it by request", { BillingMode: "PAY_PER_REQUEST" }),
    ...one("tableClass", "set the table class", { TableClass: classOf(want) }),
    ...one("onDemandMaximum", "set the most units a second", throughputOf(want, UNLIMITED)),
    ...(differs("stream") && seen.stream !== undefined
      ? [{ name: "end the stream", change: { StreamSpecification: { StreamEnabled: false } } }]
      : []),
    ...(differs("stream") && want.stream !== undefined
      ? [{ name: "begin the stream", change: streamOf(want.stream) }]
      : []),
  ];
}
