/** What the ingest of cost reports needs of a cloud: objects, a queue, a table. Every call throws ProviderError. */
import type { Readable } from "node:stream";
import type { Amount } from "../../crds/amount.ts";

/** What was spent on one day, by all that it is kept apart by. */
export interface CostRow {
  /** UTC, `2024-09-18`. */
  readonly day: string;
  readonly service: string;
  /** AWS: account id. GCP: project id. Empty: the bill names none. So for `region`. */
  readonly account: string;
  readonly region: string;
  /** Of the declared keys, those that have a value. */
  readonly tags: Readonly<Record<string, string>>;
  /** Usage, Purchase, Tax, Credit or Adjustment. */
  readonly category: string;
  /** ISO 4217. */
  readonly currency: string;
  /** Name of the allocation by which this is a part of shared cost; empty: it is the row's own. */
  readonly allocation: string;
  readonly billed: Amount;
  readonly effective: Amount;
  readonly list: Amount;
  /** Rows of the report behind it. */
  readonly count: number;
}

/** One object of a bucket, as it is now. */
export interface ReportObject {
  readonly key: string;
  /** Another one for each content. S3: ETag. Cloud Storage: generation. */
  readonly version: string;
  readonly bytes: number;
  /** ISO 8601, UTC. */
  readonly modified: string;
}

/** The bucket that reports are delivered to. */
export interface ReportBucket {
  /** `s3://…` or `gs://…`: `source` of its notifications. */
  readonly url: string;
  list(prefix: string): Promise<readonly ReportObject[]>;
  /** Undefined: there is none. */
  stat(key: string): Promise<ReportObject | undefined>;
  /** Its content while it is of that version. @throws ProviderError notFound or conflict: it is gone, or another one by now */
  open(object: ReportObject): Promise<Readable>;
}

/** One message, held by us until it is done or given back. */
export interface Delivery {
  readonly body: string;
  /** Holds it for that much longer. */
  extend(seconds: number): Promise<void>;
  done(): Promise<void>;
  /** It comes again after so many seconds. */
  giveBack(seconds: number): Promise<void>;
}

export interface DeliveryQueue {
  /** Undefined: nothing came for a while. */
  receive(signal: AbortSignal): Promise<Delivery | undefined>;
}

/** A value of an item of the cost table. */
export type CostValue = string | number | readonly CostValue[] | { readonly [name: string]: CostValue };

/** An item of the cost table, whose keys are `pk` and `sk`, both text. */
export interface CostItem {
  readonly pk: string;
  readonly sk: string;
  readonly [attribute: string]: CostValue;
}

/** The table that cost is written to. What is read is what was written last. */
export interface CostTable {
  /** `mark` names this state of the item. Undefined: there is none. */
  read(pk: string, sk: string): Promise<{ readonly item: CostItem; readonly mark: string } | undefined>;
  /** Writes while the item is in the state of `mark`; null: while there is none. False: it is in another one by now. */
  swap(item: CostItem, mark: string | null): Promise<boolean>;
  /** Writes all, in any order. A failure may have written some. */
  writeAll(items: readonly CostItem[]): Promise<void>;
  deleteAll(keys: readonly Pick<CostItem, "pk" | "sk">[]): Promise<void>;
  /** Items of a partition from `from` to `to`, both included, by `sk`. */
  query(pk: string, from: string, to: string): AsyncIterable<CostItem>;
}

/** Where the ingest of cost reports works. */
export interface CostsPlace {
  readonly region: string;
  /** AWS: account id. GCP: project id. */
  readonly account: string;
  /** URLs by service or `default`, for emulators and private endpoints. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Outputs of the Queue, the Bucket and the Table, by the ends of their variables: `URL`, `ID`, `NAME`; `""` is the plain one. */
  readonly queue: Readonly<Record<string, string>>;
  readonly bucket: Readonly<Record<string, string>>;
  readonly table: Readonly<Record<string, string>>;
}

/** One cloud as the ingest sees it. */
export interface CostCloud {
  readonly bucket: ReportBucket;
  readonly queue: DeliveryQueue;
  readonly table: CostTable;
  close(): void;
}
